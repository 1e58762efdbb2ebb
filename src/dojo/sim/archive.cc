#include "dojo/sim/archive.h"

#include <cstring>

#include "dojo/base/error.h"

namespace dojo::sim {

void Archive::damaged() {
  throw Error(Category::kInput, "the checkpoint is damaged, or no simulator wrote it", "",
              "run the program from the beginning");
}

void Archive::expect_end() const { require(in_.empty()); }

uint64_t Archive::take() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    require(!in_.empty());
    const auto byte = static_cast<uint8_t>(in_.front());
    in_.remove_prefix(1);
    const uint64_t bits = byte & 0x7f;
    require(bits << shift >> shift == bits);
    value |= bits << shift;
    if (byte < 0x80) return value;
  }
  damaged();
}

size_t Archive::count(size_t n, size_t least_bytes) {
  if (!reads_) {
    put(n);
    return n;
  }
  const uint64_t taken = take();
  require(taken <= in_.size() / least_bytes);
  return static_cast<size_t>(taken);
}

void Archive::raw(std::span<uint8_t> bytes) {
  if (bytes.empty()) return;
  if (!reads_) {
    out_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return;
  }
  require(bytes.size() <= in_.size());
  std::memcpy(bytes.data(), in_.data(), bytes.size());
  in_.remove_prefix(bytes.size());
}

void Archive::text(std::string& text) {
  const size_t n = count(text.size());
  text.resize(n);
  raw({reinterpret_cast<uint8_t*>(text.data()), n});
}

}  // namespace dojo::sim
