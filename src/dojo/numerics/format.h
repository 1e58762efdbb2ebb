// The number formats that a tensor can be in.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dojo {

enum class Format { kF32, kI32, kU8 };

std::string_view name(Format format);                    // "f32", "i32", "u8"
std::optional<Format> parse_format(std::string_view s);  // the inverse; nothing for an unknown word
int64_t size_bytes(Format format);                       // bytes of one number

}  // namespace dojo
