#include "dojo/compiler/library/folded_ring.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace dojo::compiler {
namespace {

int64_t value(const program::Formula& formula, int64_t x) {
  program::Frame frame{};
  frame[program::kX] = x;
  return evaluate(formula.steps(), frame).value();
}

TEST(FoldedRing, OfSixNodes) {
  const int64_t positions[] = {0, 5, 1, 4, 2, 3};
  for (int64_t x = 0; x < 6; ++x) {
    EXPECT_EQ(value(ring_position(program::x(), 6), x), positions[x]);
    EXPECT_EQ(value(ring_coordinate(program::x(), 6), positions[x]), x);
  }
}

TEST(FoldedRing, NobodyHasMoreThanTwoStepsToTheNext) {
  for (int64_t nodes = 1; nodes <= 21; ++nodes) {
    std::set<int64_t> seen;
    for (int64_t p = 0; p < nodes; ++p) {
      const int64_t at = value(ring_coordinate(program::x(), nodes), p);
      EXPECT_TRUE(0 <= at && at < nodes && seen.insert(at).second) << nodes << " " << p;
      EXPECT_EQ(value(ring_position(program::x(), nodes), at), p);
      const int64_t next = value(ring_coordinate_at(program::x(), 1, nodes), p);
      EXPECT_LE(std::abs(next - at), 2);
      EXPECT_EQ(next, value(ring_coordinate(program::x(), nodes), (p + 1) % nodes));
      EXPECT_EQ(value(ring_coordinate_at(program::x(), -1, nodes), (p + 1) % nodes), at);
    }
  }
}

}  // namespace
}  // namespace dojo::compiler
