#include "dojo/base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace dojo {
namespace {

// The words of `text` between `begin` and `end`, or "".
std::string_view between(std::string_view text, std::string_view begin, std::string_view end) {
  const size_t at = text.find(begin);
  if (at == text.npos) return {};
  text.remove_prefix(at + begin.size());
  const size_t stop = end.empty() ? text.size() : text.find(end);
  return stop == text.npos ? std::string_view() : text.substr(0, stop);
}

// `byte`: counted from 1, of the last byte that was read; one more than there are at the end.
std::string place(std::string_view text, size_t byte) {
  const bool ends = byte > text.size();
  const std::string_view before =
      text.substr(0, std::min(byte - std::min<size_t>(byte, 1), text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::string_view row = before.substr(before.rfind('\n') + 1);
  const auto column =
      1 + std::count_if(row.begin(), row.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // begins a character
      });
  return fmt::format("line {}, column {}{}", line, column, ends ? ", where it ends" : "");
}

}  // namespace

std::string json_problem(const std::exception& error, std::string_view text) {
  using Json = nlohmann::json;
  if (const auto* parse = dynamic_cast<const Json::parse_error*>(&error))
    return "not JSON: " + place(text, parse->byte);
  const auto* json = dynamic_cast<const Json::exception*>(&error);
  if (!json) return error.what();
  // The ids: json.nlohmann.me/home/exceptions.
  const std::string_view what = error.what();
  if (json->id == 403)
    return fmt::format("the field \"{}\" is missing", between(what, "key '", "' not found"));
  const std::string_view wanted = between(what, "type must be ", ", but is"),
                         found = between(what, ", but is ", "");
  if (json->id == 302 && !wanted.empty())
    return fmt::format("a field has the type {} and should have {}", found, wanted);
  return "a field has another type or length than it should have";
}

}  // namespace dojo
