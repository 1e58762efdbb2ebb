#include "dojo/compiler/library/live_grid.h"

#include <algorithm>

#include "dojo/base/check.h"
#include "dojo/base/error.h"

namespace dojo::compiler {
namespace {

using program::Coord;
using program::MachineView;
using program::Placement;
using program::Region;

// Live nodes of one row of a part, or of one column, as coordinates along it.
std::vector<int32_t> live_of_line(const MachineView& machine, const Region& part, bool rows,
                                  int32_t line) {
  std::vector<int32_t> live;
  const program::Range& along = rows ? part.x : part.y;
  for (int32_t i = 0; i < along.count; ++i) {
    const Coord c =
        rows ? Coord{along.at(i), part.y.at(line)} : Coord{part.x.at(line), along.at(i)};
    if (machine.is_live(c)) live.push_back(along.at(i));
  }
  return live;
}

// lines[n]: rows (or columns) of the part with at least n live nodes.
std::vector<int32_t> lines_of_length(const MachineView& machine, const Region& part, bool rows) {
  const int32_t length = (rows ? part.x : part.y).count, count = (rows ? part.y : part.x).count;
  std::vector<int32_t> lines(static_cast<size_t>(length) + 1);
  for (int32_t line = 0; line < count; ++line)
    ++lines[live_of_line(machine, part, rows, line).size()];
  for (size_t n = lines.size() - 1; n-- > 0;) lines[n] += lines[n + 1];
  return lines;
}

// heights[w]: the most rows of a grid of w columns.
std::vector<int32_t> heights(const MachineView& machine, const Region& part) {
  std::vector<int32_t> height = lines_of_length(machine, part, true);
  const std::vector<int32_t> columns = lines_of_length(machine, part, false);
  for (int32_t h = 1; h < std::ssize(columns); ++h)
    for (int32_t w = 1; w <= columns[static_cast<size_t>(h)]; ++w)
      height[static_cast<size_t>(w)] = std::max(height[static_cast<size_t>(w)], h);
  return height;
}

}  // namespace

Region whole(const MachineView& machine) { return {{0, machine.grid.x}, {0, machine.grid.y}}; }

Coord largest_live_grid(const MachineView& machine, std::span<const Region> parts) {
  DOJO_CHECK(!parts.empty());
  std::vector<int32_t> height;
  for (const Region& part : parts) {
    const std::vector<int32_t> h = heights(machine, part);
    if (height.empty()) height = h;
    DOJO_CHECK_EQ(h.size(), height.size());  // parts are alike
    std::transform(h.begin(), h.end(), height.begin(), height.begin(),
                   [](int32_t a, int32_t b) { return std::min(a, b); });
  }
  Coord best{0, 0};
  for (int32_t w = 1; w < std::ssize(height); ++w)
    if (int64_t{w} * height[static_cast<size_t>(w)] > int64_t{best.x} * best.y)
      best = {w, height[static_cast<size_t>(w)]};
  if (best.x == 0) throw Error(Category::kInput, "all nodes of a part of the machine are disabled");
  return best;
}

Coord largest_live_grid(const MachineView& machine) {
  const Region all = whole(machine);
  return largest_live_grid(machine, {&all, 1});
}

std::vector<Placement> place_live_grid(const MachineView& machine, const Region& part, Coord size,
                                       Coord first) {
  const auto at_length = [&](bool rows, int32_t n) {
    const std::vector<int32_t> lines = lines_of_length(machine, part, rows);
    return n < std::ssize(lines) ? lines[static_cast<size_t>(n)] : 0;
  };
  const bool rows = at_length(true, size.x) >= size.y;
  const int32_t length = rows ? size.x : size.y, lines = rows ? size.y : size.x;
  DOJO_CHECK(rows || at_length(false, length) >= lines);

  std::vector<Placement> places;
  std::vector<int32_t> before;  // the live nodes of the line before
  int32_t before_line = -2;
  size_t before_first = 0;  // its placements
  int32_t made = 0;
  for (int32_t line = 0; made < lines; ++line) {
    std::vector<int32_t> live = live_of_line(machine, part, rows, line);
    if (std::ssize(live) < length) continue;
    live.resize(static_cast<size_t>(length));
    if (line == before_line + 1 && live == before) {
      for (size_t p = before_first; p < places.size(); ++p)
        ++(rows ? places[p].region.y : places[p].region.x).count;
    } else {
      before_first = places.size();
      for (size_t i = 0; i < live.size();) {
        size_t end = i + 1;
        while (end < live.size() && live[end] == live[end - 1] + 1) ++end;
        const auto begin = static_cast<int32_t>(i), count = static_cast<int32_t>(end - i);
        if (rows)
          places.push_back(
              {{{first.x + begin, count}, {first.y + made, 1}}, {live[i], part.y.at(line)}});
        else
          places.push_back(
              {{{first.x + made, 1}, {first.y + begin, count}}, {part.x.at(line), live[i]}});
        i = end;
      }
    }
    before = std::move(live);
    before_line = line;
    ++made;
  }
  return places;
}

void place_all(const MachineView& machine, Coord size, program::Builder* builder) {
  const std::vector<Placement> places = place_live_grid(machine, whole(machine), size);
  if (places.size() == 1 && places[0].at == Coord{0, 0}) return;
  for (const Placement& place : places) builder->place(place);
}

}  // namespace dojo::compiler
