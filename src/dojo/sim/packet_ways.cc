#include "dojo/sim/packet_ways.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace dojo::sim {
namespace {

class Finding {
 public:
  Finding(const Routes& routes, KnownWays& known_ways, PlaceId columns, int64_t packet_flits,
          int64_t hop_cycles, PlaceId from, std::span<const PlaceId> to, int64_t flits)
      : routes_(routes),
        known_ways_(known_ways),
        columns_(columns),
        packet_flits_(packet_flits),
        hop_cycles_(hop_cycles),
        from_(from),
        to_(to),
        flits_(flits) {
    passed_[from] = {};
  }

  PacketWays find() {
    // The farthest first, so that others lie on their ways.
    std::vector<int32_t> targets(to_.size());
    std::iota(targets.begin(), targets.end(), 0);
    std::stable_sort(targets.begin(), targets.end(), [&](int32_t a, int32_t b) {
      return distance(from_, to_[static_cast<size_t>(a)]) >
             distance(from_, to_[static_cast<size_t>(b)]);
    });
    for (const int32_t target : targets) {
      const PlaceId place = to_[static_cast<size_t>(target)];
      const auto p = passed_.find(place);
      if (p == passed_.end() || p->second.step < 0) {
        add_way(place);
        made_.steps.back().target = target;
      } else {
        made_.steps[static_cast<size_t>(p->second.step)].target = target;
        if (made_.steps[static_cast<size_t>(p->second.step)].port != kLocal)
          made_.ways[static_cast<size_t>(p->second.way)].leaves_copies = true;
      }
    }
    set_forks();
    return std::move(made_);
  }

 private:
  // The way that passes a place first, and when.
  struct Passed {
    int32_t way = -1, step = -1;
    int64_t cycle = 0;
    int64_t begun = 0;  // ways that begin here
  };

  int64_t distance(PlaceId from, PlaceId to) const {  // in hops, if no dead node is between
    return std::abs(to / columns_ - from / columns_) + std::abs(to % columns_ - from % columns_);
  }

  // The nodes on the way, with both.
  std::vector<PlaceId> places(PlaceId from, PlaceId to) const {
    std::vector<PlaceId> places{from};
    const auto source = static_cast<NodeId>(from), destination = static_cast<NodeId>(to);
    if (routes_.is_straight(source, destination))
      go_on(&places, destination);
    else
      for (const NodeId stop : known_ways_.way(source, destination).stops) go_on(&places, stop);
    return places;
  }
  void go_on(std::vector<PlaceId>* places, NodeId stop) const {
    while (places->back() != static_cast<PlaceId>(stop))
      places->push_back(places->back() +
                        step_of(routes_.towards(static_cast<NodeId>(places->back()), stop)));
  }
  PlaceId step_of(uint8_t port) const {
    return port == kEast ? 1 : port == kWest ? -1 : port == kSouth ? columns_ : -columns_;
  }
  uint8_t port_between(PlaceId from, PlaceId to) const {
    for (const uint8_t port : {kEast, kWest, kSouth})
      if (to - from == step_of(port)) return port;
    return kNorth;
  }

  // Where a further way to the target could begin: where the message does; the last node that has
  // it already on the way from there, and those next to that one, whose ports may be free.
  std::vector<PlaceId> candidates(const std::vector<PlaceId>& way) const {
    std::vector<PlaceId> found{from_};
    const auto last =
        std::find_if(way.rbegin(), way.rend(), [&](PlaceId p) { return passed_.contains(p); });
    const PlaceId x = *last % columns_;
    for (PlaceId dy = -2; dy <= 2; ++dy)
      for (PlaceId dx = -2; dx <= 2; ++dx) {
        const PlaceId p = *last + dy * columns_ + dx;
        if (std::abs(dx) + std::abs(dy) <= 2 && x + dx >= 0 && x + dx < columns_ && p != from_ &&
            passed_.contains(p))
          found.push_back(p);
      }
    return found;
  }

  // When a further way could begin, if it has the port and the links for itself.
  int64_t begins(PlaceId place, const Passed& p) const {
    return place == from_ ? 0 : p.cycle + std::min(flits_, packet_flits_) + hop_cycles_;
  }

  // From where it is estimated to be there first.
  void add_way(PlaceId target) {
    PlaceId parted = from_;
    int64_t best = std::numeric_limits<int64_t>::max();
    std::vector<PlaceId> way;
    const std::vector<PlaceId> from_first = places(from_, target);
    for (const PlaceId p : candidates(from_first)) {
      const Passed& at = passed_.at(p);
      const int64_t begin = begins(p, at) + distance(p, target) * hop_cycles_;
      if (begin + at.begun * flits_ >= best) continue;
      std::vector<PlaceId> found = p == from_ ? from_first : places(p, target);
      int64_t load = at.begun;
      for (size_t i = 1; i < found.size(); ++i)
        if (const auto l = loads_.find(link(found[i - 1], found[i])); l != loads_.end())
          load = std::max(load, l->second);
      if (begin + load * flits_ >= best) continue;
      best = begin + load * flits_;
      parted = p;
      way = std::move(found);
    }
    take_way(way, best - distance(parted, target) * hop_cycles_);
  }

  // That begins in this cycle.
  void take_way(const std::vector<PlaceId>& way, int64_t cycle) {
    const auto number = static_cast<int32_t>(made_.ways.size());
    Passed& parted = passed_.at(way.front());
    ++parted.begun;
    if (way.front() == from_) {
      made_.first.push_back(number);
    } else {
      forks_.emplace_back(parted.step, number);
      if (made_.steps[static_cast<size_t>(parted.step)].port != kLocal)
        made_.ways[static_cast<size_t>(parted.way)].leaves_copies = true;
    }
    made_.ways.push_back({.from = way.front(),
                          .to = way.back(),
                          .first_step = static_cast<int32_t>(made_.steps.size()),
                          .last_step = static_cast<int32_t>(made_.steps.size() + way.size()) - 1});
    for (size_t i = 0; i < way.size(); ++i) {
      const bool ends = i + 1 == way.size();
      if (!ends) ++loads_[link(way[i], way[i + 1])];
      Passed& first = passed_[way[i]];
      if (first.step < 0) {
        first.way = number;
        first.step = static_cast<int32_t>(made_.steps.size());
        first.cycle = cycle;
      }
      made_.steps.push_back(
          {.place = way[i], .port = ends ? uint8_t{kLocal} : port_between(way[i], way[i + 1])});
      cycle += hop_cycles_;
    }
  }

  // Beside each other, step by step.
  void set_forks() {
    std::sort(forks_.begin(), forks_.end());
    for (const auto& [step, way] : forks_) {
      PacketWays::Step& s = made_.steps[static_cast<size_t>(step)];
      if (s.num_forks++ == 0) s.first_fork = static_cast<int32_t>(made_.forks.size());
      made_.forks.push_back(way);
    }
  }

  static uint64_t link(PlaceId from, PlaceId to) {
    return static_cast<uint64_t>(from) << 32 | static_cast<uint64_t>(to);
  }

  const Routes& routes_;
  KnownWays& known_ways_;
  const PlaceId columns_;
  const int64_t packet_flits_, hop_cycles_;
  const PlaceId from_;
  const std::span<const PlaceId> to_;
  const int64_t flits_;
  PacketWays made_;
  std::vector<std::pair<int32_t, int32_t>> forks_;  // step, way
  std::unordered_map<PlaceId, Passed> passed_;
  std::unordered_map<uint64_t, int64_t> loads_;  // of links: ways over them
};

}  // namespace

std::shared_ptr<const PacketWays> PacketWayFinder::ways(PlaceId from, std::span<const PlaceId> to,
                                                        int64_t flits) {
  std::vector<int64_t> key{to.size() > 1 ? flits : 0, from};
  key.insert(key.end(), to.begin(), to.end());
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  auto made = std::make_shared<const PacketWays>(
      Finding(routes_, known_ways_, columns_, most_packet_flits_, hop_cycles_, from, to, flits)
          .find());
  kept_ += made->steps.size() + key.size();
  if (kept_ > kKept) {
    known_.clear();
    kept_ = 0;
  }
  known_.emplace(std::move(key), made);
  return made;
}

}  // namespace dojo::sim
