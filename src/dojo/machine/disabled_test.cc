#include "dojo/machine/disabled.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "dojo/base/random.h"
#include "dojo/machine/load.h"

namespace dojo::machine {
namespace {

DisabledNodes drawn(Coord size, int64_t count, uint64_t seed = 1) {
  return {.size = size,
          .count = count,
          .placing = DisabledNodes::Placing::kEachDie,
          .seed = seed,
          .list = {}};
}

TEST(StayConnected, ACornerBehindTwoNodesIsCutOff) {
  const Coord size{4, 3};
  EXPECT_TRUE(stay_connected(size, {}));
  EXPECT_TRUE(stay_connected(size, std::vector<Coord>{{0, 0}}));
  EXPECT_TRUE(stay_connected(size, std::vector<Coord>{{1, 1}, {2, 1}}));
  EXPECT_FALSE(stay_connected(size, std::vector<Coord>{{1, 0}, {0, 1}}));
  EXPECT_FALSE(stay_connected(size, std::vector<Coord>{{2, 0}, {2, 1}, {2, 2}}));
  EXPECT_FALSE(stay_connected(size, std::vector<Coord>{{3, 1}, {2, 2}}));
}

TEST(DisabledNodes, AreSoManyOnEachDieAndNeverCutOthersOff) {
  const DisabledNodes d1 = drawn({20, 18}, 6);
  for (int64_t die = 0; die < 300; ++die) {
    const std::vector<Coord> places = d1.on_die(die);
    std::set<std::pair<int, int>> different;
    for (const Coord c : places) {
      EXPECT_TRUE(c.x >= 0 && c.x < 20 && c.y >= 0 && c.y < 18);
      different.emplace(c.y, c.x);
    }
    EXPECT_EQ(different.size(), 6u);
    EXPECT_TRUE(stay_connected(d1.size, places));
  }
}

// In a ring of 8 around one place that is drawn first, most further places would cut it.
TEST(DisabledNodes, AsManyAsLeaveOneCanBeDrawn) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<Coord> places = drawn({3, 3}, 8, seed).on_die(0);
    EXPECT_EQ(places.size(), 8u);
    EXPECT_EQ(drawn({4, 1}, 3, seed).on_die(0).size(), 3u);
  }
}

// The same rule, with the whole die looked at each time.
TEST(DisabledNodes, AreThoseThatASlowSearchTakes) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Coord size{12, 9};
    Random random(seed, stream_id("disabled nodes"), 0);
    std::vector<Coord> slow;
    while (slow.size() < 100) {
      const Coord c{static_cast<int32_t>(random.below(size.x)),
                    static_cast<int32_t>(random.below(size.y))};
      if (std::find(slow.begin(), slow.end(), c) != slow.end()) continue;
      slow.push_back(c);
      if (!stay_connected(size, slow)) slow.pop_back();
    }
    std::sort(slow.begin(), slow.end(),
              [](Coord a, Coord b) { return std::pair(a.y, a.x) < std::pair(b.y, b.x); });
    EXPECT_EQ(drawn(size, 100, seed).on_die(0), slow);
  }
}

TEST(DisabledNodes, DependOnSeedAndDieOnly) {
  EXPECT_EQ(drawn({20, 18}, 6).on_die(5), drawn({20, 18}, 6).on_die(5));
  EXPECT_NE(drawn({20, 18}, 6).on_die(5), drawn({20, 18}, 6).on_die(6));
  EXPECT_NE(drawn({20, 18}, 6, 1).on_die(5), drawn({20, 18}, 6, 2).on_die(5));
  DisabledNodes same = drawn({20, 18}, 6);
  same.placing = DisabledNodes::Placing::kAllDies;
  EXPECT_EQ(same.on_die(5), same.on_die(6));
  EXPECT_EQ(same.on_die(5), drawn({20, 18}, 6).on_die(0));
}

TEST(DisabledNodes, AreDrawnAllOverTheDie) {
  std::vector<int> hits(360);
  for (int64_t die = 0; die < 6000; ++die)
    for (const Coord c : drawn({20, 18}, 6).on_die(die))
      ++hits[static_cast<size_t>(c.y * 20 + c.x)];
  for (const int n : hits) {  // 100 expected, standard deviation 10
    EXPECT_GT(n, 50);
    EXPECT_LT(n, 150);
  }
}

TEST(DisabledNodes, AreWhatTheDescriptionSays) {
  const Machine die = load_machine("d1_die");
  Uses uses(die);
  EXPECT_EQ(disabled_nodes(uses).on_die(0).size(), 6u);
  const Machine unit = load_machine("unit");
  Uses unit_uses(unit);
  EXPECT_TRUE(disabled_nodes(unit_uses).on_die(0).empty());
}

}  // namespace
}  // namespace dojo::machine
