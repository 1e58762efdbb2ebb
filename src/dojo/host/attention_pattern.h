// softmax(q k') v and its gradient, found in a graph: which nodes they are and where their matrices
// lie (located.h).
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "dojo/host/fold.h"
#include "dojo/host/located.h"

namespace dojo::host {

struct AttentionPattern {
  Located q, k, v, y;
  float scale = 1;  // of the scores
  // The gradients, if there are any: dq, dk, dv. Their bases may be one value.
  std::optional<Located> dy;
  std::vector<Located> gradients;
  // The nodes that one kernel replaces, with those that only move what it reads or makes.
  std::vector<NodeId> forward, backward;
};

// That whose probabilities a Softmax makes. nullopt where another node reads what lies between, or
// it is written in another way than by Builder, transformer.cc and autodiff.
std::optional<AttentionPattern> find_attention(const Graph& graph, const Constants& constants,
                                               const Readers& readers, NodeId softmax);

// True iff the kernels can take it (lower_attention.cc).
bool knows_attention(const AttentionPattern& pattern);

}  // namespace dojo::host
