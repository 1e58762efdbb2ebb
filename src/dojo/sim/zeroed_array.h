// An array of zeros that takes memory only where it is used, in pages as large as the system has
// them: what belongs to nodes is used in no order, and a look-up of the page would take longer than
// the access.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <type_traits>

namespace dojo::sim {

// Of a T all bytes 0 must be what T{} is.
template <typename T>
class ZeroedArray {
 public:
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T> &&
                alignof(T) <= 4096);

  explicit ZeroedArray(size_t size) : size_(size) {
    if (size == 0) return;
    void* const memory = mmap(nullptr, size * sizeof(T), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    madvise(memory, size * sizeof(T), MADV_HUGEPAGE);  // where there are none it goes on without
    data_ = static_cast<T*>(memory);
  }
  ~ZeroedArray() {
    if (data_) munmap(data_, size_ * sizeof(T));
  }
  ZeroedArray(const ZeroedArray&) = delete;
  ZeroedArray& operator=(const ZeroedArray&) = delete;

  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  const T* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace dojo::sim
