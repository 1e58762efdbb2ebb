// A sum of doubles without rounding, for accumulators that round late or never: a fixed-point
// number wide enough for every double (Kulisch and Miranker, "The Arithmetic of the Digital
// Computer: A New Approach", SIAM Review 28, 1986). Slow: tens of nanoseconds an addition.
#pragma once

#include <array>
#include <cstdint>

namespace dojo {

class ExactSum {
 public:
  // REQUIRES: x is finite; at most 2^60 additions.
  void add(double x);

  // The sum rounded to odd: to the neighbour nearer to zero if it is a double of 53 bits, else to
  // the one of the two around it whose last bit is 1. Rounded once more, to nearest and at most 51
  // bits, that is the rounding of the exact sum. +0 where the sum is zero; infinite where it is no
  // double.
  double round_to_odd() const;

 private:
  // Two's complement, least significant word first; bit 0 is 2^-1074.
  static constexpr int kWords = 34;
  std::array<uint64_t, kWords> words_{};
};

// x + y rounded to odd. REQUIRES: both finite, and so is the sum.
double add_to_odd(double x, double y);

}  // namespace dojo
