// encode() of arrays. Per number, all in integers: the significand of 24 bits is shifted right by
// as many bits as the format has fewer, and by more where the result is subnormal; what is added to
// it before decides about the rounding; the exponent is added afterwards, so that a carry goes into
// it as it must.
#include <algorithm>

#include "dojo/base/check.h"
#include "dojo/base/simd.h"
#include "dojo/numerics/convert.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dojo/numerics/encode.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "dojo/numerics/philox-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dojo {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // one lane: no vectors; the definition does all of the work

void Encode8(const Conversion& to, std::span<const float> x, std::span<uint8_t> codes) {
  scalar::encode(to, x, codes);
}
void Encode16(const Conversion& to, std::span<const float> x, std::span<uint16_t> codes) {
  scalar::encode(to, x, codes);
}

#else

using D32 = hn::ScalableTag<uint32_t>;
using V32 = hn::Vec<D32>;
using DI32 = hn::ScalableTag<int32_t>;

HWY_INLINE V32 Set(uint32_t x) { return hn::Set(D32(), x); }

// To a format of at most 16 bits whose numbers are all normal numbers of f32.
class ToSmall {
 public:
  explicit ToSmall(const Conversion& to) : format_(to.format), rules_(to.rules) {
    const FloatFormat& f = format_;
    has_infinity_ = f.top == TopExponent::kInfinityAndNan;
    top_code_ = has_infinity_ ? f.infinity_code() : f.largest_code();
    is_plain_ = f.is_signed && !has_infinity_ && rules_.clamped_nan == ClampedNan::kKeepsSign &&
                rules_.negative_zero == NegativeZero::kKept;
  }

  template <Rounding kMode, Ties kTies>
  HWY_INLINE V32 Codes(V32 bits, V32 random) const {
    const FloatFormat& f = format_;
    const DI32 di;
    const V32 magnitude = hn::And(bits, Set(0x7fffffff));
    const V32 significand = hn::Or(hn::And(bits, Set(0x007fffff)), Set(0x00800000));
    // The exponent field less 1 of a normal result; below 0, how far it is subnormal.
    const auto z =
        hn::Sub(hn::BitCast(di, hn::ShiftRight<23>(magnitude)), hn::Set(di, 128 - f.bias));
    const auto exponent = hn::Max(z, hn::Zero(di));
    const auto shift =
        hn::BitCast(D32(), hn::Add(hn::Sub(exponent, z), hn::Set(di, 23 - f.fraction_bits)));
    const V32 rounded = Shifted<kMode, kTies>(significand, shift, random);
    V32 code = hn::Add(rounded, hn::BitCast(D32(), hn::ShiftLeftSame(exponent, f.fraction_bits)));
    code = hn::Min(code, Set(top_code_));
    V32 sign = hn::ShiftRightSame(hn::AndNot(Set(0x7fffffff), bits), 32 - f.bits());
    if (!is_plain_) Special(bits, magnitude, &code, &sign);
    return hn::Or(code, sign);
  }

 private:
  // significand / 2^shift, rounded. From a shift of 25 on nearest gives 0, as 31 does.
  template <Rounding kMode, Ties kTies>
  HWY_INLINE V32 Shifted(V32 significand, V32 shift, V32 random) const {
    const V32 one = Set(1);
    if constexpr (kMode == Rounding::kNearest) {
      shift = hn::Min(shift, Set(31));
      V32 add = hn::Shl(one, hn::Sub(shift, one));
      if constexpr (kTies == Ties::kEven)
        add = hn::Add(hn::Sub(add, one), hn::And(hn::Shr(significand, shift), one));
      return hn::Shr(hn::Add(significand, add), shift);
    } else {
      // Of the digits that are shifted out the first random_bits count; where they are fewer, as
      // many random bits.
      const V32 counted = hn::Min(shift, Set(static_cast<uint32_t>(rules_.random_bits)));
      const V32 ignored = hn::Min(hn::Sub(shift, counted), Set(31));
      const V32 add = hn::Shr(random, hn::Sub(Set(32), counted));
      return hn::Shr(hn::Add(hn::Shr(significand, ignored), add), counted);
    }
  }

  // What the other formats and rules do differently.
  HWY_INLINE void Special(V32 bits, V32 magnitude, V32* code, V32* sign) const {
    const FloatFormat& f = format_;
    const V32 zero = hn::Zero(D32());
    const auto is_nan = hn::Gt(magnitude, Set(0x7f800000));
    if (has_infinity_) {
      const V32 payload = hn::ShiftRightSame(hn::And(bits, Set(0x007fffff)), 23 - f.fraction_bits);
      const V32 quiet = Set(top_code_ | 1u << (f.fraction_bits - 1));
      *code = hn::IfThenElse(is_nan, hn::Or(quiet, payload), *code);
    } else if (rules_.clamped_nan == ClampedNan::kPositive) {
      *sign = hn::IfThenZeroElse(is_nan, *sign);
    }
    if (!f.is_signed) {
      *sign = zero;
      if (rules_.negative_unsigned == NegativeUnsigned::kZero) {
        const auto is_negative = hn::Gt(bits, Set(0x7fffffff));
        *code = hn::IfThenElse(hn::AndNot(is_nan, is_negative), zero, *code);
      }
    }
    if (rules_.negative_zero == NegativeZero::kPositive)
      *sign = hn::IfThenZeroElse(hn::Eq(*code, zero), *sign);
  }

  FloatFormat format_;
  RoundingRules rules_;
  bool has_infinity_;
  uint32_t top_code_;  // of infinity or, without it, of the largest number
  bool is_plain_;      // one test tells that Special() has nothing to do
};

// To bf16, the upper half of an f32.
class ToBf16 {
 public:
  explicit ToBf16(const Conversion& to) : rules_(to.rules) {}

  template <Rounding kMode, Ties kTies>
  HWY_INLINE V32 Codes(V32 bits, V32 random) const {
    const V32 magnitude = hn::And(bits, Set(0x7fffffff));
    V32 code = hn::ShiftRight<16>(Rounded<kMode, kTies>(magnitude, random));
    const auto is_nan = hn::Gt(magnitude, Set(0x7f800000));
    const V32 quiet = hn::Or(hn::ShiftRight<16>(magnitude), Set(0x0040));
    code = hn::IfThenElse(is_nan, quiet, code);
    V32 sign = hn::ShiftRight<16>(hn::AndNot(Set(0x7fffffff), bits));
    if (rules_.negative_zero == NegativeZero::kPositive)
      sign = hn::IfThenZeroElse(hn::Eq(code, hn::Zero(D32())), sign);
    return hn::Or(code, sign);
  }

 private:
  // From the largest number the carry goes to infinity.
  template <Rounding kMode, Ties kTies>
  HWY_INLINE V32 Rounded(V32 magnitude, V32 random) const {
    if constexpr (kMode == Rounding::kStochastic) {
      const int bits = rules_.random_bits;
      if (bits >= 16) return hn::Add(magnitude, hn::ShiftRight<16>(random));
      const V32 counted = Set(~0u << (16 - bits));
      return hn::Add(hn::And(magnitude, counted), hn::And(hn::ShiftRight<16>(random), counted));
    } else if constexpr (kTies == Ties::kAway) {
      return hn::Add(magnitude, Set(0x8000));
    } else {
      const V32 lsb = hn::And(hn::ShiftRight<16>(magnitude), Set(1));
      return hn::Add(magnitude, hn::Add(Set(0x7fff), lsb));
    }
  }

  RoundingRules rules_;
};

template <class Code>
HWY_INLINE void StoreCodes(V32 codes, Code* to) {
  const hn::Rebind<Code, D32> d;
  hn::StoreU(hn::DemoteTo(d, hn::BitCast(DI32(), codes)), d, to);
}

HWY_INLINE V32 LoadBits(const float* x) {
  return hn::BitCast(D32(), hn::LoadU(hn::ScalableTag<float>(), x));
}

// Numbers in one turn of the loop: four vectors.
HWY_INLINE size_t Chunk() { return 4 * hn::Lanes(D32()); }

// REQUIRES: n is a multiple of Chunk(), `element` of 4.
template <Rounding kMode, Ties kTies, class To, class Code>
void EncodeChunks(To to, PhiloxVectors philox, int64_t element, const float* x, size_t n,
                  Code* codes) {  // copies, that no store to `codes` can change
  const size_t lanes = hn::Lanes(D32());
  for (size_t i = 0; i < n; i += 2 * lanes) {
    V32 random0 = hn::Zero(D32()), random1 = random0;
    if constexpr (kMode == Rounding::kStochastic)
      philox(element + static_cast<int64_t>(i), random0, random1);
    StoreCodes(to.template Codes<kMode, kTies>(LoadBits(x + i), random0), codes + i);
    StoreCodes(to.template Codes<kMode, kTies>(LoadBits(x + i + lanes), random1),
               codes + i + lanes);
  }
}

template <Rounding kMode, Ties kTies, class To, class Code>
void EncodeWith(const To& to, const Conversion& how, std::span<const float> x,
                std::span<Code> codes) {
  const PhiloxVectors philox(how.random);
  const size_t chunk = Chunk();
  alignas(64) float padded_x[4 * hn::MaxLanes(D32())];
  alignas(64) Code padded_codes[4 * hn::MaxLanes(D32())];
  // Of the elements [begin, end), which a chunk can hold with `before` others.
  const auto in_a_padded_chunk = [&](size_t before, size_t begin, size_t end) {
    std::fill_n(padded_x, chunk, 0.0f);
    std::copy(x.begin() + begin, x.begin() + end, padded_x + before);
    const int64_t element = how.first_element + static_cast<int64_t>(begin - before);
    EncodeChunks<kMode, kTies>(to, philox, element, padded_x, chunk, padded_codes);
    std::copy_n(padded_codes + before, end - begin, codes.begin() + begin);
  };
  // Random bits come in blocks of 4 elements.
  const size_t before = static_cast<size_t>(how.first_element) % 4;
  const size_t head = before == 0 ? 0 : std::min(x.size(), 4 - before);
  const size_t body = (x.size() - head) / chunk * chunk;
  if (head > 0) in_a_padded_chunk(before, 0, head);
  EncodeChunks<kMode, kTies>(to, philox, how.first_element + static_cast<int64_t>(head),
                             x.data() + head, body, codes.data() + head);
  if (head + body < x.size()) in_a_padded_chunk(0, head + body, x.size());
}

template <class To, class Code>
void EncodeTo(const Conversion& how, std::span<const float> x, std::span<Code> codes) {
  const To to(how);
  if (how.rules.mode == Rounding::kStochastic)
    EncodeWith<Rounding::kStochastic, Ties::kEven>(to, how, x, codes);
  else if (how.rules.ties == Ties::kAway)
    EncodeWith<Rounding::kNearest, Ties::kAway>(to, how, x, codes);
  else
    EncodeWith<Rounding::kNearest, Ties::kEven>(to, how, x, codes);
}

void Encode8(const Conversion& to, std::span<const float> x, std::span<uint8_t> codes) {
  EncodeTo<ToSmall>(to, x, codes);
}
void Encode16(const Conversion& to, std::span<const float> x, std::span<uint16_t> codes) {
  if (to.format == float_format(FloatKind::kBF16)) return EncodeTo<ToBf16>(to, x, codes);
  EncodeTo<ToSmall>(to, x, codes);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace dojo
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dojo {
namespace {

HWY_EXPORT(Encode8);
HWY_EXPORT(Encode16);

void check(const Conversion& to, size_t n, size_t codes, int bits) {
  DOJO_CHECK_EQ(n, codes);
  DOJO_CHECK_LE(to.format.bits(), bits);
  DOJO_CHECK(to.rules.random_bits >= 1 && to.rules.random_bits <= 31);
  if (to.rules.mode == Rounding::kStochastic)
    DOJO_CHECK(to.first_element >= 0 &&
               to.first_element <= kMaxRandomElements - static_cast<int64_t>(n));
}

}  // namespace

bool is_vectorised(const FloatFormat& f) {
  if (f == float_format(FloatKind::kBF16)) return true;
  // Numbers of f32 that are subnormal there are below 2^-31 of the smallest number, so that neither
  // rounding makes anything but 0 of them.
  return f.bits() <= 16 && f.fraction_bits >= 1 && f.subnormals == Subnormals::kGradual &&
         f.bias + f.fraction_bits <= 94 && (1 << f.exponent_bits) - f.bias <= 126;
}

void encode(const Conversion& to, std::span<const float> x, std::span<uint8_t> codes) {
  check(to, x.size(), codes.size(), 8);
  if (!is_vectorised(to.format)) return scalar::encode(to, x, codes);
  HWY_DYNAMIC_DISPATCH(Encode8)(to, x, codes);
}

void encode(const Conversion& to, std::span<const float> x, std::span<uint16_t> codes) {
  check(to, x.size(), codes.size(), 16);
  if (!is_vectorised(to.format)) return scalar::encode(to, x, codes);
  HWY_DYNAMIC_DISPATCH(Encode16)(to, x, codes);
}

}  // namespace dojo
#endif  // HWY_ONCE
