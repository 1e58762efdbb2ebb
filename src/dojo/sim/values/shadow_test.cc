#include "dojo/sim/values/shadow.h"

#include <gtest/gtest.h>

#include <map>

#include "dojo/base/random.h"

namespace dojo::sim {
namespace {

Clock knowing(std::initializer_list<std::pair<uint32_t, uint32_t>> times) {
  Clock clock;
  for (const auto& [agent, time] : times) clock.set(agent, time);
  return clock;
}

TEST(Clock, JoinKnowsWhatEitherKnew) {
  Clock a = knowing({{0, 3}, {70, 2}});
  const Clock b = knowing({{0, 1}, {70, 5}, {200, 1}});
  const Clock before = a;
  a.join(b);
  EXPECT_EQ(a.of(0), 3u);
  EXPECT_EQ(a.of(70), 5u);
  EXPECT_EQ(a.of(200), 1u);
  EXPECT_EQ(a.of(1000), 0u);
  EXPECT_EQ(before.of(70), 2u);  // copies do not change with it
}

TEST(Shadow, ReadsDoNotRaceWithEachOther) {
  Shadow shadow;
  EXPECT_FALSE(shadow.note(0, 64, false, {1, 1, 0}, {}));
  EXPECT_FALSE(shadow.note(0, 64, false, {2, 1, 0}, {}));
  EXPECT_FALSE(shadow.note(10, 3, false, {3, 1, 0}, {}));
  // The write follows two of them only.
  const auto race = shadow.note(0, 64, true, {4, 1, 0}, knowing({{1, 1}, {2, 1}}));
  ASSERT_TRUE(race);
  EXPECT_EQ(race->other.agent, 3u);
  EXPECT_EQ(race->address, 10);
  EXPECT_FALSE(race->other_writes);
}

TEST(Shadow, WritesRaceUnlessOrdered) {
  Shadow shadow;
  EXPECT_FALSE(shadow.note(100, 200, true, {1, 5, 77}, {}));
  EXPECT_FALSE(shadow.note(90, 10, true, {2, 1, 0}, {}));  // beside it
  EXPECT_FALSE(shadow.note(150, 10, false, {2, 1, 0}, knowing({{1, 5}})));
  const auto race = shadow.note(299, 1, false, {2, 1, 0}, knowing({{1, 4}}));
  ASSERT_TRUE(race);
  EXPECT_EQ(race->other.site, 77u);
  EXPECT_TRUE(race->other_writes);
  EXPECT_FALSE(shadow.note(300, 1, false, {2, 1, 0}, {}));
}

// Lines with one entry must say what bytes with an entry each say.
TEST(Shadow, IsWhatAnEntryForEachByteSays) {
  struct Byte {
    Access write;
    std::map<uint32_t, uint32_t> reads;
  };
  int races = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    Shadow shadow;
    std::map<int64_t, Byte> bytes;
    std::array<Clock, 4> known;
    for (uint32_t a = 0; a < 4; ++a) known[a].set(a, 1);
    const int64_t steps = 1 + random.below(40);
    for (int64_t step = 0; step < steps; ++step) {
      const auto agent = static_cast<uint32_t>(random.below(4));
      if (random.chance(0.3)) {  // it learns what another one knows
        const auto other = static_cast<uint32_t>(random.below(4));
        known[agent].join(known[other]);
        if (other != agent) known[other].set(other, known[other].of(other) + 1);
        continue;
      }
      const bool whole = random.chance(0.6), writes = random.chance(0.4);
      const int64_t address = whole ? 64 * random.below(3) : random.below(190);
      const int64_t size = whole ? 64 : 1 + random.below(30);
      const Access access{agent, known[agent].of(agent), static_cast<uint32_t>(step)};
      bool expected = false;
      for (int64_t b = address; b < address + size; ++b) {
        const Byte& byte = bytes[b];
        const auto knows = [&](uint32_t other, uint32_t time) {
          return known[agent].of(other) >= time;
        };
        if (!byte.write.is_none() && !knows(byte.write.agent, byte.write.time)) expected = true;
        if (writes)
          for (const auto& [reader, time] : byte.reads) expected |= !knows(reader, time);
      }
      const bool found = shadow.note(address, size, writes, access, known[agent]).has_value();
      ASSERT_EQ(found, expected) << "seed " << seed << ", step " << step;
      if (found) {
        ++races;
        break;  // what is noted of an access that races is of no use
      }
      for (int64_t b = address; b < address + size; ++b) {
        if (writes)
          bytes[b] = {access, {}};
        else
          bytes[b].reads[agent] = access.time;
      }
    }
  }
  EXPECT_GT(races, 50);
  EXPECT_LT(races, 300);
}

}  // namespace
}  // namespace dojo::sim
