#include "dojo/numerics/format.h"

namespace dojo {

std::string_view name(Format format) {
  switch (format) {
    case Format::kF32:
      return "f32";
    case Format::kI32:
      return "i32";
    case Format::kU8:
      return "u8";
  }
  return "?";
}

std::optional<Format> parse_format(std::string_view s) {
  for (Format f : {Format::kF32, Format::kI32, Format::kU8})
    if (s == name(f)) return f;
  return std::nullopt;
}

int64_t size_bytes(Format format) { return format == Format::kU8 ? 1 : 4; }

}  // namespace dojo
