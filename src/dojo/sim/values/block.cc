#include "dojo/sim/values/block.h"

#include <algorithm>

namespace dojo::sim {
namespace {

Block evaluate(std::span<const int64_t> shape, int64_t element_bytes, int64_t address,
               const ThreadCode& thread, const program::View& view, const int32_t* variables) {
  Block block;
  block.element_bytes = element_bytes;
  block.elements = view.elements;
  block.rank = view.rank;
  block.padded = view.padded;
  block.address = address;
  int64_t stride = element_bytes;
  for (size_t i = view.rank; i-- > 0;) {
    const program::Dim& dim = thread.code->dims[view.first_dim + i];
    block.dims[i] = {thread.value(dim.start, variables), dim.count, dim.step, shape[i], stride};
    stride *= shape[i];
  }
  return block;
}

}  // namespace

Block evaluate(const program::Allocation& allocation, const ThreadCode& thread,
               const program::View& view, const int32_t* variables) {
  return evaluate(allocation.shape, size_bytes(allocation.element), allocation.address, thread,
                  view, variables);
}

Block evaluate(const program::Random& random, const ThreadCode& thread, const program::View& view,
               const int32_t* variables) {
  return evaluate(random.shape, 1, 0, thread, view, variables);
}

Bytes reach(const Block& block) {
  Bytes bytes{block.address, block.address + block.element_bytes};
  for (size_t i = 0; i < static_cast<size_t>(block.rank); ++i) {
    const Block::Dim& d = block.dims[i];
    int64_t first = d.start, last = d.start + (d.count - 1) * d.step;
    if (block.padded) {
      first = std::clamp<int64_t>(first, 0, d.size - 1);
      last = std::clamp<int64_t>(last, 0, d.size - 1);
    }
    bytes.begin += std::min(first, last) * d.stride;
    bytes.end += std::max(first, last) * d.stride;
  }
  return bytes;
}

int64_t only_run(const Block& block) {
  if (block.padded) return -1;
  int64_t run = block.element_bytes, address = block.address;
  for (auto i = static_cast<size_t>(block.rank); i-- > 0;) {
    const Block::Dim& d = block.dims[i];
    if (d.count != 1 && d.step * d.stride != run) return -1;
    run *= d.count;
    address += d.start * d.stride;
  }
  return address;
}

}  // namespace dojo::sim
