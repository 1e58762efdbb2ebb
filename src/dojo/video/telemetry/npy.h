// Arrays of NumPy's file format (numpy.org/devdocs/reference/generated/numpy.lib.format.html),
// versions 1 to 3: numbers in C order, little-endian, of the types f8, f4, i8, i4, u1 and b1, as
// doubles.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dojo {

struct NpyArray {
  std::vector<int64_t> shape;
  std::vector<double> values;  // as many as the product of the shape

  int64_t rows() const { return shape.empty() ? 1 : shape[0]; }
};

// Throws Error: kInput for what is no such array, kUnsupported for other types and orders, kIo.
NpyArray read_npy(const std::string& path);

}  // namespace dojo
