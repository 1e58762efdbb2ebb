#include "dojo/compiler/library/straight_grid.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <numeric>
#include <span>
#include <utility>

#include "dojo/base/check.h"

namespace dojo::compiler {
namespace {

using program::Coord;
using program::MachineView;
using program::Placement;

// Lines of the machine that are looked at for a grid: a sixth more than it has, so that each spare
// one is near those that it serves, and the grid does not get much larger.
int32_t with_spare(int32_t wanted, int32_t all) { return std::min(all, wanted + (wanted + 5) / 6); }

// Some of these lines, spread evenly, so that those between them have one near: of each part the
// one with the most disabled nodes, or the one in the middle.
template <typename Disabled>
std::vector<int32_t> spread(std::span<const int32_t> lines, int32_t count, Disabled disabled) {
  std::vector<int32_t> chosen;
  const auto all = static_cast<int32_t>(std::ssize(lines));
  for (int32_t s = 0; s < count; ++s) {
    const int32_t begin = all * s / count, end = all * (s + 1) / count;
    const auto worth = [&](int32_t i) {
      return std::pair(int64_t{disabled(lines[static_cast<size_t>(i)])},
                       -std::abs(2 * i + 1 - begin - end));
    };
    int32_t best = begin;
    for (int32_t i = begin + 1; i < end; ++i)
      if (worth(i) > worth(best)) best = i;
    chosen.push_back(lines[static_cast<size_t>(best)]);
  }
  return chosen;
}

// Both ascending.
std::vector<int32_t> without(std::span<const int32_t> lines, std::span<const int32_t> left_out) {
  std::vector<int32_t> left;
  std::set_difference(lines.begin(), lines.end(), left_out.begin(), left_out.end(),
                      std::back_inserter(left));
  return left;
}

class StraightGrid {
 public:
  // Of `lines` lines with `length` nodes each; lines are rows, or columns.
  StraightGrid(const MachineView& machine, bool rows, int32_t length, int32_t lines)
      : machine_(machine),
        rows_(rows),
        length_(length),
        along_(rows ? machine.grid.x : machine.grid.y),
        across_(rows ? machine.grid.y : machine.grid.x),
        window_(with_spare(length, along_)) {
    if (std::ssize(long_enough(across_)) < lines) window_ = along_;
    lines_ = long_enough(with_spare(lines, across_));
    if (std::ssize(lines_) < lines) lines_ = long_enough(across_);
    if (std::ssize(lines_) < lines) return;
    is_possible_ = true;
    const auto disabled_of = [&](int32_t line) { return window_ - live_of(line); };
    const std::vector<int32_t> left_out =
        spread(lines_, static_cast<int32_t>(std::ssize(lines_)) - lines, disabled_of);
    lines_ = without(lines_, left_out);
    usual_.resize(static_cast<size_t>(window_));
    std::iota(usual_.begin(), usual_.end(), 0);
    spare_ = spread(usual_, window_ - length, [&](int32_t i) {
      return std::count_if(lines_.begin(), lines_.end(),
                           [&](int32_t line) { return !is_live(line, i); });
    });
    usual_ = without(usual_, spare_);
  }

  bool is_possible() const { return is_possible_; }

  std::vector<Placement> places() const {
    std::vector<Placement> places;
    std::vector<int32_t> before;
    size_t before_first = 0;  // its placements
    for (size_t l = 0; l < lines_.size(); ++l) {
      std::vector<int32_t> nodes = nodes_of(lines_[l]);
      if (l > 0 && lines_[l] == lines_[l - 1] + 1 && nodes == before) {
        for (size_t p = before_first; p < places.size(); ++p)
          ++(rows_ ? places[p].region.y : places[p].region.x).count;
      } else {
        before_first = places.size();
        for (size_t i = 0; i < nodes.size();) {
          size_t end = i + 1;
          while (end < nodes.size() && nodes[end] == nodes[end - 1] + 1) ++end;
          const auto begin = static_cast<int32_t>(i), count = static_cast<int32_t>(end - i);
          const auto line = static_cast<int32_t>(l);
          if (rows_)
            places.push_back({{{begin, count}, {line, 1}}, {nodes[i], lines_[l]}});
          else
            places.push_back({{{line, 1}, {begin, count}}, {lines_[l], nodes[i]}});
          i = end;
        }
      }
      before = std::move(nodes);
    }
    return places;
  }

 private:
  bool is_live(int32_t line, int32_t i) const {
    return machine_.is_live(rows_ ? Coord{i, line} : Coord{line, i});
  }
  int32_t live_of(int32_t line) const {
    int32_t live = 0;
    for (int32_t i = 0; i < window_; ++i) live += is_live(line, i);
    return live;
  }
  // Of the first lines of the machine.
  std::vector<int32_t> long_enough(int32_t lines) const {
    std::vector<int32_t> found;
    for (int32_t line = 0; line < lines; ++line)
      if (live_of(line) >= length_) found.push_back(line);
    return found;
  }

  // Where the nodes of a line are along it.
  std::vector<int32_t> nodes_of(int32_t line) const {
    std::vector<int32_t> nodes = usual_, free;
    std::copy_if(spare_.begin(), spare_.end(), std::back_inserter(free),
                 [&](int32_t i) { return is_live(line, i); });
    for (int32_t& node : nodes) {
      if (is_live(line, node)) continue;
      const auto nearest = std::min_element(free.begin(), free.end(), [&](int32_t a, int32_t b) {
        return std::abs(a - node) < std::abs(b - node);
      });
      DOJO_CHECK(nearest != free.end());  // the line is long enough
      node = *nearest;
      free.erase(nearest);
    }
    return nodes;
  }

  const MachineView& machine_;
  const bool rows_;
  const int32_t length_, along_, across_;
  int32_t window_;  // of each line
  bool is_possible_ = false;
  std::vector<int32_t> lines_;          // in the machine
  std::vector<int32_t> usual_, spare_;  // along them
};

bool all_live(const MachineView& machine, Coord size) {
  for (int32_t y = 0; y < size.y; ++y)
    for (int32_t x = 0; x < size.x; ++x)
      if (!machine.is_live({x, y})) return false;
  return true;
}

}  // namespace

std::vector<Placement> place_straight_grid(const MachineView& machine, Coord size) {
  if (all_live(machine, size)) return {{{{0, size.x}, {0, size.y}}, {0, 0}}};
  const StraightGrid by_rows(machine, true, size.x, size.y);
  if (by_rows.is_possible()) return by_rows.places();
  const StraightGrid by_columns(machine, false, size.y, size.x);
  DOJO_CHECK(by_columns.is_possible());
  return by_columns.places();
}

void place_straight(const MachineView& machine, Coord size, program::Builder* builder) {
  const std::vector<Placement> places = place_straight_grid(machine, size);
  if (places.size() == 1 && places[0].at == Coord{0, 0}) return;
  for (const Placement& place : places) builder->place(place);
}

}  // namespace dojo::compiler
