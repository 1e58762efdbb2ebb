#include "dojo/graph/bytes.h"

#include <cstring>

#include "dojo/base/check.h"

namespace dojo {
namespace {

// Calls f with a value of the C++ type of the format.
template <class F>
void with_type(Format format, F f) {
  switch (format) {
    case Format::kF32:
      return f(float{});
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
