#include "dojo/train/divergence.h"

#include <fmt/format.h>

#include <algorithm>

namespace dojo {
namespace {

constexpr double kSmoothing = 0.02;
constexpr double kFactor = 10;
constexpr int64_t kSteps = 200;

}  // namespace

void DivergenceGuard::update(int64_t step, double loss, double copy) {
  if (step == 1) {
    smooth_loss = least_smooth_loss = loss;
    smooth_copy = copy;
  }
  smooth_loss += kSmoothing * (loss - smooth_loss);
  smooth_copy += kSmoothing * (copy - smooth_copy);
  least_smooth_loss = std::min(least_smooth_loss, smooth_loss);
  const bool above = smooth_loss > kFactor * least_smooth_loss && smooth_loss > smooth_copy;
  steps_above = above ? steps_above + 1 : 0;
}

bool DivergenceGuard::diverged() const { return steps_above >= kSteps; }

std::string DivergenceGuard::problem() const {
  return fmt::format(
      "the smoothed loss {:.4g} has stayed above {} times its least value {:.4g} for {} steps",
      smooth_loss, kFactor, least_smooth_loss, steps_above);
}

}  // namespace dojo
