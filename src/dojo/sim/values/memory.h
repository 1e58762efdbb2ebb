// The bytes of one memory, and which of them have been written.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "dojo/sim/archive.h"

namespace dojo::sim {

class Memory {
 public:
  // Takes memory of the host as it is touched.
  explicit Memory(int64_t size);

  int64_t size() const { return size_; }
  uint8_t* at(int64_t address) { return bytes_.get() + address; }
  const uint8_t* at(int64_t address) const { return bytes_.get() + address; }

  // The first byte of [address, address + bytes) that nobody has written, or -1.
  int64_t first_unwritten(int64_t address, int64_t bytes) const;
  void set_written(int64_t address, int64_t bytes, bool written = true);

  void fields(Archive& archive);

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  template <typename T>
  static std::unique_ptr<T[], Free> zeros(int64_t count);

  int64_t size_;
  std::unique_ptr<uint8_t[], Free> bytes_;
  std::unique_ptr<uint64_t[], Free> written_;  // a bit a byte
};

}  // namespace dojo::sim
