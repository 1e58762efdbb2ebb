#include "dojo/numerics/bias.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "dojo/base/check.h"

namespace dojo {

BiasCounts::BiasCounts(FloatKind kind) : kind_(kind) { DOJO_CHECK(has_bias(kind)); }

void BiasCounts::add(std::span<const float> x) {
  // By the exponent field of f32 of the power of two below which a number stays, if the format's
  // fraction is to hold it: that of the number, or the next where its fraction is beyond 1.11...1.
  std::array<std::array<int64_t, 256>, 4> counts{};  // several, as neighbours are often alike
  const FloatFormat f = float_format(kind_, 0);
  const uint32_t past = (1u << (23 - f.fraction_bits)) - 1;
  int64_t nans = 0, nonzero = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const uint32_t magnitude = std::bit_cast<uint32_t>(x[i]) & 0x7fffffff;
    nans += magnitude > 0x7f800000;
    nonzero += magnitude != 0;
    ++counts[i % 4][std::min(magnitude + past, 0x7fffffffu) >> 23];
  }
  counts[0][255] -= nans;
  nans_ += nans;
  numbers_ += std::ssize(x) - nans;
  nonzero_ += nonzero - nans;
  for (int field = 0; field < 256; ++field) {
    const int exponent = field - 127;            // they are below 2^(exponent + 1)
    const int top = (1 << f.exponent_bits) - 1;  // the largest exponent, plus the bias
    const int fits = std::clamp(top - exponent, -1, kMaxBias);  // with this bias and smaller ones
    for (const auto& part : counts)
      by_least_[static_cast<size_t>(fits + 1)] += part[static_cast<size_t>(field)];
  }
}

void BiasCounts::add(const BiasCounts& other) {
  DOJO_CHECK(kind_ == other.kind_);
  for (size_t i = 0; i < by_least_.size(); ++i) by_least_[i] += other.by_least_[i];
  numbers_ += other.numbers_;
  nonzero_ += other.nonzero_;
  nans_ += other.nans_;
}

int64_t BiasCounts::saturated(int bias) const {
  DOJO_CHECK(bias >= 0 && bias <= kMaxBias);
  int64_t n = 0;
  for (int b = 0; b <= bias; ++b) n += by_least_[static_cast<size_t>(b)];
  return n;
}

BiasChoice BiasCounts::choose(double share) const {
  DOJO_CHECK(share >= 0 && share < 1);
  const double allowed = share * static_cast<double>(numbers_);
  int bias = kMaxBias;
  while (bias > 0 && static_cast<double>(saturated(bias)) > allowed) --bias;
  return {bias, saturated(bias)};
}

DelayedBias::DelayedBias(const DelayedBiasOptions& options) : options_(options) {
  DOJO_CHECK(options.window >= 1 && options.margin >= 0);
  DOJO_CHECK(options.share >= 0 && options.share < 1);
  DOJO_CHECK(options.initial_bias >= 0 && options.initial_bias <= kMaxBias);
}

int DelayedBias::bias() const {
  if (history_.empty()) return options_.initial_bias;
  return std::max(0, *std::min_element(history_.begin(), history_.end()) - options_.margin);
}

void DelayedBias::observe(const BiasCounts& counts) {
  if (counts.nonzero() == 0) return;
  if (std::ssize(history_) == options_.window) history_.erase(history_.begin());
  history_.push_back(counts.choose(options_.share).bias);
}

void DelayedBias::restore(std::vector<int> history) {
  DOJO_CHECK(std::ssize(history) <= options_.window);
  for (int bias : history) DOJO_CHECK(bias >= 0 && bias <= kMaxBias);
  history_ = std::move(history);
}

}  // namespace dojo
