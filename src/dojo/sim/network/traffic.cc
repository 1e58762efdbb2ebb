#include "dojo/sim/network/traffic.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "dojo/base/error.h"

namespace dojo::sim {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"uniform", "transpose", "neighbour", "hotspot"};
constexpr double kHotShare = 1.0 / 8;
constexpr double kMostGap = 1e15;

// Of a pattern in which each node has one.
std::optional<NodeId> partner(const Topology& t, NodeId n, Pattern pattern) {
  if (pattern == Pattern::kTranspose) return t.at(t.y(n), t.x(n));
  if (pattern == Pattern::kNeighbour) return t.at((t.x(n) + 1) % t.columns, t.y(n));
  return {};
}

NodeId live_middle(const Topology& t, std::span<const NodeId> live) {
  NodeId best = live.front();
  const auto distance = [&](NodeId n) {
    return std::abs(t.x(n) - t.columns / 2) + std::abs(t.y(n) - t.rows / 2);
  };
  for (const NodeId n : live)
    if (distance(n) < distance(best)) best = n;
  return best;
}

}  // namespace

std::string_view name(Pattern pattern) { return kNames[static_cast<size_t>(pattern)]; }

Pattern parse_pattern(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<Pattern>(i);
  throw Error(Category::kConfig, fmt::format("unknown traffic \"{}\"", name), "",
              fmt::format("use {}", fmt::join(kNames, ", ")));
}

Traffic::Traffic(const Topology& topology, const TrafficOptions& options)
    : topology_(topology), options_(options) {
  if (!(options.rate >= 0 && options.rate <= 1))
    throw Error(Category::kConfig, fmt::format("a rate of {}", options.rate), "",
                "packets a node and cycle: from 0 to 1");
  per_log_failure_ = 1 / std::log1p(-options.rate);
  if (options.pattern == Pattern::kTranspose && topology.columns != topology.rows)
    throw Error(Category::kConfig,
                fmt::format("transpose traffic on {}x{}", topology.columns, topology.rows), "",
                "as many rows as columns");
  for (NodeId n = 0; n < topology.nodes(); ++n)
    if (topology.live[n]) live_.push_back(n);
  if (live_.empty()) throw Error(Category::kConfig, "there is no live node", "the network");
  middle_ = live_middle(topology_, live_);
  for (const NodeId n : live_) {
    const auto to = partner(topology_, n, options.pattern);
    if (to && !topology_.live[*to]) continue;
    Random random(options.seed, stream_id("traffic"), n);
    const Cycle first = gap(random) - 1;
    nodes_.push_back({n, first, random});
  }
}

// Cycles from one success to the next of one trial a cycle, which is geometric.
Cycle Traffic::gap(Random& random) const {
  const double u = 1 - random.uniform();  // (0, 1]
  if (options_.rate >= 1) return 1;
  const double cycles = std::floor(std::log(u) * per_log_failure_);
  return cycles < kMostGap ? static_cast<Cycle>(cycles) + 1 : Cycle{1} << 52;
}

NodeId Traffic::destination(Node& node) {
  if (const auto to = partner(topology_, node.id, options_.pattern)) return *to;
  if (options_.pattern == Pattern::kHotspot && node.random.chance(kHotShare)) return middle_;
  return live_[static_cast<size_t>(node.random.below(std::ssize(live_)))];
}

void Traffic::create(Cycle end, Network& network) {
  for (Node& node : nodes_)
    for (; node.next < end; node.next += gap(node.random)) {
      network.send({node.id, destination(node), options_.flits, node.next, 0});
      ++created_;
    }
}

}  // namespace dojo::sim
