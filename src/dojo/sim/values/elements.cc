#include "dojo/sim/values/elements.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "dojo/base/check.h"
#include "dojo/numerics/convert.h"

namespace dojo::sim {
namespace {

using program::Element;
using program::ElementKind;

template <typename Int>
Int to_integer(float x) {
  if (std::isnan(x)) return 0;
  const double rounded = std::nearbyint(static_cast<double>(x));  // ties to even
  return static_cast<Int>(std::clamp<double>(rounded, std::numeric_limits<Int>::min(),
                                             std::numeric_limits<Int>::max()));
}

template <typename Int>
void decode_integers(const uint8_t* codes, int64_t count, float* x) {
  for (int64_t i = 0; i < count; ++i) {
    Int value;
    std::memcpy(&value, codes + i * static_cast<int64_t>(sizeof value), sizeof value);
    x[i] = static_cast<float>(value);
  }
}

template <typename Int>
void encode_integers(const float* x, int64_t count, uint8_t* codes) {
  for (int64_t i = 0; i < count; ++i) {
    const Int value = to_integer<Int>(x[i]);
    std::memcpy(codes + i * static_cast<int64_t>(sizeof value), &value, sizeof value);
  }
}

void encode(const Conversion& to, const float* x, int64_t count, uint8_t* codes) {
  const auto n = static_cast<size_t>(count);
  if (to.format.bytes() == 1)
    dojo::encode(to, std::span(x, n), std::span(codes, n));
  else
    dojo::encode(to, std::span(x, n), std::span(reinterpret_cast<uint16_t*>(codes), n));
}

}  // namespace

void decode(Element element, const uint8_t* codes, int64_t count, float* x) {
  const auto n = static_cast<size_t>(count);
  switch (element.kind) {
    case ElementKind::kF32:
      std::memcpy(x, codes, n * sizeof(float));
      return;
    case ElementKind::kI32:
      return decode_integers<int32_t>(codes, count, x);
    case ElementKind::kU8:
      return decode_integers<uint8_t>(codes, count, x);
    default:
      break;
  }
  const FloatFormat format = float_format_of(element);
  if (format.bytes() == 1)
    dojo::decode(format, std::span(codes, n), std::span(x, n));
  else
    dojo::decode(format, std::span(reinterpret_cast<const uint16_t*>(codes), n), std::span(x, n));
}

void encode(Element element, const float* x, int64_t count, uint8_t* codes) {
  switch (element.kind) {
    case ElementKind::kF32:
      std::memcpy(codes, x, static_cast<size_t>(count) * sizeof(float));
      return;
    case ElementKind::kI32:
      return encode_integers<int32_t>(x, count, codes);
    case ElementKind::kU8:
      return encode_integers<uint8_t>(x, count, codes);
    default:
      encode(Conversion{.format = float_format_of(element)}, x, count, codes);
  }
}

void encode_stochastic(Element element, const float* x, uint8_t* codes,
                       const RoundingRandom& random, const Block& indices) {
  Conversion to{.format = float_format_of(element),
                .rules = {.mode = Rounding::kStochastic},
                .random = random};
  for_each_run(indices, [&](int64_t first, int64_t count) {
    to.first_element = first;
    encode(to, x, count, codes);
    x += count;
    codes += count * to.format.bytes();
  });
}

}  // namespace dojo::sim
