#include "dojo/graph/bytes.h"

#include <cstring>

#include "dojo/base/check.h"
#include "dojo/numerics/bf16.h"

namespace dojo {
namespace {

// A number of bf16 as it is stored.
struct Bf16 {
  uint16_t code = 0;
  explicit operator double() const { return static_cast<double>(bf16_value(code)); }
  Bf16() = default;
  explicit Bf16(double x) : code(bf16_code(x)) {}
};

// Calls f with a value of the C++ type of the format.
template <class F>
void with_type(Format format, F f) {
  switch (format) {
    case Format::kF32:
      return f(float{});
    case Format::kBF16:
      return f(Bf16{});
    case Format::kI32:
      return f(int32_t{});
    case Format::kU8:
      return f(uint8_t{});
  }
  DOJO_CHECK(false);
}

}  // namespace

void from_bytes(Format format, std::span<const std::byte> bytes, std::span<double> values) {
  DOJO_CHECK_EQ(bytes.size(), values.size() * static_cast<size_t>(size_bytes(format)));
  with_type(format, [&]<class T>(T t) {
    for (size_t i = 0; i < values.size(); ++i) {
      std::memcpy(&t, bytes.data() + i * sizeof(T), sizeof(T));
      values[i] = static_cast<double>(t);
    }
  });
}

void to_bytes(Format format, std::span<const double> values, std::span<std::byte> bytes) {
  DOJO_CHECK_EQ(bytes.size(), values.size() * static_cast<size_t>(size_bytes(format)));
  with_type(format, [&]<class T>(T t) {
    for (size_t i = 0; i < values.size(); ++i) {
      t = static_cast<T>(values[i]);
      std::memcpy(bytes.data() + i * sizeof(T), &t, sizeof(T));
    }
  });
}

}  // namespace dojo
