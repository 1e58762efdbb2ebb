#include "dojo/numerics/float_format.h"

#include <bit>
#include <cmath>
#include <limits>

#include "dojo/base/check.h"

namespace dojo {
namespace {

constexpr uint64_t kQuietNan = 0x7ff8000000000000;

}  // namespace

std::string_view name(FloatKind kind) {
  switch (kind) {
    case FloatKind::kF32:
      return "f32";
    case FloatKind::kBF16:
      return "bf16";
    case FloatKind::kF16:
      return "f16";
    case FloatKind::kCFloat8_1_4_3:
      return "cfloat8_1_4_3";
    case FloatKind::kCFloat8_1_5_2:
      return "cfloat8_1_5_2";
    case FloatKind::kShp:
      return "shp";
    case FloatKind::kUhp:
      return "uhp";
  }
  return "?";
}

std::optional<FloatKind> parse_float_kind(std::string_view s) {
  for (FloatKind kind : kFloatKinds)
    if (s == name(kind)) return kind;
  return std::nullopt;
}

bool has_bias(FloatKind kind) {
  return kind == FloatKind::kCFloat8_1_4_3 || kind == FloatKind::kCFloat8_1_5_2 ||
         kind == FloatKind::kShp;
}

uint32_t FloatFormat::infinity_code() const {
  DOJO_CHECK(top == TopExponent::kInfinityAndNan);
  return ((1u << exponent_bits) - 1) << fraction_bits;
}

uint32_t FloatFormat::largest_code() const {
  if (top == TopExponent::kInfinityAndNan) return infinity_code() - 1;
  return (1u << (exponent_bits + fraction_bits)) - 1;
}

FloatFormat float_format(FloatKind kind, std::optional<int> bias) {
  DOJO_CHECK_EQ(bias.has_value(), has_bias(kind));
  if (bias) DOJO_CHECK(*bias >= 0 && *bias <= kMaxBias);
  switch (kind) {
    case FloatKind::kF32:
      return {.exponent_bits = 8, .fraction_bits = 23, .bias = 127};
    case FloatKind::kBF16:
      return {.exponent_bits = 8, .fraction_bits = 7, .bias = 127};
    case FloatKind::kF16:
      return {.exponent_bits = 5, .fraction_bits = 10, .bias = 15};
    case FloatKind::kCFloat8_1_4_3:
      return {.exponent_bits = 4, .fraction_bits = 3, .bias = *bias, .top = TopExponent::kNumbers};
    case FloatKind::kCFloat8_1_5_2:
      return {.exponent_bits = 5, .fraction_bits = 2, .bias = *bias, .top = TopExponent::kNumbers};
    case FloatKind::kShp:
      return {.exponent_bits = 5, .fraction_bits = 10, .bias = *bias, .top = TopExponent::kNumbers};
    case FloatKind::kUhp:
      return {.is_signed = false,
              .exponent_bits = 6,
              .fraction_bits = 10,
              .bias = 31,
              .top = TopExponent::kNumbers};
  }
  DOJO_CHECK(false);
  return {};
}

FloatFormat float_format(Format format) {
  DOJO_CHECK(is_floating(format));
  return float_format(format == Format::kF32 ? FloatKind::kF32 : FloatKind::kBF16);
}

bool is_nan(const FloatFormat& format, uint32_t code) {
  return format.top == TopExponent::kInfinityAndNan &&
         (code & ~format.sign_bit()) > format.infinity_code();
}

double decode(const FloatFormat& format, uint32_t code) {
  const uint32_t magnitude = code & ~format.sign_bit();
  const int exponent = static_cast<int>(magnitude >> format.fraction_bits);
  const uint32_t fraction = magnitude & (format.smallest_normal_code() - 1);
  const double sign = magnitude != code ? -1 : 1;
  if (is_nan(format, code))
    return std::copysign(
        std::bit_cast<double>(kQuietNan | uint64_t{fraction} << (52 - format.fraction_bits)), sign);
  if (format.top == TopExponent::kInfinityAndNan && magnitude == format.infinity_code())
    return sign * std::numeric_limits<double>::infinity();
  if (exponent > 0)
    return sign * (format.smallest_normal_code() + fraction) *
           power_of_two(exponent - format.bias - format.fraction_bits);
  const int scale = format.subnormals == Subnormals::kGradual ? 1 - format.bias : -format.bias;
  return sign * fraction * power_of_two(scale - format.fraction_bits);
}

double largest(const FloatFormat& format) { return decode(format, format.largest_code()); }
double smallest_normal(const FloatFormat& format) {
  return decode(format, format.smallest_normal_code());
}
double smallest(const FloatFormat& format) { return decode(format, 1); }

}  // namespace dojo
