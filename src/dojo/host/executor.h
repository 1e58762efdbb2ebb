// The fast CPU executor of step graphs: a compile step turns the graph into a flat list of prepared
// kernels over memory that is planned once; run() then only walks that list and allocates nothing.
//
//   graph -> native_bf16.h  bf16 in two bytes, where the processor multiplies it
//            or emulate.h   as f32 with rounding, where it does not
//         -> fold.h      values that depend on constants only are computed once
//         -> units.h     nodes that one kernel computes together (fuse.h says which), and in which
//                        order
//         -> layout.h    the physical order of each value: row-major, channels-last, packed weights
//         -> in_place.h  updates that are made in the memory of their state
//         -> lower.h     units become steps over buffers; steps.h says what these are
//         -> memory_plan.h  buffers get places in one arena by their lifetimes
//   exchange.h carries values between the caller and that memory. passes.h has the names of all
//   passes, pass_text.h what is there after each of them.
//
// A step has two phases. First all that the outputs depend on runs, and the guards are checked;
// only then the rest, which only updates depend on, writes parameters and states, in place where it
// can.
// For the same number of threads results have the same bits in every run.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "dojo/graph/executor.h"
#include "dojo/host/algorithms.h"

namespace dojo {

struct HostOptions {
  // Passes that a step can do without, to find a fault or to see what they bring (passes.h).
  bool fuse = true;            // false: one kernel for each node
  bool channels_last = true;   // false: all values row-major, with copies around the kernels
  bool packed_weights = true;  // keep parameters of convolutions in the order that oneDNN prefers
  bool fold = true;            // false: only constants themselves are computed once
  bool in_place = true;        // false: updates are copied into their states at the end
  bool winograd = true;        // false: convolutions by oneDNN alone
  bool share = true;           // false: no result in the memory of an operand
  bool arena = true;           // false: each buffer has memory of its own
  bool native_bf16 = true;     // false: emulated also where the processor has it
  std::shared_ptr<Algorithms> algorithms = {};  // timed where there is a choice; null: by rule
  int64_t max_bytes = std::numeric_limits<int64_t>::max();  // of memory
};

// True iff this processor multiplies numbers of bf16. Where it does not, steps in bf16 are
// emulated: the same numbers but for the order of sums, in the time and the memory that f32 takes.
bool host_has_bf16();

// Throws Error(kUnimplemented) for a node that it cannot run, Error(kConfig) where it would take
// more than max_bytes, before it takes them.
std::unique_ptr<Executor> make_host_executor(const Graph& graph, const HostOptions& options = {});

// What it would run as text: steps and buffers, and with `places` where these lie (pass_text.h).
std::string host_program_text(const Graph& graph, const HostOptions& options, bool places);

// The memory_bytes() of that executor, found by the same planning, without taking them.
int64_t host_memory_bytes(const Graph& graph, const HostOptions& options = {});

}  // namespace dojo
