// Numbers as the bytes of files, in the order of this processor's memory.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

namespace dojo {

static_assert(std::endian::native == std::endian::little, "files are little-endian");

template <class T>
void put(std::string* out, T value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
T get(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace dojo
