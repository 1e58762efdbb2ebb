#include "dojo/sim/values/memory.h"

#include <algorithm>
#include <bit>
#include <new>
#include <span>

namespace dojo::sim {
namespace {

// The bits of word `word` for the bytes [begin, end).
uint64_t mask(int64_t word, int64_t begin, int64_t end) {
  const int64_t first = std::max<int64_t>(begin - word * 64, 0);
  const int64_t last = std::min<int64_t>(end - word * 64, 64);
  const uint64_t ones = last - first == 64 ? ~uint64_t{0} : (uint64_t{1} << (last - first)) - 1;
  return ones << first;
}

}  // namespace

template <typename T>
std::unique_ptr<T[], Memory::Free> Memory::zeros(int64_t count) {
  auto* p =
      static_cast<T*>(std::calloc(static_cast<size_t>(std::max<int64_t>(count, 1)), sizeof(T)));
  if (!p) throw std::bad_alloc();
  return std::unique_ptr<T[], Free>(p);
}

Memory::Memory(int64_t size)
    : size_(size), bytes_(zeros<uint8_t>(size)), written_(zeros<uint64_t>((size + 63) / 64)) {}

int64_t Memory::first_unwritten(int64_t address, int64_t bytes) const {
  const int64_t end = address + bytes;
  for (int64_t word = address / 64; word * 64 < end; ++word) {
    const uint64_t missing = ~written_[static_cast<size_t>(word)] & mask(word, address, end);
    if (missing != 0) return word * 64 + std::countr_zero(missing);
  }
  return -1;
}

void Memory::set_written(int64_t address, int64_t bytes, bool written) {
  const int64_t end = address + bytes;
  for (int64_t word = address / 64; word * 64 < end; ++word) {
    uint64_t& bits = written_[static_cast<size_t>(word)];
    bits = written ? bits | mask(word, address, end) : bits & ~mask(word, address, end);
  }
}

// Blocks in which nobody has written are left out.
void Memory::fields(Archive& archive) {
  constexpr int64_t kBlock = 4096;
  for (int64_t begin = 0; begin < size_; begin += kBlock) {
    const auto bytes = static_cast<size_t>(std::min(kBlock, size_ - begin));
    const std::span<uint8_t> block(at(begin), bytes);
    const std::span<uint64_t> written(written_.get() + begin / 64, (bytes + 63) / 64);
    const auto is_zero = [](uint64_t x) { return x == 0; };
    bool used = !std::all_of(written.begin(), written.end(), is_zero) ||
                !std::all_of(block.begin(), block.end(), is_zero);
    archive.flag(used);
    if (!used) continue;
    archive.raw(block);
    for (uint64_t& bits : written) archive.word(bits);
  }
}

}  // namespace dojo::sim
