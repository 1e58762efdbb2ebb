// The type of a value in the step graph: a number format and a static shape.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dojo/numerics/format.h"

namespace dojo {

using Shape = std::vector<int64_t>;  // outermost dimension first; empty for a scalar

int64_t num_elements(const Shape& shape);  // REQUIRES: check_shape(shape)

// Limits that keep every count and byte size far from overflow and a hostile file far from the
// memory.
inline constexpr size_t kMaxRank = 12;                     // oneDNN's limit too
inline constexpr int64_t kMaxElements = int64_t{1} << 34;  // 64 GiB of f32

// Error(kInput) iff a dimension is below 1 or a limit is passed.
void check_shape(const Shape& shape);

struct Type {
  Format format = Format::kF32;
  Shape shape = {};

  int64_t num_elements() const { return dojo::num_elements(shape); }
  int64_t num_bytes() const { return num_elements() * size_bytes(format); }
  bool operator==(const Type&) const = default;
};

std::string to_string(const Shape& shape);  // "[8,3,128,256]"
std::string to_string(const Type& type);    // "f32[8,3,128,256]"

}  // namespace dojo
