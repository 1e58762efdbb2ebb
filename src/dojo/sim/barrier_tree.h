// A barrier of a program while it runs: who has come. program/barrier_tree.h says who is whose
// parent.
#pragma once

#include <cstdint>
#include <vector>

#include "dojo/program/program.h"
#include "dojo/sim/values/clock.h"

namespace dojo::sim {

class BarrierTree {
 public:
  // With `clocks` it also knows what those who came knew. The barrier outlives this.
  BarrierTree(const program::Barrier& barrier, bool clocks)
      : barrier_(&barrier), with_clocks_(clocks) {}

  // The node itself comes, or one of its children's packets.
  void come(program::Coord node, bool itself, const Clock* known);
  // True iff it has come itself, and so have all its children; they then count as not come again.
  bool complete(program::Coord node);

  bool has_begun() const { return !nodes_.empty(); }  // somebody came once
  void fields(Archive& archive, ClockParts* shared, uint32_t agents);

  Clock& known(program::Coord node) { return clocks_[index(node)]; }
  bool has_clocks() const { return with_clocks_; }

 private:
  struct Node {
    int32_t children_came = 0;
    int32_t itself = 0;
  };

  size_t index(program::Coord node) const;  // in the region

  const program::Barrier* barrier_;
  bool with_clocks_;
  std::vector<Node> nodes_;
  std::vector<Clock> clocks_;
};

}  // namespace dojo::sim
