#include "dojo/compiler/library/batch_norm.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/compiler/library/test_target.h"

namespace dojo::compiler {
namespace {

using Found = std::vector<std::string>;
using program::Coord;

TEST(BatchNorm, CanRunOnEachMachine) {
  for (const std::string& name : test_machines()) {
    const TestTarget machine = test_target(name);
    for (const BatchNormSizes& sizes : {BatchNormSizes{}, BatchNormSizes{1, 1}, {100, 256}})
      EXPECT_EQ(problems_of(batch_norm(machine.target, sizes), machine.target), Found{})
          << name << " " << sizes.positions << " " << sizes.channels;
  }
}

TEST(BatchNorm, CanRunOnTwentyFiveDiesAndOnOneNode) {
  for (const char* name : {"tile", "d1_node"}) {
    const TestTarget machine(name);
    EXPECT_EQ(problems_of(batch_norm(machine.target, {}), machine.target), Found{});
  }
}

TEST(BatchNorm, TheDiesOfATileGiveTheSameGrid) {
  const TestTarget unit("unit:tile");  // 2 x 2 dies of 4 x 3
  EXPECT_EQ(batch_norm_die(unit.target), (Coord{4, 3}));
  const TestTarget tile("tile");
  const Coord die = batch_norm_die(tile.target);
  EXPECT_GE(die.x * die.y, 300);
  EXPECT_EQ(batch_norm(tile.target, {}).grid, (Coord{5 * die.x, 5 * die.y}));
}

TEST(BatchNorm, SizesAreChecked) {
  const TestTarget machine("unit:die");
  EXPECT_THROW(batch_norm(machine.target, {.positions = 0}), Error);
  EXPECT_THROW(batch_norm(machine.target, {.channels = 1 << 20}), Error);
}

}  // namespace
}  // namespace dojo::compiler
