#include "dojo/program/element.h"

#include <fmt/format.h>

namespace dojo::program {

std::string_view name(ElementKind kind) {
  if (const auto number = float_kind(kind)) return dojo::name(*number);
  return kind == ElementKind::kI32 ? "i32" : "u8";
}

std::optional<ElementKind> parse_element_kind(std::string_view word) {
  for (const ElementKind kind : kElementKinds)
    if (name(kind) == word) return kind;
  return {};
}

std::optional<FloatKind> float_kind(ElementKind kind) {
  switch (kind) {
    case ElementKind::kF32:
      return FloatKind::kF32;
    case ElementKind::kBF16:
      return FloatKind::kBF16;
    case ElementKind::kF16:
      return FloatKind::kF16;
    case ElementKind::kCFloat8_1_4_3:
      return FloatKind::kCFloat8_1_4_3;
    case ElementKind::kCFloat8_1_5_2:
      return FloatKind::kCFloat8_1_5_2;
    case ElementKind::kShp:
      return FloatKind::kShp;
    case ElementKind::kUhp:
      return FloatKind::kUhp;
    case ElementKind::kI32:
    case ElementKind::kU8:
      break;
  }
  return {};
}

bool has_bias(ElementKind kind) {
  const auto number = float_kind(kind);
  return number && dojo::has_bias(*number);
}

FloatFormat float_format_of(Element element) {
  return float_format(*float_kind(element.kind),
                      has_bias(element.kind) ? std::optional<int>(element.bias) : std::nullopt);
}

int64_t size_bytes(Element element) {
  switch (element.kind) {
    case ElementKind::kF32:
    case ElementKind::kI32:
      return 4;
    case ElementKind::kBF16:
    case ElementKind::kF16:
    case ElementKind::kShp:
    case ElementKind::kUhp:
      return 2;
    case ElementKind::kCFloat8_1_4_3:
    case ElementKind::kCFloat8_1_5_2:
    case ElementKind::kU8:
      break;
  }
  return 1;
}

std::string to_string(Element element) {
  if (!has_bias(element.kind)) return std::string(name(element.kind));
  return fmt::format("{}({})", name(element.kind), element.bias);
}

bool is_factor(Element element) {
  return element.kind == ElementKind::kBF16 || element.kind == ElementKind::kCFloat8_1_4_3 ||
         element.kind == ElementKind::kCFloat8_1_5_2;
}

}  // namespace dojo::program
