#include "dojo/program/barrier_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "dojo/program/node_map.h"

namespace dojo::program {
namespace {

TEST(BarrierTree, AFanOfOneIsAChainOfNeighbours) {
  const Barrier b{"b", {{0, 5}, {0, 3}}, {2, 1}, 1};
  EXPECT_EQ(barrier_parent(b, {0, 0}), (Coord{1, 0}));
  EXPECT_EQ(barrier_parent(b, {4, 2}), (Coord{3, 2}));
  EXPECT_EQ(barrier_parent(b, {3, 2}), (Coord{2, 2}));
  EXPECT_EQ(barrier_parent(b, {2, 2}), (Coord{2, 1}));  // a head: along the root's column
  EXPECT_EQ(barrier_parent(b, {2, 1}), (Coord{2, 1}));  // the root
}

TEST(BarrierTree, NumbersCountOutwardsFromTheHead) {
  // Columns 1, 3, ..., 19 with the head 7: 9 11 13 15 17 19 are 1 to 6 on the east, 5 3 1 are 1 to
  // 3 on the west.
  const Barrier b{"b", {{1, 10, 2}, {4, 1}}, {7, 4}, 2};
  for (const auto& [node, parent] :
       {std::pair{9, 7}, {11, 7}, {13, 9}, {15, 9}, {17, 11}, {19, 11}, {5, 7}, {3, 7}, {1, 5}})
    EXPECT_EQ(barrier_parent(b, {node, 4}), (Coord{parent, 4})) << node;
}

TEST(BarrierTree, ChildrenAreThoseWhoseParentANodeIs) {
  for (const Coord root : {Coord{1, 4}, {7, 6}, {19, 8}})
    for (const int32_t fan : {1, 2, 3, 64}) {
      const Barrier b{"b", {{1, 10, 2}, {4, 5}}, root, fan};
      std::map<std::pair<int32_t, int32_t>, int> found;
      for_each_node(b.region, [&](Coord node) {
        for_each_barrier_child(b, node, [&](Coord child) {
          EXPECT_EQ(barrier_parent(b, child), node);
          ++found[{child.x, child.y}];
        });
      });
      EXPECT_EQ(std::ssize(found), b.region.num_nodes() - 1);  // all but the root
      for (const auto& [child, times] : found) EXPECT_EQ(times, 1);
    }
}

}  // namespace
}  // namespace dojo::program
