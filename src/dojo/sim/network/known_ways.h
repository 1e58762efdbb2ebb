// Ways of Routes around dead nodes, each looked for once: that takes long where they are long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <unordered_map>

#include "dojo/sim/network/routes.h"

namespace dojo::sim {

class KnownWays {
 public:
  explicit KnownWays(const Routes& routes) : routes_(routes) {}  // which outlive this

  // As Routes::way(), and throws as that does. Valid until the next call.
  const Way& way(NodeId source, NodeId destination) {
    if (known_.size() >= kMostKept) known_.clear();
    const uint64_t key = uint64_t{source} << 32 | uint64_t{destination};
    const auto found = known_.find(key);
    if (found != known_.end()) return found->second;
    return known_.emplace(key, routes_.way(source, destination, kAnyStops, &scratch_))
        .first->second;
  }

 private:
  static constexpr size_t kMostKept = size_t{1} << 20;
  static constexpr size_t kAnyStops = std::numeric_limits<size_t>::max();

  const Routes& routes_;
  Routes::Scratch scratch_;
  std::unordered_map<uint64_t, Way> known_;  // by source, destination
};

}  // namespace dojo::sim
