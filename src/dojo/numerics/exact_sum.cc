#include "dojo/numerics/exact_sum.h"

#include <bit>
#include <cmath>

#include "dojo/base/check.h"

namespace dojo {

void ExactSum::add(double x) {
  DOJO_CHECK(std::isfinite(x));
  const auto bits = std::bit_cast<uint64_t>(x);
  const int field = static_cast<int>(bits >> 52 & 0x7ff);
  const uint64_t fraction = bits & ((uint64_t{1} << 52) - 1);
  const uint64_t significand = field == 0 ? fraction : fraction | uint64_t{1} << 52;
  const int at = field == 0 ? 0 : field - 1;  // of the significand's last bit
  const int shift = at % 64;
  const uint64_t part[2] = {significand << shift, shift == 0 ? 0 : significand >> (64 - shift)};
  uint64_t carry = 0;  // or borrow
  for (int i = at / 64, p = 0; i < kWords && (p < 2 || carry != 0); ++i, ++p) {
    uint64_t& word = words_[static_cast<size_t>(i)];
    const uint64_t add = p < 2 ? part[p] : 0, before = word;
    if (std::signbit(x)) {
      word = before - add - carry;
      carry = before < add || (before == add && carry != 0);
    } else {
      word = before + add + carry;
      carry = word < before || (word == before && carry != 0);
    }
  }
}

double ExactSum::round_to_odd() const {
  std::array<uint64_t, kWords> w = words_;
  const bool is_negative = w[kWords - 1] >> 63;
  if (is_negative) {
    uint64_t carry = 1;
    for (uint64_t& word : w) {
      word = ~word + carry;
      carry = carry != 0 && word == 0;
    }
  }
  int top = kWords - 1;
  while (top > 0 && w[static_cast<size_t>(top)] == 0) --top;
  if (w[static_cast<size_t>(top)] == 0) return 0;
  const int length = 64 * top + 64 - std::countl_zero(w[static_cast<size_t>(top)]);
  const int dropped = std::max(0, length - 53);  // bits below the 53 that stay
  const auto bit = [&](int i) { return w[static_cast<size_t>(i / 64)] >> (i % 64) & 1; };
  uint64_t significand = 0;
  for (int i = length - 1; i >= dropped; --i) significand = significand << 1 | bit(i);
  bool is_inexact = false;
  for (int i = 0; i < dropped && !is_inexact; ++i) is_inexact = bit(i);
  if (is_inexact) significand |= 1;
  const double magnitude = std::ldexp(static_cast<double>(significand), dropped - 1074);
  return is_negative ? -magnitude : magnitude;
}

double add_to_odd(double x, double y) {
  // The sum and its error (Knuth's TwoSum; The Art of Computer Programming 2, 4.2.2).
  const double sum = x + y;
  const double y_part = sum - x;
  const double error = (x - (sum - y_part)) + (y - y_part);
  const auto bits = std::bit_cast<uint64_t>(sum);
  if (error == 0 || bits % 2 == 1) return sum;
  // The exact sum lies between `sum` and its neighbour on the error's side, which is odd.
  const bool away_from_zero = std::signbit(error) == std::signbit(sum);
  return std::bit_cast<double>(away_from_zero ? bits + 1 : bits - 1);
}

}  // namespace dojo
