// Which nodes one kernel computes together, and in which order. A unit is a set of nodes whose
// results appear all at once; units never depend on each other in a circle.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "dojo/host/fold.h"
#include "dojo/host/layout.h"

namespace dojo::host {

struct Unit {
  enum class Kind : uint8_t {
    kNode,         // one node
    kElementwise,  // a program over one shape, in node order
    kAdamW,        // many parameters with the same learning rate, step and scale
    kMomentum,
    kLerp,           // a + (b - a) * t for many tensors with one scalar t
    kSumOfSquares,   // ReduceSumSquare of many tensors and the chain of Adds over the results
    kNorm,           // a normalisation and the activation behind it
    kNormGrad,       // the gradient of both
    kConvGrad,       // ConvWeightGrad and the ReduceSum that is the gradient of the bias
    kAttention,      // softmax(q k') v and what moves its operands and result (attention_pattern.h)
    kAttentionGrad,  // the gradients by q, k and v
    kSoftmaxGrad,    // y (dy - sum(y dy)) over the last dimension, for the result y of a softmax
  };
  Kind kind = Kind::kNode;
  // Sorted. Where values of bf16 lie in memory as such, a node, a norm, a gradient of a norm or of
  // a softmax may have Casts behind it that round its results (fuse_bf16.h).
  std::vector<NodeId> nodes;
  bool commits = false;  // no output depends on it

  bool has(NodeId n) const { return std::binary_search(nodes.begin(), nodes.end(), n); }
};

std::string_view name(Unit::Kind kind);  // "elementwise", ...

// In an order of execution: first all that outputs depend on, then the rest. Nodes whose results
// are all constant are in none. `fuse` false: a unit for each node.
std::vector<Unit> make_units(const Graph& graph, const Constants& constants,
                             const std::vector<Layout>& layouts, bool fuse);

}  // namespace dojo::host
