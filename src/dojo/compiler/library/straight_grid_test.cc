#include "dojo/compiler/library/straight_grid.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "dojo/compiler/library/live_grid.h"
#include "dojo/compiler/library/test_target.h"

namespace dojo::compiler {
namespace {

using program::Coord;
using program::MachineView;
using program::Placement;
using program::Region;

// A machine drawn with o for a live node and x for a disabled one.
MachineView drawn(const std::vector<std::string>& rows) {
  MachineView machine;
  machine.grid = {static_cast<int32_t>(rows[0].size()), static_cast<int32_t>(rows.size())};
  machine.is_live = [rows](Coord c) {
    return rows[static_cast<size_t>(c.y)][static_cast<size_t>(c.x)] == 'o';
  };
  return machine;
}

TEST(StraightGrid, WithoutDisabledNodesItLiesWhereItStands) {
  const MachineView machine = drawn({"oooo", "ooox", "oooo"});
  EXPECT_EQ(place_straight_grid(machine, {3, 3}),
            (std::vector<Placement>{{{{0, 3}, {0, 3}}, {0, 0}}}));
}

TEST(StraightGrid, ASpareColumnGivesTheNodesThatAreDisabled) {
  const MachineView machine = drawn({"oxooo", "ooooo", "oooxo"});
  EXPECT_EQ(place_straight_grid(machine, {4, 3}),
            (std::vector<Placement>{{{{0, 1}, {0, 2}}, {0, 0}},
                                    {{{1, 3}, {0, 2}}, {2, 0}},
                                    {{{0, 1}, {2, 1}}, {0, 2}},
                                    {{{1, 1}, {2, 1}}, {2, 2}},
                                    {{{2, 1}, {2, 1}}, {1, 2}},
                                    {{{3, 1}, {2, 1}}, {4, 2}}}));
}

// Every node of the grid is a live node of its own, in a line of the machine with the others of its
// row (of its column, where columns close up), and nearly all are in one line the other way too.
TEST(StraightGrid, NodesOfRealMachinesAreLiveAndInStraightLines) {
  for (const char* name : {"d1_die", "tile"}) {
    const TestTarget machine(name);
    const MachineView& view = machine.target.view;
    const Region all = whole(view);
    const Coord most = largest_live_grid(view, {&all, 1});
    for (const Coord size : {most, Coord{most.x * 9 / 10, most.y * 9 / 10}, Coord{7, 5}}) {
      std::set<std::pair<int32_t, int32_t>> seen;
      std::map<int32_t, std::map<int32_t, int32_t>> of_column, of_row;
      for (const Placement& place : place_straight_grid(view, size))
        for (int32_t j = 0; j < place.region.y.count; ++j)
          for (int32_t i = 0; i < place.region.x.count; ++i) {
            const Coord at{place.at.x + i, place.at.y + j};
            EXPECT_TRUE(view.is_live(at));
            EXPECT_TRUE(seen.insert({at.x, at.y}).second);
            ++of_column[place.region.x.at(i)][at.x];
            ++of_row[place.region.y.at(j)][at.y];
          }
      EXPECT_EQ(std::ssize(seen), int64_t{size.x} * size.y);
      int64_t aside = 0;
      for (const auto* lines : {&of_column, &of_row})
        for (const auto& [line, nodes] : *lines) {
          int32_t straight = 0, total = 0;
          for (const auto& [at, count] : nodes) {
            straight = std::max(straight, count);
            total += count;
          }
          aside += total - straight;
        }
      EXPECT_LE(aside * 50, int64_t{size.x} * size.y) << name << " " << size.x << " x " << size.y;
    }
  }
}

}  // namespace
}  // namespace dojo::compiler
