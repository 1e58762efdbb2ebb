// Formats for the tests of this folder.
#pragma once

#include <string>
#include <vector>

#include "dojo/numerics/float_format.h"

namespace dojo {

struct NamedFormat {
  std::string name;
  FloatFormat format;
};

// Every kind of at most `max_bits` bits, the configurable ones with each of their biases.
std::vector<NamedFormat> all_formats(int max_bits = 16);

// The same with the subnormal numbers as the white paper writes them, of Tesla's formats.
std::vector<NamedFormat> as_written_formats(int max_bits = 16);

}  // namespace dojo
