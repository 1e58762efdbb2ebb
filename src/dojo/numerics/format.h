// The number formats that a tensor can be in.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dojo {

enum class Format { kF32, kBF16, kI32, kU8 };

std::string_view name(Format format);                    // "f32", "bf16", "i32", "u8"
std::optional<Format> parse_format(std::string_view s);  // the inverse; nothing for an unknown word
int64_t size_bytes(Format format);                       // bytes of one number
inline constexpr const char* kFormatHint = "use f32, bf16, i32 or u8";  // for an unknown word

// Formats that hold fractions, infinities and NaN, and that gradients flow through.
constexpr bool is_floating(Format format) {
  return format == Format::kF32 || format == Format::kBF16;
}

// The value of the format that x becomes when it is stored: rounded once to nearest, ties to even.
// REQUIRES: for an integer format, x is one of its values.
double round_to(Format format, double x);

}  // namespace dojo
