// Runs a network over held-out clips, as many at a time as it takes.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "dojo/graph/executor.h"
#include "dojo/train/evaluate.h"

namespace dojo {

// The clips of a batch, by their numbers in the set.
using ClipNumbers = std::span<const size_t>;

struct ClipBatches {
  // Before a run: writes what the network wants besides its input "clip" u8 [B,T,H,W,3]. All B
  // clips; the last batch is filled up with its first clip again. May be empty.
  std::function<void(ClipNumbers)> feed = {};
  // After it: reads what it says of these clips, the first ones of the batch.
  std::function<void(ClipNumbers)> use;
  std::function<bool()> stop = {};  // asked before each batch
};

// False if it was stopped. REQUIRES: each clip has T frames.
bool run_over(Executor& executor, const HeldOutSet& set, ClipNumbers clips,
              const ClipBatches& batches);

// Of all clips of the set.
std::vector<size_t> all_clips(const HeldOutSet& set);

}  // namespace dojo
