#include "dojo/sim/line_stages.h"

#include <algorithm>

#include "dojo/base/error.h"

namespace dojo::sim {
namespace {

// From the last of the places, along a line.
void go_on(const Walks& walks, PlaceId to, std::vector<PlaceId>* places) {
  const auto stop = static_cast<NodeId>(to);
  while (places->back() != to)
    places->push_back(places->back() +
                      walks.step(walks.routes.towards(static_cast<NodeId>(places->back()), stop)));
}

}  // namespace

std::vector<PlaceId> Walks::way(PlaceId from, PlaceId to) const {
  if (is_straight(from, to)) return line(from, to);
  std::vector<PlaceId> places{from};
  for (const NodeId stop : known.way(static_cast<NodeId>(from), static_cast<NodeId>(to)).stops)
    go_on(*this, static_cast<PlaceId>(stop), &places);
  return places;
}

std::optional<std::vector<PlaceId>> Walks::way_if_any(PlaceId from, PlaceId to) const {
  try {
    return way(from, to);
  } catch (const Error& error) {
    if (error.category() != Category::kUnsupported) throw;
    return std::nullopt;
  }
}

std::vector<PlaceId> Walks::line(PlaceId from, PlaceId to) const {
  std::vector<PlaceId> places{from};
  go_on(*this, to, &places);
  return places;
}

bool Walks::is_straight(PlaceId from, PlaceId to) const {
  return routes.is_straight(static_cast<NodeId>(from), static_cast<NodeId>(to));
}

PlaceId Walks::step(uint8_t port) const {
  return port == kEast ? 1 : port == kWest ? -1 : port == kSouth ? columns : -columns;
}

namespace {

// Of the line: the last target before each dead node, the first one behind it, and its end.
std::vector<size_t> possible_ends(const Walks& walks, std::span<const PlaceId> line,
                                  const std::unordered_set<PlaceId>& targets) {
  std::vector<size_t> ends;
  size_t last = 0;  // target, or the begin
  bool is_behind = false;
  for (size_t i = 1; i < line.size(); ++i) {
    if (!walks.routes.is_live(static_cast<NodeId>(line[i]))) {
      if (!is_behind && last > 0 && (ends.empty() || ends.back() != last)) ends.push_back(last);
      is_behind = true;
    } else if (targets.contains(line[i])) {
      if (is_behind || i + 1 == line.size()) ends.push_back(i);
      is_behind = false;
      last = i;
    }
  }
  return ends;
}

// Whether a packet between these places of the line passes all targets between them.
bool passes_targets(const Walks& walks, std::span<const PlaceId> part,
                    const std::unordered_set<PlaceId>& targets) {
  std::optional<std::vector<PlaceId>> way = walks.way_if_any(part.front(), part.back());
  if (!way) return false;
  std::sort(way->begin(), way->end());
  return std::all_of(part.begin(), part.end(), [&](PlaceId p) {
    return !targets.contains(p) || std::binary_search(way->begin(), way->end(), p);
  });
}

}  // namespace

std::vector<PlaceId> line_stages(const Walks& walks, std::span<const PlaceId> line,
                                 const std::unordered_set<PlaceId>& targets) {
  const std::vector<size_t> ends = possible_ends(walks, line, targets);
  std::vector<PlaceId> stages;
  size_t at = 0;
  for (size_t e = 0; e < ends.size();) {
    size_t farthest = ends.size() - 1;
    while (farthest > e &&
           !passes_targets(walks, line.subspan(at, ends[farthest] - at + 1), targets))
      --farthest;
    at = ends[farthest];
    stages.push_back(line[at]);
    e = farthest + 1;
  }
  return stages;
}

}  // namespace dojo::sim
