// The oracle: runs a graph node by node with each op's reference meaning (OpDef::evaluate). Slow
// and obvious on purpose.
#pragma once

#include <memory>

#include "dojo/graph/executor.h"
#include "dojo/graph/op.h"

namespace dojo {

enum class Precision {
  kDouble,  // f32 and bf16 values keep all bits of a double: for gradient checks
  kFloat,   // each node's results are rounded to their format
};

std::unique_ptr<Executor> make_interpreter(const Graph& graph,
                                           Precision precision = Precision::kFloat);

// One pass without updates: the values of graph.outputs, from those of graph.inputs in the same
// order. For tests that need f32 inputs with all bits of a double.
std::vector<RefTensor> interpret(const Graph& graph, const std::vector<RefTensor>& inputs,
                                 Precision precision);

}  // namespace dojo
