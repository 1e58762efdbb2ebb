#include "dojo/base/error.h"

#include <utility>

namespace dojo {

std::string_view name(Category category) {
  switch (category) {
    case Category::kInput:
      return "input";
    case Category::kConfig:
      return "config";
    case Category::kIo:
      return "io";
    case Category::kUnsupported:
      return "unsupported";
    case Category::kUnimplemented:
      return "unimplemented";
    case Category::kUnspecified:
      return "unspecified";
  }
  return "unknown";
}

int exit_code(Category category) {
  switch (category) {
    case Category::kConfig:
      return 2;
    case Category::kInput:
      return 3;
    default:
      return 1;
  }
}

Error::Error(Category category, std::string message, std::string where, std::string hint)
    : category_(category),
      message_(std::move(message)),
      where_(std::move(where)),
      hint_(std::move(hint)) {
  text_ = "error (" + std::string(name(category_)) + "): " + message_;
  if (!where_.empty()) text_ += ", " + where_;
  if (!hint_.empty()) text_ += "; " + hint_;
  for (size_t i; (i = text_.find('\0')) != std::string::npos;)  // what() would end there
    text_.replace(i, 1, "\\x00");
}

}  // namespace dojo
