#include "dojo/sim/line_stages.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"

namespace dojo::sim {
namespace {

using Places = std::vector<PlaceId>;

// Rows of 10 nodes, of which these are dead.
struct Rows {
  Rows(int32_t rows, const Places& dead) : live(static_cast<size_t>(10 * rows), 1) {
    for (const PlaceId p : dead) live[static_cast<size_t>(p)] = 0;
    routes.emplace(10, rows, live);
    known.emplace(*routes);
  }
  Walks walks() const { return {*routes, *known, 10}; }
  Places stages(PlaceId from, PlaceId to, const std::unordered_set<PlaceId>& targets) const {
    return line_stages(walks(), walks().line(from, to), targets);
  }
  std::vector<uint8_t> live;
  std::optional<Routes> routes;
  mutable std::optional<KnownWays> known;
};

TEST(LineStages, ALineOfLiveNodesIsOne) {
  const Rows rows(3, {0});
  EXPECT_EQ(rows.stages(10, 19, {11, 12, 15, 19}), Places{19});
}

// 10 11 12 x 14 15 16 x x 19
TEST(LineStages, OneEndsBehindADeadNodeWhereItWouldGoOnBesideTheTargets) {
  const Rows rows(3, {13, 17, 18});
  EXPECT_EQ(rows.stages(10, 19, {11, 12, 14, 15, 16, 19}), (Places{14, 19}));
  // Where two packets would pass no more targets than one.
  EXPECT_EQ(rows.stages(10, 19, {19}), Places{19});
}

TEST(LineStages, WhereAPacketReturnsToTheLineItGoesOn) {
  const Rows columns(8, {34});  // of the column of 4
  EXPECT_EQ(columns.walks().way(24, 74), (Places{24, 23, 33, 43, 44, 54, 64, 74}));
  EXPECT_EQ(columns.stages(4, 74, {14, 24, 44, 54, 64, 74}), (Places{24, 74}));
}

TEST(Walks, WhereThereIsNoWayThereIsNone) {
  const Rows rows(2, {1, 10});
  EXPECT_THROW(rows.walks().way(0, 5), Error);
  EXPECT_EQ(rows.walks().way_if_any(0, 5), std::nullopt);
  EXPECT_EQ(rows.walks().line(0, 12), (Places{0, 1, 2, 12}));
}

}  // namespace
}  // namespace dojo::sim
