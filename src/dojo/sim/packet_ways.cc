#include "dojo/sim/packet_ways.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace dojo::sim {

const PacketWay::Stop* PacketWay::stop(PlaceId place) const {
  const auto found =
      std::find_if(stops.begin(), stops.end(), [&](const Stop& s) { return s.place == place; });
  return found == stops.end() ? nullptr : &*found;
}

std::shared_ptr<const PacketWays> PacketWayFinder::ways(PlaceId from, std::span<const PlaceId> to) {
  std::vector<PlaceId> key{from};
  key.insert(key.end(), to.begin(), to.end());
  std::shared_ptr<const PacketWays>& known = known_[key];
  if (known) return known;
  const auto made = std::make_shared<const PacketWays>(make(from, to));
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

PacketWays PacketWayFinder::make(PlaceId from, std::span<const PlaceId> to) {
  PacketWays made;
  std::unordered_map<PlaceId, int32_t> passed_by;  // the first way
  const auto stop_at = [&](PlaceId place) -> PacketWay::Stop& {
    PacketWay& way = made.ways[static_cast<size_t>(passed_by.at(place))];
    for (PacketWay::Stop& stop : way.stops)
      if (stop.place == place) return stop;
    return way.stops.emplace_back(PacketWay::Stop{.place = place, .forks = {}});
  };
  // The farthest first, so that others lie on their ways.
  std::vector<int32_t> targets(to.size());
  std::iota(targets.begin(), targets.end(), 0);
  const auto distance = [&](int32_t target) {
    const PlaceId place = to[static_cast<size_t>(target)], columns = topology_.columns;
    return std::abs(place / columns - from / columns) + std::abs(place % columns - from % columns);
  };
  std::stable_sort(targets.begin(), targets.end(),
                   [&](int32_t a, int32_t b) { return distance(a) > distance(b); });
  for (const int32_t target : targets) {
    const PlaceId place = to[static_cast<size_t>(target)];
    if (passed_by.contains(place)) {
      stop_at(place).target = target;
      continue;
    }
    std::vector<PlaceId> way = places(from, place);
    const auto parted =
        std::find_if(way.rbegin(), way.rend(), [&](PlaceId p) { return passed_by.contains(p); });
    const PlaceId begin = parted == way.rend() ? from : *parted;
    const auto number = static_cast<int32_t>(made.ways.size());
    if (begin == from)
      made.first.push_back(number);
    else
      stop_at(begin).forks.push_back(number);
    made.ways.push_back({.from = begin, .to = place, .target = target, .stops = {}});
    if (begin != from) way = places(begin, place);
    for (const PlaceId p : way) passed_by.emplace(p, number);
  }
  return made;
}

}  // namespace dojo::sim
