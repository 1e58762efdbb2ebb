#include "dojo/sim/packet_ways.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "dojo/sim/line_stages.h"

namespace dojo::sim {
namespace {

// As far around a target it is looked for who has the message already.
constexpr PlaceId kNear = 16;

class Finding {
 public:
  Finding(const Routes& routes, KnownWays& known_ways, PlaceId columns, int64_t packet_flits,
          int64_t hop_cycles, PlaceId from, std::span<const PlaceId> to, int64_t flits)
      : walks_{routes, known_ways, columns},
        columns_(columns),
        packet_flits_(packet_flits),
        hop_cycles_(hop_cycles),
        from_(from),
        to_(to),
        flits_(flits) {
    passed_[from] = {};
    const auto in_line = std::count_if(to.begin(), to.end(), [&](PlaceId p) {
      return p % columns == from % columns || p / columns == from / columns;
    });
    is_along_line_ = flits > packet_flits && 4 * in_line >= 3 * std::ssize(to);
    if (is_along_line_) targets_.insert(to.begin(), to.end());
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
      if (!is_reached(place)) reach(place);
      const Passed& at = passed_.at(place);
      PacketWays::Step& step = made_.steps[static_cast<size_t>(at.step)];
      step.target = target;
      if (step.port != kLocal) made_.ways[static_cast<size_t>(at.way)].leaves_copies = true;
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

  // None where Routes finds none: along a line there are other nodes to begin from.
  std::optional<std::vector<PlaceId>> way_if_any(PlaceId from, PlaceId to) const {
    return is_along_line_ ? walks_.way_if_any(from, to) : walks_.way(from, to);
  }
  uint8_t port_between(PlaceId from, PlaceId to) const {
    for (const uint8_t port : {kEast, kWest, kSouth})
      if (to - from == walks_.step(port)) return port;
    return kNorth;
  }

  bool is_reached(PlaceId place) const {
    const auto p = passed_.find(place);
    return p != passed_.end() && p->second.step >= 0;
  }

  void reach(PlaceId target) {
    if (is_along_line_ && !walks_.is_straight(from_, target)) {
      const std::vector<PlaceId> line = walks_.line(from_, target);
      const auto last = last_passed(line);
      for (const PlaceId end : line_stages(walks_, std::span(last, line.end()), targets_))
        if (!is_reached(end)) add_way(end);
    }
    if (!is_reached(target)) add_way(target);
  }

  std::vector<PlaceId>::const_iterator last_passed(const std::vector<PlaceId>& places) const {
    const auto last = std::find_if(places.rbegin(), places.rend(),
                                   [&](PlaceId p) { return passed_.contains(p); });
    return std::prev(last.base());
  }

  // Those at the same distance of dx + dy nodes.
  void add_passed(PlaceId centre, PlaceId distance, std::vector<PlaceId>* found) const {
    const PlaceId x = centre % columns_;
    for (PlaceId dy = -distance; dy <= distance; ++dy) {
      const PlaceId dx = distance - std::abs(dy);
      for (const PlaceId d : {-dx, dx}) {
        const PlaceId p = centre + dy * columns_ + d;
        if (x + d >= 0 && x + d < columns_ && p != from_ && passed_.contains(p))
          found->push_back(p);
        if (dx == 0) break;
      }
    }
  }

  // Where a further way to the target could begin: where the message does; the last node that has
  // it already on the way from there, and those next to that one, whose ports may be free; along a
  // line the nearest ones that have it too.
  std::vector<PlaceId> candidates(PlaceId target, const std::vector<PlaceId>& way) const {
    std::vector<PlaceId> found{from_};
    if (is_along_line_)
      for (PlaceId d = 1; d <= kNear && found.size() == 1; ++d) add_passed(target, d, &found);
    const auto last = last_passed(way);
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
    int64_t cycle = 0, best = std::numeric_limits<int64_t>::max();
    std::vector<PlaceId> way;
    const std::vector<PlaceId> first =
        is_along_line_ ? walks_.line(from_, target) : walks_.way(from_, target);
    for (const PlaceId p : candidates(target, first)) {
      const Passed& at = passed_.at(p);
      const int64_t hops = distance(p, target) * (is_along_line_ ? 2 : 1);
      const int64_t begin = begins(p, at) + hops * hop_cycles_;
      if (begin + at.begun * flits_ >= best) continue;
      std::optional<std::vector<PlaceId>> found =
          p == from_ && !is_along_line_ ? first : way_if_any(p, target);
      if (!found) continue;
      int64_t load = at.begun;
      for (size_t i = 1; i < found->size(); ++i)
        if (const auto l = loads_.find(link((*found)[i - 1], (*found)[i])); l != loads_.end())
          load = std::max(load, l->second);
      if (begin + load * flits_ >= best) continue;
      best = begin + load * flits_;
      way = std::move(*found);
      cycle = best - hops * hop_cycles_;
    }
    if (way.empty()) way = walks_.way(from_, target);  // tells why there is none
    take_way(way, cycle);
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

  const Walks walks_;
  const PlaceId columns_;
  const int64_t packet_flits_, hop_cycles_;
  const PlaceId from_;
  const std::span<const PlaceId> to_;
  const int64_t flits_;
  // A long message to most of a row or a column, as many are at the same time: then links count,
  // and ways keep to the line.
  bool is_along_line_ = false;
  std::unordered_set<PlaceId> targets_;  // of such a one
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
