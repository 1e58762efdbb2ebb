// A view with its numbers: which bytes of a memory an instruction touches, now that its expressions
// have values.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "dojo/program/program.h"
#include "dojo/sim/code.h"

namespace dojo::sim {

struct Block {
  int64_t element_bytes = 1;
  int64_t elements = 0;
  int rank = 0;
  bool padded = false;
  struct Dim {
    int64_t start = 0, count = 1, step = 1;  // indices
    int64_t size = 1, stride = 1;            // of the allocation: its extent, and in bytes
  };
  std::array<Dim, program::kMaxRank> dims;
  int64_t address = 0;  // of the allocation

  int64_t bytes() const { return elements * element_bytes; }
};

Block evaluate(const program::Allocation& allocation, const ThreadCode& thread,
               const program::View& view, const int32_t* variables);

// Of a random: its "bytes" are the indices of its elements.
Block evaluate(const program::Random& random, const ThreadCode& thread, const program::View& view,
               const int32_t* variables);

inline constexpr int64_t kPadding = -1;

// Bytes of a memory: [begin, end).
struct Bytes {
  int64_t begin = 0, end = 0;
  bool overlaps(const Bytes& other) const { return begin < other.end && other.begin < end; }
};

// That a block reaches from and to; between them may be some that it does not touch.
Bytes reach(const Block& block);

// The address of a block that is one run (see below), or -1.
int64_t only_run(const Block& block);

namespace internal {

// The last dimension of a padded block, outside where the others are `inside` or not.
template <typename Fn>
void padded_row(const Block::Dim& dim, int64_t address, int64_t element_bytes, bool inside,
                const Fn& fn) {
  if (!inside) return fn(kPadding, dim.count * element_bytes);
  if (dim.step == 1) {
    const int64_t before = std::min(dim.count, std::max<int64_t>(0, -dim.start));
    const int64_t after =
        std::min(dim.count - before, std::max<int64_t>(0, dim.start + dim.count - dim.size));
    const int64_t within = dim.count - before - after;
    if (before > 0) fn(kPadding, before * element_bytes);
    if (within > 0) fn(address + (dim.start + before) * dim.stride, within * element_bytes);
    if (after > 0) fn(kPadding, after * element_bytes);
    return;
  }
  for (int64_t i = 0; i < dim.count; ++i) {
    const int64_t index = dim.start + i * dim.step;
    const bool is_there = index >= 0 && index < dim.size;
    fn(is_there ? address + index * dim.stride : kPadding, element_bytes);
  }
}

template <typename Fn>
void runs(const Block& block, int dim, int end, int64_t address, int64_t run_bytes, bool inside,
          const Fn& fn) {
  if (dim == end) {
    if (block.padded)
      return padded_row(block.dims[static_cast<size_t>(dim)], address, block.element_bytes, inside,
                        fn);
    return fn(address, run_bytes);
  }
  const Block::Dim& d = block.dims[static_cast<size_t>(dim)];
  for (int64_t i = 0; i < d.count; ++i) {
    const int64_t index = d.start + i * d.step;
    const bool within = inside && index >= 0 && index < d.size;
    // Padding has no address, and may be so far away that it would overflow.
    runs(block, dim + 1, end, within ? address + index * d.stride : address, run_bytes, within, fn);
  }
}

}  // namespace internal

// fn(address, bytes) for runs of elements that lie beside each other, in the order of the elements;
// for those outside of a padded block's allocation, fn(kPadding, bytes).
template <typename Fn>
void for_each_run(const Block& block, const Fn& fn) {
  if (block.padded) {
    internal::runs(block, 0, block.rank - 1, block.address, 0, true, fn);
    return;
  }
  // Trailing dimensions that lie together are one run.
  int rank = block.rank;
  int64_t run = block.element_bytes, address = block.address;
  while (rank > 0) {
    const Block::Dim& d = block.dims[static_cast<size_t>(rank - 1)];
    if (d.count != 1 && d.step * d.stride != run) break;
    run *= d.count;
    address += d.start * d.stride;
    --rank;
  }
  internal::runs(block, 0, rank, address, run, true, fn);
}

}  // namespace dojo::sim
