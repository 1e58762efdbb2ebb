#include "dojo/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace dojo {

double default_learning_rate(int64_t batch) {
  constexpr double kRate = 1e-3, kBatch = 8;
  return kRate * std::sqrt(std::min(1.0, static_cast<double>(batch) / kBatch));
}

double progress(const ScheduleOptions& options, int64_t step, double elapsed_seconds) {
  double done = 0;
  if (options.steps > 0) done = static_cast<double>(step - 1) / static_cast<double>(options.steps);
  if (options.minutes > 0) done = std::max(done, elapsed_seconds / (60 * options.minutes));
  return std::clamp(done, 0.0, 1.0);
}

double learning_rate(const ScheduleOptions& options, int64_t step, double elapsed_seconds) {
  const double warmup =
      options.warmup_steps > 0
          ? std::min(1.0, static_cast<double>(step) / static_cast<double>(options.warmup_steps))
          : 1.0;
  const double cosine =
      0.5 + 0.5 * std::cos(std::numbers::pi * progress(options, step, elapsed_seconds));
  return options.learning_rate * warmup *
         (options.final_fraction + (1 - options.final_fraction) * cosine);
}

}  // namespace dojo
