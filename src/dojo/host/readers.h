// Who reads each value of a graph.
#pragma once

#include <vector>

#include "dojo/graph/graph.h"

namespace dojo::host {

// By value, in the order of the nodes, twice if it reads it twice; then kNoNode for each output and
// update.
using Readers = std::vector<std::vector<NodeId>>;

inline Readers readers_of(const Graph& graph) {
  Readers readers(graph.values.size());
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    for (ValueId v : graph.nodes[n].inputs)
      if (v != kNoValue) readers[at(v)].push_back(static_cast<NodeId>(n));
  for (const Output& o : graph.outputs) readers[at(o.value)].push_back(kNoNode);
  for (const Update& u : graph.updates) readers[at(u.value)].push_back(kNoNode);
  return readers;
}

}  // namespace dojo::host
