#include "dojo/numerics/format.h"

#include "dojo/numerics/bf16.h"

namespace dojo {

std::string_view name(Format format) {
  switch (format) {
    case Format::kF32:
      return "f32";
    case Format::kBF16:
      return "bf16";
    case Format::kI32:
      return "i32";
    case Format::kU8:
      return "u8";
  }
  return "?";
}

std::optional<Format> parse_format(std::string_view s) {
  for (Format f : {Format::kF32, Format::kBF16, Format::kI32, Format::kU8})
    if (s == name(f)) return f;
  return std::nullopt;
}

int64_t size_bytes(Format format) {
  switch (format) {
    case Format::kF32:
    case Format::kI32:
      return 4;
    case Format::kBF16:
      return 2;
    case Format::kU8:
      return 1;
  }
  return 0;
}

double round_to(Format format, double x) {
  switch (format) {
    case Format::kF32:
      return static_cast<double>(static_cast<float>(x));
    case Format::kBF16:
      return round_to_bf16(x);
    case Format::kI32:
    case Format::kU8:
      return x;
  }
  return x;
}

}  // namespace dojo
