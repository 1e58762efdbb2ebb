// Synthetic traffic: each live node creates packets at random, in each cycle with the same
// probability, whatever the others do.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/base/random.h"
#include "dojo/sim/network/network.h"

namespace dojo::sim {

enum class Pattern : uint8_t {
  kUniform,    // any live node, itself too, as BookSim2 has it
  kTranspose,  // (x, y) to (y, x); only on square grids
  kNeighbour,  // (x, y) to (x + 1, y), the last to the first
  kHotspot,    // one packet in eight to the live node nearest to the middle, the others uniform
};

std::string_view name(Pattern pattern);
// Throws Error(kConfig) with the names that there are.
Pattern parse_pattern(std::string_view name);

struct TrafficOptions {
  Pattern pattern = Pattern::kUniform;
  double rate = 0.05;  // packets a node and cycle, in [0, 1]
  int32_t flits = 1;   // of each packet
  uint64_t seed = 1;
};

class Traffic {
 public:
  // Throws Error(kConfig) for a pattern that the grid does not have. Nodes whose partner is dead
  // send nothing.
  Traffic(const Topology& topology, const TrafficOptions& options);

  // Sends what is created in [begin, end). What a node creates is a function of the options and
  // the node. REQUIRES: calls come in the order of time, without gaps, from cycle 0 on.
  void create(Cycle end, Network& network);

  int64_t created() const { return created_; }

 private:
  struct Node {
    NodeId id;
    Cycle next;  // packet
    Random random;
  };

  NodeId destination(Node& node);
  Cycle gap(Random& random) const;

  Topology topology_;
  TrafficOptions options_;
  double per_log_failure_ = 0;  // 1 / log(1 - rate)
  std::vector<Node> nodes_;     // that send
  std::vector<NodeId> live_;
  NodeId middle_ = 0;
  int64_t created_ = 0;
};

}  // namespace dojo::sim
