#include "dojo/base/check.h"
#include "dojo/numerics/convert.h"

namespace dojo::scalar {
namespace {

template <class Code>
void encode_each(const Conversion& to, std::span<const float> x, std::span<Code> codes) {
  DOJO_CHECK_EQ(x.size(), codes.size());
  DOJO_CHECK_LE(to.format.bits(), 8 * static_cast<int>(sizeof(Code)));
  for (size_t i = 0; i < x.size(); ++i) {
    const uint32_t random =
        to.rules.mode == Rounding::kStochastic
            ? rounding_bits(to.random, to.first_element + static_cast<int64_t>(i))
            : 0;
    codes[i] =
        static_cast<Code>(dojo::encode(to.format, static_cast<double>(x[i]), to.rules, random));
  }
}

template <class Code>
void decode_each(const FloatFormat& from, std::span<const Code> codes, std::span<float> x) {
  DOJO_CHECK_EQ(x.size(), codes.size());
  DOJO_CHECK_LE(from.bits(), 8 * static_cast<int>(sizeof(Code)));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(dojo::decode(from, codes[i]));
}

}  // namespace

void encode(const Conversion& to, std::span<const float> x, std::span<uint8_t> codes) {
  encode_each(to, x, codes);
}
void encode(const Conversion& to, std::span<const float> x, std::span<uint16_t> codes) {
  encode_each(to, x, codes);
}
void decode(const FloatFormat& from, std::span<const uint8_t> codes, std::span<float> x) {
  decode_each(from, codes, x);
}
void decode(const FloatFormat& from, std::span<const uint16_t> codes, std::span<float> x) {
  decode_each(from, codes, x);
}

}  // namespace dojo::scalar
