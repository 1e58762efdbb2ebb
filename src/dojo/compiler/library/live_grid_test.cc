#include "dojo/compiler/library/live_grid.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "dojo/base/error.h"
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

TEST(LiveGrid, AMachineWithoutDisabledNodesIsItself) {
  const MachineView machine = drawn({"oooo", "oooo"});
  EXPECT_EQ(largest_live_grid(machine), (Coord{4, 2}));
  EXPECT_EQ(place_live_grid(machine, whole(machine), {4, 2}),
            (std::vector<Placement>{{{{0, 4}, {0, 2}}, {0, 0}}}));
}

TEST(LiveGrid, RowsCloseUp) {
  const MachineView machine = drawn({"ooxo", "oooo", "oooo"});
  EXPECT_EQ(largest_live_grid(machine), (Coord{3, 3}));
  EXPECT_EQ(
      place_live_grid(machine, whole(machine), {3, 3}),
      (std::vector<Placement>{
          {{{0, 2}, {0, 1}}, {0, 0}}, {{{2, 1}, {0, 1}}, {3, 0}}, {{{0, 3}, {1, 2}}, {0, 1}}}));
}

TEST(LiveGrid, ColumnsCloseUpWhereThatLeavesMore) {
  const MachineView machine = drawn({"oxox", "oooo", "oooo"});
  EXPECT_EQ(largest_live_grid(machine), (Coord{4, 2}));  // 2 columns of 3 rows would be 6
  const MachineView tall = drawn({"oo", "xo", "oo", "ox", "oo", "oo"});
  EXPECT_EQ(largest_live_grid(tall), (Coord{2, 5}));
  EXPECT_EQ(place_live_grid(tall, whole(tall), {2, 5}),
            (std::vector<Placement>{{{{0, 1}, {0, 1}}, {0, 0}},
                                    {{{0, 1}, {1, 4}}, {0, 2}},
                                    {{{1, 1}, {0, 3}}, {1, 0}},
                                    {{{1, 1}, {3, 2}}, {1, 4}}}));
}

TEST(LiveGrid, ARowWithFewNodesIsLeftOut) {
  const MachineView machine = drawn({"oooo", "xxxo", "oooo"});
  EXPECT_EQ(largest_live_grid(machine), (Coord{4, 2}));
  EXPECT_EQ(place_live_grid(machine, whole(machine), {4, 2}),
            (std::vector<Placement>{{{{0, 4}, {0, 1}}, {0, 0}}, {{{0, 4}, {1, 1}}, {0, 2}}}));
}

TEST(LiveGrid, PartsGiveTheSameSize) {
  const MachineView machine = drawn({"ooox", "oooo"});
  const std::vector<Region> halves = {{{0, 2}, {0, 2}}, {{2, 2}, {0, 2}}};
  EXPECT_EQ(largest_live_grid(machine, halves), (Coord{1, 2}));
  EXPECT_EQ(place_live_grid(machine, halves[1], {1, 2}, {1, 0}),
            (std::vector<Placement>{{{{1, 1}, {0, 2}}, {2, 0}}}));
}

TEST(LiveGrid, AMachineThatIsAllDisabledIsAnError) {
  const MachineView machine = drawn({"xx"});
  EXPECT_THROW(largest_live_grid(machine), Error);
}

// Every node of the grid is a live node of its own, neighbours stay neighbours or step over
// disabled nodes, and order is kept.
TEST(LiveGrid, NodesOfRealMachinesAreLiveAndInOrder) {
  for (const char* name : {"d1_die", "tile"}) {
    const TestTarget machine(name);
    const MachineView& view = machine.target.view;
    const Coord size = largest_live_grid(view);
    EXPECT_GE(int64_t{size.x} * size.y * 10, machine.target.topology.num_live() * 9) << name;
    std::set<std::pair<int32_t, int32_t>> seen;
    for (const Placement& place : place_live_grid(view, whole(view), size))
      for (int32_t j = 0; j < place.region.y.count; ++j)
        for (int32_t i = 0; i < place.region.x.count; ++i) {
          const Coord at{place.at.x + i, place.at.y + j};
          EXPECT_TRUE(view.is_live(at));
          EXPECT_GE(at.x, place.region.x.at(i));
          EXPECT_GE(at.y, place.region.y.at(j));
          EXPECT_TRUE(seen.insert({at.x, at.y}).second);
        }
    EXPECT_EQ(std::ssize(seen), int64_t{size.x} * size.y);
  }
}

}  // namespace
}  // namespace dojo::compiler
