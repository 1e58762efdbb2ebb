// Conversions for the tests of this folder, and numbers that are hard for them.
#pragma once

#include <string>
#include <vector>

#include "dojo/base/random.h"
#include "dojo/numerics/convert.h"

namespace dojo {

struct NamedConversion {
  std::string name;
  Conversion conversion;
};

// To this format by every rounding, with each choice of RoundingRules that matters there.
std::vector<NamedConversion> conversions_to(const FloatFormat& format);

// Numbers of all signs and magnitudes, most of them near where the format's numbers are: its
// numbers, the middles between them and their neighbours in f32; zeros, infinities, NaNs.
std::vector<float> hard_numbers(const FloatFormat& format, Random& random, int64_t n);

}  // namespace dojo
