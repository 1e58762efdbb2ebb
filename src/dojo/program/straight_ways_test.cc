#include "dojo/program/straight_ways.h"

#include <gtest/gtest.h>

namespace dojo::program {
namespace {

// Node by node.
bool walks(const MachineView& machine, Coord at, Coord to) {
  const auto step = [](int32_t from, int32_t target) { return (target > from) - (target < from); };
  while (machine.is_live(at) && at != to) {
    const bool along_x = machine.x_first ? at.x != to.x : at.y == to.y;
    (along_x ? at.x : at.y) += along_x ? step(at.x, to.x) : step(at.y, to.y);
  }
  return machine.is_live(at);
}

TEST(StraightWays, AreFreeWhereAWalkerGetsThrough) {
  MachineView machine;
  machine.grid = {5, 4};
  machine.is_live = [](Coord c) {
    return c != Coord{1, 1} && c != Coord{3, 2} && c != Coord{4, 0};
  };
  for (const bool x_first : {true, false}) {
    machine.x_first = x_first;
    const StraightWays ways(machine);
    int num_free = 0;
    for (int32_t i = 0; i < 20; ++i)
      for (int32_t j = 0; j < 20; ++j) {
        const Coord a{i % 5, i / 5}, b{j % 5, j / 5};
        ASSERT_EQ(ways.is_free(a, b), walks(machine, a, b)) << i << " to " << j;
        num_free += ways.is_free(a, b);
      }
    EXPECT_GT(num_free, 100);
    EXPECT_LT(num_free, 300);
  }
}

}  // namespace
}  // namespace dojo::program
