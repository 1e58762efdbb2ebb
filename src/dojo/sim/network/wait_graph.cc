#include "dojo/sim/network/wait_graph.h"

#include <fmt/format.h>

#include <map>

#include "dojo/base/error.h"

namespace dojo::sim {
namespace {

constexpr const char* kPortNames[] = {"east", "west", "south", "north", "its node"};
constexpr size_t kMostShown = 12;

std::string print(const Topology& t, NodeId n) { return fmt::format("({},{})", t.x(n), t.y(n)); }

std::string print(const Topology& t, const Wait& w) {
  return fmt::format(
      "packet {} from {} to {} at {}, in channel {} from {}, waits for {} to {}", w.tag,
      print(t, w.source), print(t, w.destination), print(t, w.at.node), w.at.vc,
      kPortNames[w.at.port],
      w.out_vc < 0 ? std::string("a free channel") : fmt::format("room in channel {}", w.out_vc),
      kPortNames[w.out_port]);
}

// Follows what blocks each until it meets one again; empty if that ends somewhere.
std::vector<const Wait*> ring_from(const Wait& first, const std::map<Place, const Wait*>& at) {
  std::vector<const Wait*> way;
  std::map<const Wait*, size_t> seen;
  const Wait* w = &first;
  while (w != nullptr && !seen.contains(w)) {
    seen[w] = way.size();
    way.push_back(w);
    const Wait* next = nullptr;
    for (const Place& p : w->blocked_by)
      if (const auto found = at.find(p); found != at.end()) next = found->second;
    w = next;
  }
  if (w == nullptr) return {};
  way.erase(way.begin(), way.begin() + static_cast<std::ptrdiff_t>(seen[w]));
  return way;
}

}  // namespace

std::string explain(const Topology& topology, std::span<const Wait> waits) {
  std::map<Place, const Wait*> at;
  for (const Wait& w : waits) at[w.at] = &w;
  std::vector<const Wait*> shown;
  for (const Wait& w : waits)
    if (shown = ring_from(w, at); !shown.empty()) break;
  std::string text = shown.empty() ? "" : fmt::format("a ring of {}: ", shown.size());
  if (shown.empty())
    for (const Wait& w : waits) shown.push_back(&w);
  for (size_t i = 0; i < shown.size() && i < kMostShown; ++i)
    text += (i > 0 ? "; " : "") + print(topology, *shown[i]);
  if (shown.size() > kMostShown) text += fmt::format("; and {} more", shown.size() - kMostShown);
  return text;
}

void throw_deadlock(Cycle now, const Topology& topology, std::span<const Wait> waits) {
  throw Error(Category::kInput,
              fmt::format("the network is deadlocked: {} packets stand still, {}", waits.size(),
                          explain(topology, waits)),
              fmt::format("cycle {}", now),
              "routes must not wait for each other in a ring: use the tables of Routes, or more "
              "virtual channels");
}

}  // namespace dojo::sim
