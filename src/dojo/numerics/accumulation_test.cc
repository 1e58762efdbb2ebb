// The matrix unit's vector code against exact arithmetic in integers of 128 bits, which knows
// nothing of the code that it judges: about two million accumulations, or, with DOJO_FULL_TESTS=1,
// a thousand million of each pair of formats.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "dojo/base/parallel_for.h"
#include "dojo/base/random.h"
#include "dojo/numerics/matrix_unit.h"

namespace dojo {
namespace {

__extension__ using Uint128 = unsigned __int128;  // which ISO C++ does not have

int length_of(Uint128 x) {
  const auto high = static_cast<uint64_t>(x >> 64);
  return high ? 128 - std::countl_zero(high) : 64 - std::countl_zero(static_cast<uint64_t>(x));
}

// magnitude * 2^exponent, with a sign.
struct Exact {
  bool is_negative = false;
  uint64_t magnitude = 0;
  int exponent = 0;
};

Exact exact_of_f32(uint32_t bits) {
  const uint32_t fraction = bits & 0x7fffff;
  const int field = static_cast<int>(bits >> 23 & 0xff);
  return {bits >> 31 != 0, field ? fraction | 0x800000 : fraction, std::max(field, 1) - 150};
}

// Of a code with `fraction_bits` below the exponent field.
Exact exact_of_code(uint32_t code, int bits, int fraction_bits, int bias) {
  const uint32_t fraction = code & ((1u << fraction_bits) - 1);
  const int field =
      static_cast<int>(code >> fraction_bits & ((1u << (bits - 1 - fraction_bits)) - 1));
  return {code >> (bits - 1) != 0, field ? fraction | 1u << fraction_bits : fraction,
          std::max(field, 1) - bias - fraction_bits};
}

// To nearest, ties to even. REQUIRES: magnitude is not 0.
uint32_t f32_of(bool is_negative, Uint128 magnitude, int exponent) {
  const uint32_t sign = is_negative ? 0x80000000 : 0;
  int last = std::max(exponent + length_of(magnitude) - 24, -149);  // exponent of the last bit
  const int dropped = last - exponent;
  Uint128 q = 0;
  if (dropped <= 0) {
    q = magnitude << -dropped;
  } else if (dropped < 128) {
    const Uint128 rest = magnitude & ((Uint128{1} << dropped) - 1),
                  half = Uint128{1} << (dropped - 1);
    q = magnitude >> dropped;
    if (rest > half || (rest == half && q % 2 == 1)) ++q;
  }
  if (q == Uint128{1} << 24) {
    q >>= 1;
    ++last;
  }
  if (last > 104) return sign | 0x7f800000;
  const uint32_t field = q >> 23 ? static_cast<uint32_t>(last + 150) : 0;
  return sign | field << 23 | (static_cast<uint32_t>(q) & 0x7fffff);
}

// x + y, rounded once.
uint32_t rounded_sum(Exact x, Exact y) {
  if (x.magnitude == 0 || (y.magnitude != 0 && x.exponent < y.exponent)) std::swap(x, y);
  if (x.magnitude == 0) return x.is_negative && y.is_negative ? 0x80000000 : 0;
  if (y.magnitude == 0) return f32_of(x.is_negative, x.magnitude, x.exponent);
  // 60 bits below x are exact; what is further below only matters by being there.
  const int distance = x.exponent - y.exponent, up = std::min(distance, 60), down = distance - up;
  const Uint128 a = Uint128{x.magnitude} << up;
  Uint128 b = down < 64 ? y.magnitude >> down : 0;
  if (down > 0 && (down >= 64 || b << down != y.magnitude)) b |= 1;
  const int exponent = x.exponent - up;
  if (x.is_negative == y.is_negative) return f32_of(x.is_negative, a + b, exponent);
  if (a == b) return 0;
  return a > b ? f32_of(x.is_negative, a - b, exponent) : f32_of(y.is_negative, b - a, exponent);
}

struct Narrow {
  FloatKind kind;
  int bits, fraction_bits, bias;

  FloatFormat format() const {
    return has_bias(kind) ? float_format(kind, bias) : float_format(kind);
  }
};

// Codes of exponents around `field`, so that sums cancel and carry; no infinity or NaN.
void draw_codes(const Narrow& f, int64_t field, int64_t fields, Random& random,
                std::vector<uint16_t>* codes) {
  const int64_t all = int64_t{1} << (f.bits - 1 - f.fraction_bits);
  const int64_t last = f.format().top == TopExponent::kNumbers ? all - 1 : all - 2;
  for (uint16_t& code : *codes) {
    const int64_t e = std::clamp<int64_t>(field + random.below(fields), 0, last);
    const int64_t fraction = random.below(int64_t{1} << f.fraction_bits);
    code = static_cast<uint16_t>(random.below(2) << (f.bits - 1) | e << f.fraction_bits | fraction);
  }
}

constexpr int64_t kRows = 13, kColumns = 33, kDepth = 300;  // whole tiles and edges, two blocks

// One product of matrices. Returns the accumulators that are not what exact arithmetic gives.
int64_t wrong_accumulators(const Narrow& fa, const Narrow& fb, Random& random) {
  std::vector<uint16_t> a(kRows * kDepth), b(kDepth * kColumns);
  const auto draw = [&](const Narrow& f, std::vector<uint16_t>* codes) {
    const int64_t fields = int64_t{1} << (f.bits - 1 - f.fraction_bits);
    const int64_t window = random.chance(0.2) ? fields : 1 + random.below(6);
    draw_codes(f, random.below(fields - window + 1), window, random, codes);
  };
  draw(fa, &a);
  draw(fb, &b);
  const std::vector<uint8_t> a8(a.begin(), a.end()), b8(b.begin(), b.end());
  std::vector<float> c(kRows * kColumns);
  const auto matrix = [](const Narrow& f, const auto& x8, const auto& x16, int64_t stride) {
    return CodedMatrix{f.format(), f.bits == 8 ? static_cast<const void*>(x8.data()) : x16.data(),
                       stride};
  };
  matrix_multiply({}, kRows, kColumns, kDepth, matrix(fa, a8, a, kDepth),
                  matrix(fb, b8, b, kColumns), c.data(), kColumns);
  int64_t wrong = 0;
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t j = 0; j < kColumns; ++j) {
      uint32_t acc = 0;
      for (int64_t k = 0; k < kDepth; ++k) {
        const Exact x = exact_of_code(a[static_cast<size_t>(i * kDepth + k)], fa.bits,
                                      fa.fraction_bits, fa.bias);
        const Exact y = exact_of_code(b[static_cast<size_t>(k * kColumns + j)], fb.bits,
                                      fb.fraction_bits, fb.bias);
        if ((acc & 0x7fffffff) == 0x7f800000) break;  // products are finite: infinity stays
        acc = rounded_sum(exact_of_f32(acc), {x.is_negative != y.is_negative,
                                              x.magnitude * y.magnitude, x.exponent + y.exponent});
      }
      wrong += acc != std::bit_cast<uint32_t>(c[static_cast<size_t>(i * kColumns + j)]);
    }
  }
  return wrong;
}

TEST(Accumulation, IsThatOfExactArithmetic) {
  const bool full = std::getenv("DOJO_FULL_TESTS") != nullptr;
  constexpr int64_t kEach = kRows * kColumns * kDepth;
  const int64_t products = (full ? 1'000'000'000 : 500'000) / kEach + 1;
  const Narrow e4m3 = {FloatKind::kCFloat8_1_4_3, 8, 3, 9},
               e4m3_low = {FloatKind::kCFloat8_1_4_3, 8, 3, 63},
               e5m2 = {FloatKind::kCFloat8_1_5_2, 8, 2, 15}, bf16 = {FloatKind::kBF16, 16, 7, 127},
               f16 = {FloatKind::kF16, 16, 10, 15}, shp = {FloatKind::kShp, 16, 10, 63};
  const std::vector<std::pair<Narrow, Narrow>> pairs = {
      {e4m3, e4m3}, {e4m3_low, e5m2}, {bf16, bf16}, {f16, shp}};
  for (const auto& [a, b] : pairs) {
    std::vector<int64_t> wrong(static_cast<size_t>(products));
    parallel_for(products, 1, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        Random random(31, stream_id(name(a.kind)), static_cast<uint64_t>(p));
        wrong[static_cast<size_t>(p)] = wrong_accumulators(a, b, random);
      }
    });
    EXPECT_EQ(std::count(wrong.begin(), wrong.end(), 0), products) << name(a.kind);
    if (full)
      std::printf("  %s x %s: %lld accumulations\n", std::string(name(a.kind)).c_str(),
                  std::string(name(b.kind)).c_str(), static_cast<long long>(products * kEach));
  }
}

}  // namespace
}  // namespace dojo
