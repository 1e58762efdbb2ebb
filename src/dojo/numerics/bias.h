// Which bias a tensor of a configurable format gets. A larger bias moves the format's numbers down
// by powers of two: small numbers become finer, large ones saturate earlier. So the best bias is
// the largest one with which (nearly) nothing saturates:
//
//   BiasCounts counts(FloatKind::kCFloat8_1_4_3);
//   counts.add(x);
//   counts.choose();       // max-abs: nothing saturates
//   counts.choose(0.001);  // percentile: at most one number in a thousand does
//
// and, since a step's numbers are known only when it is done, and ranges change slowly (white
// paper), a DelayedBias takes for each step what the steps before it needed.
//
// How the machine's software chooses, and for which part of a tensor, no public source says.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "dojo/numerics/float_format.h"

namespace dojo {

struct BiasChoice {
  int bias = kMaxBias;
  // Numbers beyond the largest one of this bias: more than the share asked for where even bias 0,
  // the smallest, cannot hold them.
  int64_t saturated = 0;
};

// How many numbers of a tensor saturate with each bias.
class BiasCounts {
 public:
  explicit BiasCounts(FloatKind kind);  // REQUIRES: has_bias(kind)

  // In any order and in any pieces: the counts are the same.
  void add(std::span<const float> x);
  void add(const BiasCounts& other);  // REQUIRES: of the same kind

  int64_t numbers() const { return numbers_; }  // seen, zeros and infinities too, but no NaN
  int64_t nonzero() const { return nonzero_; }  // of these
  int64_t nans() const { return nans_; }

  // How many numbers are larger than the format's largest one. REQUIRES: 0 <= bias <= kMaxBias.
  int64_t saturated(int bias) const;

  // The largest bias with which at most `share` of the numbers saturate, or else 0. Where there is
  // nothing but zeros, kMaxBias. REQUIRES: 0 <= share < 1.
  BiasChoice choose(double share = 0) const;

 private:
  FloatKind kind_;
  std::array<int64_t, kMaxBias + 2> by_least_{};  // [b]: they fit with bias b - 1, not with b
  int64_t numbers_ = 0, nonzero_ = 0, nans_ = 0;
};

struct DelayedBiasOptions {
  int window = 16;        // steps that are remembered
  int margin = 0;         // powers of two of room above what was seen
  double share = 0;       // of BiasCounts::choose()
  int initial_bias = 15;  // until something was seen: of 1-5-2 and SHP it is f16's
};

// The bias of one tensor over the steps of a training: the least that the latest steps chose.
class DelayedBias {
 public:
  // REQUIRES: window >= 1, margin >= 0, 0 <= share < 1, 0 <= initial_bias <= kMaxBias.
  explicit DelayedBias(const DelayedBiasOptions& options);

  int bias() const;  // of the coming step

  // What a step's numbers were. One in which all were zero says nothing and is not remembered.
  void observe(const BiasCounts& counts);

  // What was chosen, the oldest first: the whole state, for checkpoints.
  const std::vector<int>& history() const { return history_; }
  void restore(std::vector<int> history);  // REQUIRES: at most `window` biases

 private:
  DelayedBiasOptions options_;
  std::vector<int> history_;
};

}  // namespace dojo
