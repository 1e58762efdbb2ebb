#include "dojo/compiler/library/tree.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/compiler/library/test_target.h"

namespace dojo::compiler {
namespace {

using Found = std::vector<std::string>;
using program::Coord;

TEST(Tree, CanRunOnEachMachine) {
  for (const std::string& name : test_machines()) {
    const TestTarget machine = test_target(name);
    for (const int64_t elements : {1, 16, 128, 1000, 16384})
      for (const auto& make : {reduce, all_reduce_tree})
        EXPECT_EQ(problems_of(make(machine.target, {.elements = elements}), machine.target),
                  Found{})
            << name << " " << elements;
  }
}

TEST(Tree, TheRootCanBeAnywhere) {
  const TestTarget machine("unit:die");
  for (int32_t y = 0; y < 3; ++y)
    for (int32_t x = 0; x < 4; ++x)
      EXPECT_EQ(problems_of(all_reduce_tree(machine.target, {.elements = 300, .root = Coord{x, y}}),
                            machine.target),
                Found{});
  EXPECT_THROW(reduce(machine.target, {.root = Coord{4, 0}}), Error);
}

TEST(Tree, GridsOfOneRowOneColumnAndOneNode) {
  for (const char* size : {"columns", "rows"}) {
    const TestTarget machine("booksim_mesh", {"die/grid/" + std::string(size) + "=1"});
    EXPECT_EQ(problems_of(all_reduce_tree(machine.target, {}), machine.target), Found{});
  }
  const TestTarget one("d1_node");
  EXPECT_EQ(problems_of(all_reduce_tree(one.target, {}), one.target), Found{});
}

TEST(Tree, AMegabyteFitsIntoANode) {
  const TestTarget machine("tile");
  EXPECT_EQ(problems_of(all_reduce_tree(machine.target,
                                        {.elements = 250'000, .chunk = 4096, .root = Coord{0, 0}}),
                        machine.target),
            Found{});
}

TEST(Tree, ChunksFillFlits) {
  const TestTarget machine("unit:die");
  EXPECT_THROW(reduce(machine.target, {.chunk = 24}), Error);
  EXPECT_EQ(tree_chunk(1), 128);
  EXPECT_EQ(tree_chunk(8193), 144);
  EXPECT_EQ(tree_chunk(1 << 20), 1024);
}

}  // namespace
}  // namespace dojo::compiler
