#include "dojo/program/node_map.h"

#include <gtest/gtest.h>

#include "dojo/program/text.h"

namespace dojo::program {
namespace {

TEST(NodeMap, NodesHaveTheirClassAndRegion) {
  const Program program = parse_program(
      "program \"p\" { nodes 6 x 4 layout l { } class even uses l { on [0:+3:2, 0:+4] on [5, 3] } "
      "class "
      "odd uses l { on [1:+2:2, 0:+2] } }");
  const NodeMap map(program);
  EXPECT_EQ(map.num_nodes(), 12 + 1 + 4);
  int64_t with_role = 0;
  for (size_t cell = 0; cell < map.num_cells(); ++cell) {
    const Coord c = map.coord(cell);
    ASSERT_EQ(map.cell(c), cell);
    with_role += map.has_role(cell);
    if (!map.has_role(cell)) continue;
    const NodeMap::Role role = map.role(cell);
    const NodeClass& node_class = program.classes[at(role.node_class)];
    EXPECT_TRUE(node_class.regions[static_cast<size_t>(role.region)].region.contains(c));
    EXPECT_EQ(map.place(cell), c);
  }
  EXPECT_EQ(with_role, map.num_nodes());
}

TEST(NodeMap, PlacesTurnAndShift) {
  // A row of five winds back on itself, and the second row closes up around a gap.
  const NodeMap map(
      parse_program("program \"p\" { nodes 5 x 2 place [0:+3, 0] at (7, 1) place [3:+2, 0] at (9, "
                    "2) right (-1, 0) "
                    "down (0, 1) place [0:+2, 1] at (0, 5) place [2:+3, 1] at (3, 5) }"));
  const auto place = [&](int32_t x, int32_t y) { return map.place(map.cell({x, y})); };
  EXPECT_EQ(place(2, 0), (Coord{9, 1}));
  EXPECT_EQ(place(3, 0), (Coord{9, 2}));
  EXPECT_EQ(place(4, 0), (Coord{8, 2}));
  EXPECT_EQ(place(1, 1), (Coord{1, 5}));
  EXPECT_EQ(place(2, 1), (Coord{3, 5}));
}

TEST(NodeMap, ColumnsBecomeRows) {
  const NodeMap map(parse_program(
      "program \"p\" { nodes 3 x 2 place [0:+3, 0:+2] at (10, 20) right (0, 1) down (-1, 0) }"));
  EXPECT_EQ(map.place(map.cell({2, 1})), (Coord{9, 22}));
}

}  // namespace
}  // namespace dojo::program
