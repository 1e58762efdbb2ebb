// Smooth motion from a few sine waves: value and slope are closed-form, so what is derived from
// them is exact.
#pragma once

#include <numbers>
#include <vector>

#include "dojo/base/random.h"

namespace dojo::scene {

inline constexpr double kTurn = 2 * std::numbers::pi;

struct Wave {
  double amplitude, frequency, phase;  // amplitude * sin(frequency * t + phase)
};

double sum_of(const std::vector<Wave>& waves, double t);
double slope_of(const std::vector<Wave>& waves, double t);  // the derivative by t
double second_slope_of(const std::vector<Wave>& waves, double t);

// Waves between two frequencies (Hz) whose amplitudes fall with frequency and add up to `total`.
std::vector<Wave> draw_waves(Random& random, int count, double low_hz, double high_hz,
                             double total);

}  // namespace dojo::scene
