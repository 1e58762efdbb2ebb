#include "dojo/scene/waves.h"

#include <cmath>

namespace dojo::scene {

double sum_of(const std::vector<Wave>& waves, double t) {
  double sum = 0;
  for (const Wave& w : waves) sum += w.amplitude * std::sin(w.frequency * t + w.phase);
  return sum;
}

double slope_of(const std::vector<Wave>& waves, double t) {
  double sum = 0;
  for (const Wave& w : waves)
    sum += w.amplitude * w.frequency * std::cos(w.frequency * t + w.phase);
  return sum;
}

double second_slope_of(const std::vector<Wave>& waves, double t) {
  double sum = 0;
  for (const Wave& w : waves)
    sum -= w.amplitude * w.frequency * w.frequency * std::sin(w.frequency * t + w.phase);
  return sum;
}

std::vector<Wave> draw_waves(Random& random, int count, double low_hz, double high_hz,
                             double total) {
  std::vector<Wave> waves(static_cast<size_t>(count));
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    const double hz = low_hz * std::pow(high_hz / low_hz, (i + random.uniform()) / count);
    waves[static_cast<size_t>(i)] = {random.uniform(0.5, 1.0) / std::sqrt(hz), kTurn * hz,
                                     random.uniform(0, kTurn)};
    sum += waves[static_cast<size_t>(i)].amplitude;
  }
  for (Wave& w : waves) w.amplitude *= total / sum;
  return waves;
}

}  // namespace dojo::scene
