#include "dojo/sim/event_queue.h"

#include <gtest/gtest.h>

#include <map>

#include "dojo/base/random.h"

namespace dojo::sim {
namespace {

struct Event {
  uint64_t key = 0;
  int what = 0;
  uint64_t order() const { return key; }
};

std::vector<int> taken(EventQueue<Event>* queue, Cycles cycle) {
  std::vector<int> all;
  for (const Event& event : queue->take(cycle)) all.push_back(event.what);
  return all;
}

TEST(EventQueue, EventsOfACycleComeInTheirOrder) {
  EventQueue<Event> queue;
  EXPECT_EQ(queue.next(), kNever);
  queue.push(7, {3, 30});
  queue.push(7, {1, 10});
  queue.push(5, {9, 90});
  queue.push(7, {1, 11});  // alike: as they were put in
  EXPECT_EQ(queue.next(), 5);
  EXPECT_EQ(taken(&queue, 5), std::vector<int>{90});
  EXPECT_EQ(queue.next(), 7);
  EXPECT_EQ(taken(&queue, 7), (std::vector<int>{10, 11, 30}));
  queue.push(7, {0, 1});  // also into the cycle that is being taken
  EXPECT_EQ(queue.next(), 7);
  EXPECT_EQ(taken(&queue, 7), std::vector<int>{1});
  EXPECT_EQ(queue.next(), kNever);
}

TEST(EventQueue, IsASortedListForNearAndFar) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    EventQueue<Event> queue;
    std::multimap<std::pair<Cycles, uint64_t>, int> expected;
    Cycles now = 0;
    for (int i = 0; i < 3000; ++i) {
      if (random.chance(0.6)) {
        const Cycles cycle = now + random.below(random.chance(0.2) ? 20'000 : 50);
        const auto key = static_cast<uint64_t>(i) * 2654435761u % 1009 * 4096 +
                         static_cast<uint64_t>(i);  // all different
        queue.push(cycle, {key, i});
        expected.emplace(std::pair{cycle, key}, i);
        continue;
      }
      ASSERT_EQ(queue.next(), expected.empty() ? kNever : expected.begin()->first.first);
      if (expected.empty()) continue;
      now = queue.next();
      std::vector<int> due;
      while (!expected.empty() && expected.begin()->first.first == now) {
        due.push_back(expected.begin()->second);
        expected.erase(expected.begin());
      }
      ASSERT_EQ(taken(&queue, now), due);
    }
  }
}

}  // namespace
}  // namespace dojo::sim
