#include "dojo/compiler/library/transpose.h"

#include <gtest/gtest.h>

#include "dojo/compiler/library/test_target.h"

namespace dojo::compiler {
namespace {

using Found = std::vector<std::string>;

TEST(Transpose, CanRunOnEachMachine) {
  for (const std::string& name : test_machines()) {
    const TestTarget machine = test_target(name);
    for (const auto& [rows, columns] : {std::pair{1, 1}, {100, 3}, {64, 1024}, {512, 512}})
      for (const program::ElementKind kind :
           {program::ElementKind::kBF16, program::ElementKind::kF32, program::ElementKind::kU8})
        EXPECT_EQ(problems_of(transpose(machine.target, {rows, columns, {kind}}), machine.target),
                  Found{})
            << name << " " << rows << " x " << columns;
  }
}

TEST(Transpose, BlocksAreWhole) {
  const TestTarget machine("unit:die");  // 4 x 3: 3 x 3 of it
  const program::Program p = transpose(machine.target, {.rows = 10, .columns = 30});
  EXPECT_EQ(p.grid, (program::Coord{3, 3}));
  EXPECT_EQ(p.allocations[0].shape, (std::vector<int64_t>{4, 16}));
  EXPECT_EQ(p.allocations[2].shape, (std::vector<int64_t>{16, 4}));
}

}  // namespace
}  // namespace dojo::compiler
