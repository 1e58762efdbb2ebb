// Between the interpreter's doubles and the bytes of a tensor, in plain row-major order.
#pragma once

#include <cstddef>
#include <span>

#include "dojo/numerics/format.h"

namespace dojo {

// REQUIRES: both have the same number of elements; the doubles hold values of the format (for f32
// and bf16 they are rounded to nearest even).
void from_bytes(Format format, std::span<const std::byte> bytes, std::span<double> values);
void to_bytes(Format format, std::span<const double> values, std::span<std::byte> bytes);

}  // namespace dojo
