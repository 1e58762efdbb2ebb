// The type of a value in the step graph: a number format and a static shape.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dojo/numerics/format.h"

namespace dojo {

using Shape = std::vector<int64_t>;  // outermost dimension first; empty for a scalar

int64_t num_elements(const Shape& shape);

struct Type {
  Format format = Format::kF32;
  Shape shape;

  int64_t num_elements() const { return dojo::num_elements(shape); }
  int64_t num_bytes() const { return num_elements() * size_bytes(format); }
  bool operator==(const Type&) const = default;
};

std::string to_string(const Shape& shape);  // "[8,3,128,256]"
std::string to_string(const Type& type);    // "f32[8,3,128,256]"

}  // namespace dojo
