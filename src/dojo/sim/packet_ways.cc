#include "dojo/sim/packet_ways.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <utility>

namespace dojo::sim {

const PacketWay::Stop* PacketWay::stop(PlaceId place) const {
  const auto found =
      std::find_if(stops.begin(), stops.end(), [&](const Stop& s) { return s.place == place; });
  return found == stops.end() ? nullptr : &*found;
}

std::shared_ptr<const PacketWays> PacketWayFinder::ways(PlaceId from, std::span<const PlaceId> to,
                                                        int64_t flits) {
  std::vector<int64_t> key{to.size() > 1 ? flits : 0, from};
  key.insert(key.end(), to.begin(), to.end());
  std::shared_ptr<const PacketWays>& known = known_[key];
  if (known) return known;
  const auto made = std::make_shared<const PacketWays>(make(from, to, flits));
  known = made;
  kept_ += 2 * key.size();
  if (kept_ > kKept) {
    known_.clear();
    kept_ = 0;
  }
  return made;
}

std::vector<PlaceId> PacketWayFinder::places(PlaceId from, PlaceId to) {
  const Stops stops = routes_.stops(static_cast<NodeId>(from), static_cast<NodeId>(to));
  std::vector<PlaceId> places{from};
  auto at = static_cast<NodeId>(from);
  for (Hop hop = routes_.next(at, stops, 0); hop.port != kLocal;
       hop = routes_.next(at, stops, hop.vc_class)) {
    at = topology_.neighbour(at, hop.port);
    places.push_back(static_cast<PlaceId>(at));
  }
  return places;
}

int64_t PacketWayFinder::distance(PlaceId from, PlaceId to) const {
  const PlaceId columns = topology_.columns;
  return std::abs(to / columns - from / columns) + std::abs(to % columns - from % columns);
}

namespace {

// The way that passes a place first, and when.
struct Passed {
  int32_t way = -1;
  int64_t cycle = 0;
  int64_t begun = 0;  // ways that begin here
};

PacketWay::Stop& stop_at(PacketWay* way, PlaceId place) {
  for (PacketWay::Stop& stop : way->stops)
    if (stop.place == place) return stop;
  return way->stops.emplace_back(PacketWay::Stop{.place = place, .forks = {}});
}

}  // namespace

PacketWays PacketWayFinder::make(PlaceId from, std::span<const PlaceId> to, int64_t flits) {
  PacketWays made;
  std::map<PlaceId, Passed> passed = {{from, {}}};
  const int64_t packet = std::min(flits, most_packet_flits_);
  // When a further way could begin at this place, if it has the port and the links for itself.
  const auto begins = [&](PlaceId place, const Passed& p) {
    return place == from ? 0 : p.cycle + packet + hop_cycles_;
  };
  std::map<std::pair<PlaceId, PlaceId>, int64_t> loads;  // of links: ways over them
  // The farthest first, so that others lie on their ways.
  std::vector<int32_t> targets(to.size());
  std::iota(targets.begin(), targets.end(), 0);
  std::stable_sort(targets.begin(), targets.end(), [&](int32_t a, int32_t b) {
    return distance(from, to[static_cast<size_t>(a)]) > distance(from, to[static_cast<size_t>(b)]);
  });
  for (const int32_t target : targets) {
    const PlaceId place = to[static_cast<size_t>(target)];
    if (const auto p = passed.find(place); p != passed.end() && p->second.way >= 0) {
      stop_at(&made.ways[static_cast<size_t>(p->second.way)], place).target = target;
      continue;
    }
    // The place from which it would be there first.
    PlaceId parted = from;
    int64_t best = std::numeric_limits<int64_t>::max();
    std::vector<PlaceId> way;
    for (const auto& [p, at] : passed) {
      const int64_t begin = begins(p, at) + distance(p, place) * hop_cycles_;
      if (begin + at.begun * flits >= best) continue;
      std::vector<PlaceId> found = places(p, place);
      int64_t load = at.begun;
      for (size_t i = 1; i < found.size(); ++i)
        if (const auto l = loads.find({found[i - 1], found[i]}); l != loads.end())
          load = std::max(load, l->second);
      if (begin + load * flits >= best) continue;
      best = begin + load * flits;
      parted = p;
      way = std::move(found);
    }
    Passed& at = passed.at(parted);
    const auto number = static_cast<int32_t>(made.ways.size());
    if (parted == from)
      made.first.push_back(number);
    else
      stop_at(&made.ways[static_cast<size_t>(at.way)], parted).forks.push_back(number);
    int64_t cycle = best - distance(parted, place) * hop_cycles_;
    ++at.begun;
    made.ways.push_back({.from = parted, .to = place, .target = target, .stops = {}});
    for (size_t i = 0; i < way.size(); ++i) {
      if (i > 0) ++loads[{way[i - 1], way[i]}];
      Passed& first = passed[way[i]];
      if (first.way < 0) {
        first.way = number;
        first.cycle = cycle;
      }
      cycle += hop_cycles_;
    }
  }
  return made;
}

}  // namespace dojo::sim
