// Memory that starts at a cache line and is zero at first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

#include "dojo/host/memory_plan.h"

namespace dojo::host {

struct AlignedDelete {
  void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t{kAlignment}); }
};
using Block = std::unique_ptr<std::byte[], AlignedDelete>;

inline Block make_block(int64_t bytes) {
  const size_t size = static_cast<size_t>(std::max<int64_t>(bytes, 1));
  Block block(new (std::align_val_t{kAlignment}) std::byte[size]);
  std::memset(block.get(), 0, size);
  return block;
}

}  // namespace dojo::host
