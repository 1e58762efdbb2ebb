// decode() of arrays: the fields of the code moved to where f32 has them, or, for a subnormal
// number, its fraction as an integer times the smallest number, which is exact.
#include <algorithm>

#include "dojo/base/check.h"
#include "dojo/base/simd.h"
#include "dojo/numerics/convert.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/numerics/decode.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dojo {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // one lane: no vectors; the definition does all of the work

void Decode8(const FloatFormat& from, std::span<const uint8_t> codes, std::span<float> x) {
  scalar::decode(from, codes, x);
}
void Decode16(const FloatFormat& from, std::span<const uint16_t> codes, std::span<float> x) {
  scalar::decode(from, codes, x);
}

#else

namespace hn = hwy::HWY_NAMESPACE;

using D32 = hn::ScalableTag<uint32_t>;
using V32 = hn::Vec<D32>;
using DF = hn::ScalableTag<float>;

HWY_INLINE V32 Set(uint32_t x) { return hn::Set(D32(), x); }

class FromSmall {
 public:
  explicit FromSmall(const FloatFormat& f)
      : format_(f),
        has_infinity_(f.top == TopExponent::kInfinityAndNan),
        smallest_(static_cast<float>(smallest(f))) {}

  HWY_INLINE V32 operator()(V32 code) const {
    const FloatFormat& f = format_;
    const DF df;
    const int bits = f.exponent_bits + f.fraction_bits;
    const V32 magnitude = hn::And(code, Set((1u << bits) - 1));
    const V32 placed = hn::ShiftLeftSame(magnitude, 23 - f.fraction_bits);
    const V32 normal = hn::Add(placed, Set(static_cast<uint32_t>(127 - f.bias) << 23));
    const auto integer = hn::ConvertTo(df, hn::BitCast(hn::ScalableTag<int32_t>(), magnitude));
    const V32 subnormal = hn::BitCast(D32(), hn::Mul(integer, hn::Set(df, smallest_)));
    V32 x = hn::IfThenElse(hn::Lt(magnitude, Set(f.smallest_normal_code())), subnormal, normal);
    if (has_infinity_) {
      const V32 infinity = Set(((1u << f.exponent_bits) - 1) << f.fraction_bits);
      x = hn::IfThenElse(hn::Lt(magnitude, infinity), x, hn::Or(placed, Set(0x7f800000)));
      x = hn::IfThenElse(hn::Gt(magnitude, infinity), hn::Or(x, Set(0x00400000)), x);
    }
    if (!f.is_signed) return x;
    return hn::Or(x, hn::ShiftLeft<31>(hn::ShiftRightSame(code, bits)));
  }

 private:
  FloatFormat format_;
  bool has_infinity_;
  float smallest_;
};

struct FromBf16 {
  explicit FromBf16(const FloatFormat&) {}

  HWY_INLINE V32 operator()(V32 code) const {
    const V32 x = hn::ShiftLeft<16>(code);
    const auto is_nan = hn::Gt(hn::And(x, Set(0x7fffffff)), Set(0x7f800000));
    return hn::IfThenElse(is_nan, hn::Or(x, Set(0x00400000)), x);
  }
};

template <class From, class Code>
HWY_INLINE void DecodeVector(const From& from, const Code* codes, float* x) {
  const V32 code = hn::PromoteTo(D32(), hn::LoadU(hn::Rebind<Code, D32>(), codes));
  hn::StoreU(hn::BitCast(DF(), from(code)), DF(), x);
}

template <class From, class Code>
void DecodeFrom(const FloatFormat& format, std::span<const Code> codes, std::span<float> x) {
  const From from(format);
  const size_t lanes = hn::Lanes(D32()), whole = codes.size() / lanes * lanes;
  for (size_t i = 0; i < whole; i += lanes) DecodeVector(from, &codes[i], &x[i]);
  if (whole == codes.size()) return;
  alignas(64) Code padded_codes[hn::MaxLanes(D32())] = {};
  alignas(64) float padded_x[hn::MaxLanes(D32())];
  std::copy(codes.begin() + whole, codes.end(), padded_codes);
  DecodeVector(from, padded_codes, padded_x);
  std::copy_n(padded_x, codes.size() - whole, x.begin() + whole);
}

void Decode8(const FloatFormat& from, std::span<const uint8_t> codes, std::span<float> x) {
  DecodeFrom<FromSmall>(from, codes, x);
}
void Decode16(const FloatFormat& from, std::span<const uint16_t> codes, std::span<float> x) {
  if (from == float_format(FloatKind::kBF16)) return DecodeFrom<FromBf16>(from, codes, x);
  DecodeFrom<FromSmall>(from, codes, x);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace dojo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo {
namespace {

HWY_EXPORT(Decode8);
HWY_EXPORT(Decode16);

}  // namespace

void decode(const FloatFormat& from, std::span<const uint8_t> codes, std::span<float> x) {
  DOJO_CHECK_EQ(codes.size(), x.size());
  DOJO_CHECK_LE(from.bits(), 8);
  if (!is_vectorised(from)) return scalar::decode(from, codes, x);
  HWY_DYNAMIC_DISPATCH(Decode8)(from, codes, x);
}

void decode(const FloatFormat& from, std::span<const uint16_t> codes, std::span<float> x) {
  DOJO_CHECK_EQ(codes.size(), x.size());
  DOJO_CHECK_LE(from.bits(), 16);
  if (!is_vectorised(from)) return scalar::decode(from, codes, x);
  HWY_DYNAMIC_DISPATCH(Decode16)(from, codes, x);
}

}  // namespace dojo
#endif  // HWY_ONCE
