#include "dojo/compiler/library/ring.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/compiler/library/test_target.h"

namespace dojo::compiler {
namespace {

using Found = std::vector<std::string>;

TEST(Ring, CanRunOnEachMachine) {
  for (const std::string& name : test_machines()) {
    const TestTarget machine = test_target(name);
    for (const int64_t elements : {1, 1000, 16384})
      EXPECT_EQ(
          problems_of(all_reduce_ring(machine.target, {.elements = elements}), machine.target),
          Found{})
          << name << " " << elements;
  }
}

TEST(Ring, GridsOfOneRowOneColumnAndOneNode) {
  for (const char* size : {"columns", "rows"}) {
    const TestTarget machine("booksim_mesh", {"die/grid/" + std::string(size) + "=1"});
    EXPECT_EQ(problems_of(all_reduce_ring(machine.target, {}), machine.target), Found{});
  }
  const TestTarget one("d1_node");
  EXPECT_EQ(problems_of(all_reduce_ring(one.target, {}), one.target), Found{});
}

TEST(Ring, NumbersAreFilledUpToWholeParts) {
  const TestTarget machine("unit:die");  // 4 x 3
  const program::Program p = all_reduce_ring(machine.target, {.elements = 25});
  EXPECT_EQ(p.allocations[0].shape, (std::vector<int64_t>{2, 4, 3, 2}));
  EXPECT_THROW(all_reduce_ring(machine.target, {.elements = 0}), Error);
}

}  // namespace
}  // namespace dojo::compiler
