#include "dojo/graph/op.h"

#include <fmt/format.h>

#include "dojo/base/error.h"

namespace dojo {
namespace {

// The attribute, or nullptr where it is absent and may be.
const Attribute* find(const Attributes& attributes, std::string_view name, bool optional) {
  const auto at = attributes.find(name);
  if (at != attributes.end()) return &at->second;
  if (!optional)
    throw Error(Category::kInput, fmt::format("the attribute \"{}\" is missing", name));
  return nullptr;
}

[[noreturn]] void wrong_kind(std::string_view name, std::string_view wanted) {
  throw Error(Category::kInput, fmt::format("the attribute \"{}\" is not {}", name, wanted));
}

}  // namespace

int64_t OpCall::integer(std::string_view name, std::optional<int64_t> otherwise) const {
  const Attribute* a = find(attributes, name, otherwise.has_value());
  if (!a) return *otherwise;
  if (const auto* v = std::get_if<int64_t>(a)) return *v;
  wrong_kind(name, "an integer");
}

double OpCall::number(std::string_view name, std::optional<double> otherwise) const {
  const Attribute* a = find(attributes, name, otherwise.has_value());
  if (!a) return *otherwise;
  if (const auto* v = std::get_if<double>(a)) return *v;
  if (const auto* v = std::get_if<int64_t>(a)) return static_cast<double>(*v);
  wrong_kind(name, "a number");
}

std::string OpCall::text(std::string_view name, std::optional<std::string> otherwise) const {
  const Attribute* a = find(attributes, name, otherwise.has_value());
  if (!a) return *otherwise;
  if (const auto* v = std::get_if<std::string>(a)) return *v;
  wrong_kind(name, "a string");
}

std::vector<int64_t> OpCall::integers(std::string_view name,
                                      std::optional<std::vector<int64_t>> otherwise) const {
  const Attribute* a = find(attributes, name, otherwise.has_value());
  if (!a) return *otherwise;
  if (const auto* v = std::get_if<std::vector<int64_t>>(a)) return *v;
  wrong_kind(name, "a list of integers");
}

std::vector<double> OpCall::numbers(std::string_view name,
                                    std::optional<std::vector<double>> otherwise) const {
  const Attribute* a = find(attributes, name, otherwise.has_value());
  if (!a) return *otherwise;
  if (const auto* v = std::get_if<std::vector<double>>(a)) return *v;
  if (const auto* v = std::get_if<std::vector<int64_t>>(a)) return {v->begin(), v->end()};
  wrong_kind(name, "a list of numbers");
}

}  // namespace dojo
