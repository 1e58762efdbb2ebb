// What one number of an allocation is: its format, with the bias of the configurable ones. A flit
// of 64 bytes carries numbers of one Element only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dojo/numerics/float_format.h"

namespace dojo::program {

enum class ElementKind : uint8_t {
  kF32,
  kBF16,
  kF16,
  kCFloat8_1_4_3,
  kCFloat8_1_5_2,
  kShp,
  kUhp,
  kI32,
  kU8
};

inline constexpr ElementKind kElementKinds[] = {
    ElementKind::kF32,           ElementKind::kBF16,          ElementKind::kF16,
    ElementKind::kCFloat8_1_4_3, ElementKind::kCFloat8_1_5_2, ElementKind::kShp,
    ElementKind::kUhp,           ElementKind::kI32,           ElementKind::kU8};

std::string_view name(ElementKind kind);  // as in a program's text: "bf16", "cfloat8_1_4_3"
std::optional<ElementKind> parse_element_kind(std::string_view word);

// Of the floating-point kinds; nothing for i32 and u8.
std::optional<FloatKind> float_kind(ElementKind kind);
bool has_bias(ElementKind kind);

struct Element {
  ElementKind kind = ElementKind::kF32;
  uint8_t bias = 0;  // 0 ... kMaxBias where has_bias(kind), else 0

  bool operator==(const Element&) const = default;
};

FloatFormat float_format_of(Element element);  // REQUIRES: of a floating-point kind
int64_t size_bytes(Element element);
std::string to_string(Element element);  // "bf16", "cfloat8_1_4_3(20)"

// Whether the matrix unit takes it as a factor: bf16 and both CFloat8, whose rates are published.
bool is_factor(Element element);

}  // namespace dojo::program
