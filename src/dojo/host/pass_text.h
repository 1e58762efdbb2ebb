// What is there after a pass (passes.h), as text. Up to `winograd` it is the graph in its text form
// (docs/graph.md) with the pass's answers as comments, and can be read again where there is no bf16
// in it; from `fuse` on in the order of execution:
//
//   # unit 1: conv-grad
//   %dw: f32[5,4,1,1] = ConvWeightGrad(%x, %dy; kernel_shape=[1,1])  # packed for %dw
//   %db: f32[5] = ReduceSum(%dy; axes=[0,2,3], keepdims=0)
//
// After `lower` it is a list of buffers, then of steps, with what they read and write:
//
//   buffer 3 y 512
//   step 0 Relu %y: 1 -> 3
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "dojo/host/executor.h"
#include "dojo/host/memory_plan.h"
#include "dojo/host/steps.h"

namespace dojo {

// Passes after it have not worked. Algorithms are chosen by rule. Throws Error(kConfig) for a name
// that there is not, and as make_host_executor().
std::string text_after(const Graph& graph, std::string_view pass, const HostOptions& options = {});

namespace host {

// `graph`: its name. `commit_from`: the first step of phase two. With a plan, also where each
// buffer lies.
std::string program_text(const std::string& graph, const Program& program, size_t commit_from,
                         const MemoryPlan* plan);

}  // namespace host
}  // namespace dojo
