#include "dojo/sim/values/block.h"

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

}  // namespace dojo::sim
