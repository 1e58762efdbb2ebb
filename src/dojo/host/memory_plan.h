// Gives each arena buffer a place such that buffers whose lifetimes meet never overlap, largest
// first at the lowest free offset.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dojo/host/steps.h"

namespace dojo::host {

struct Lifetime {
  int64_t bytes = 0;
  int64_t first = 0, last = 0;  // steps, both included: alive while they run
};

struct Placement {
  std::vector<int64_t> offsets;  // multiples of kAlignment
  int64_t arena_bytes = 0;
};

inline constexpr int64_t kAlignment = 64;  // a cache line, a vector register

Placement place(std::span<const Lifetime> lifetimes);

// Turns buffers that only live from one step's read to the same step's write into views of each
// other where the step allows it (Step::may_share).
void share_memory(Program& program);

struct MemoryPlan {
  std::vector<int64_t> offsets;  // by buffer: within the arena, or within the persistent block
  int64_t arena_bytes = 0, persistent_bytes = 0;
};
// `reuse` false: all buffers live from the first step to the last, so none shares memory.
MemoryPlan plan_memory(const Program& program, bool reuse = true);

}  // namespace dojo::host
