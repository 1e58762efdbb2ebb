// For whoever changes a graph: the last step, which drops what nothing needs any more.
#pragma once

#include "dojo/graph/graph.h"

namespace dojo {

// The same graph without the nodes that reach no output and no update, and with values numbered as
// verify.h wants them: inputs, then results in node order. All inputs stay. REQUIRES: nodes stand
// in an order in which they can be executed, a node's outputs have the right output_index and names
// are unique; values may be in any order, and their producers may be wrong.
Graph compacted(const Graph& graph);

}  // namespace dojo
