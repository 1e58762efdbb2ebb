// What is remembered of a node while a program runs. Nodes are named by their cell in the logical
// grid (program::NodeMap). What has one size for all nodes is here; counters of semaphores and
// variables of threads differ by class and lie in one array of words:
//
//   words[first_word ...]   counters of the layout | variables of thread 0 | of thread 1 | ...
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dojo/program/program.h"
#include "dojo/sim/stats.h"
#include "dojo/sim/time.h"

namespace dojo::sim {

struct ThreadState {
  enum class Status : uint8_t {
    kDone,
    kGoing,      // goes on in `ready`
    kWaiting,    // for the counter `slot` to reach `amount`
    kAtBarrier,  // `slot`
    kAtPhase,
    kForListEngine,  // until it has room
  };

  Cycles ready = 0;  // of kGoing; else since when it waits
  uint32_t pc = 0;   // the instruction that comes next, or that it waits in
  int32_t slot = 0, amount = 0;
  Status status = Status::kDone;
};

// An instruction in a unit. Its costs are at most kLongestWork (cost.h).
struct UnitState {
  Cycles free = 0;  // the unit takes the next one then
  uint32_t pace = 0, loads = 0, stores = 0;
  uint32_t thread = 0;  // whose it is
};

// Zeros at first (zeroed_array.h), and three lines of the cache: a node is far from the one before
// in the order of events.
struct alignas(64) NodeState {
  uint64_t first_word = 0;
  int32_t node_class = 0;
  int32_t num_at_phase = 0;
  int32_t phase = 0;
  int32_t transfers_here = 0;   // issued by this node, and not complete here
  int32_t in_list_engine = 0;   // issued, and not yet read or asked for
  uint32_t sent = 0;            // messages, to give each its order
  Cycles list_engine_free = 0;  // it takes the next transfer then
  std::array<ThreadState, program::kNumThreads> threads;
  UnitState matrix, vector;
};
static_assert(sizeof(NodeState) == 192);

}  // namespace dojo::sim
