#include "dojo/sim/network/routes.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/base/random.h"
#include "dojo/machine/load.h"
#include "dojo/sim/network/machine_network.h"

namespace dojo::sim {
namespace {

using Channel = std::tuple<NodeId, int, int>;  // node, port, class

// The channels that a packet takes, in order, and its nodes.
struct Walk {
  std::vector<Channel> channels;
  std::vector<NodeId> nodes;
};

Walk walk(const Routes& routes, const Topology& t, NodeId from, NodeId to) {
  const Way way = routes.way(from, to);
  EXPECT_EQ(way.stops.back(), to);
  Walk w{.channels = {}, .nodes = {from}};
  for (size_t stop = 0; stop < way.stops.size();) {
    const uint8_t port = routes.towards(w.nodes.back(), way.stops[stop]);
    if (port == kLocal) {
      ++stop;
      continue;
    }
    w.channels.push_back({w.nodes.back(), port, way.vc_class(stop)});
    w.nodes.push_back(t.neighbour(w.nodes.back(), port));
  }
  EXPECT_EQ(routes.hops(from, way), std::ssize(w.nodes));
  return w;
}

Topology random_topology(uint64_t seed) {
  Random random(seed, stream_id("dead nodes"));
  Topology t = booksim_mesh(static_cast<int32_t>(3 + random.below(5)),
                            static_cast<int32_t>(3 + random.below(5)));
  for (int i = 0; i < 3; ++i) {
    const auto n = static_cast<NodeId>(random.below(t.nodes()));
    if (t.live[n]) kill(t, n);
  }
  return t;
}

bool has_ring(const std::map<Channel, std::set<Channel>>& after) {
  std::map<Channel, int> state;  // 1: on the way, 2: done
  std::vector<std::pair<Channel, bool>> stack;
  for (const auto& [start, unused] : after) stack.push_back({start, false});
  while (!stack.empty()) {
    const auto [c, leaving] = stack.back();
    stack.pop_back();
    if (leaving) {
      state[c] = 2;
      continue;
    }
    if (state[c] == 2) continue;
    if (state[c] == 1) continue;
    state[c] = 1;
    stack.push_back({c, true});
    if (const auto found = after.find(c); found != after.end())
      for (const Channel& next : found->second) {
        if (state[next] == 1) return true;
        if (state[next] == 0) stack.push_back({next, false});
      }
  }
  return false;
}

TEST(Routes, WithoutDeadNodesGoAlongTheRowAndThenTheColumn) {
  const Topology t = booksim_mesh(4, 3);
  const Routes routes(t);
  EXPECT_EQ(routes.num_classes(), 1);
  EXPECT_EQ(channels_of_classes(routes, 8)[0], 0xff);
  EXPECT_EQ(walk(routes, t, 0, 11).nodes, (std::vector<NodeId>{0, 1, 2, 3, 7, 11}));
  EXPECT_EQ(walk(routes, t, 11, 0).nodes, (std::vector<NodeId>{11, 10, 9, 8, 4, 0}));
}

TEST(Routes, GoAroundDeadNodes) {
  //  0 1 x 3 4
  //  5 6 7 8 9
  Topology t = booksim_mesh(5, 2);
  kill(t, 2);
  const Routes routes(t);
  EXPECT_EQ(routes.num_classes(), 2);
  EXPECT_EQ(channels_of_classes(routes, 8), (std::array<uint8_t, 2>{0x0f, 0xf0}));
  EXPECT_EQ(walk(routes, t, 0, 4).nodes, (std::vector<NodeId>{0, 1, 6, 7, 8, 9, 4}));
  EXPECT_EQ(routes.way(0, 4).vc_class(0), 0);
  EXPECT_EQ(walk(routes, t, 4, 0).nodes, (std::vector<NodeId>{4, 3, 8, 7, 6, 5, 0}));
  EXPECT_EQ(routes.way(4, 0).vc_class(0), 1);
  // Clear along the row and then the column.
  EXPECT_EQ(walk(routes, t, 9, 1).nodes, (std::vector<NodeId>{9, 8, 7, 6, 1}));
}

TEST(Routes, StepAsideWhereTheColumnIsBlocked) {
  //  0 1 2    0 to 6: east first, and so of class 1
  //  x 4 5
  //  6 7 8
  Topology t = booksim_mesh(3, 3);
  kill(t, 3);
  const Routes routes(t);
  EXPECT_EQ(walk(routes, t, 0, 6).nodes, (std::vector<NodeId>{0, 1, 4, 7, 6}));
  EXPECT_EQ(routes.way(0, 6).vc_class(0), 1);
  EXPECT_EQ(channels_of_classes(routes, 2), (std::array<uint8_t, 2>{1, 2}));
  EXPECT_THROW(channels_of_classes(routes, 1), Error);
}

TEST(Routes, KeepToLiveNodesArriveAndWaitForEachOtherInNoRing) {
  int64_t detours = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const Topology t = random_topology(seed);
    const Routes routes(t);
    std::map<Channel, std::set<Channel>> after;
    for (NodeId from = 0; from < t.nodes(); ++from)
      for (NodeId to = 0; to < t.nodes(); ++to) {
        if (!t.live[from] || !t.live[to]) continue;
        Walk w;
        try {
          w = walk(routes, t, from, to);
        } catch (const Error& e) {
          EXPECT_EQ(e.category(), Category::kUnsupported);
          continue;
        }
        ASSERT_EQ(w.nodes.back(), to) << seed;
        detours += routes.way(from, to).stops.size() > 1;
        for (const NodeId n : w.nodes) ASSERT_TRUE(t.live[n]) << seed << ": " << from << " " << to;
        for (size_t i = 1; i < w.channels.size(); ++i)
          after[w.channels[i - 1]].insert(w.channels[i]);
      }
    EXPECT_FALSE(has_ring(after)) << seed;
  }
  EXPECT_GT(detours, 1000);
}

TEST(Routes, ARingIsSeen) {
  // That the test above can fail.
  const Channel a{0, 0, 0}, b{1, 0, 0}, c{2, 0, 0};
  EXPECT_TRUE(has_ring({{a, {b}}, {b, {c}}, {c, {a}}}));
  EXPECT_FALSE(has_ring({{a, {b, c}}, {b, {c}}}));
}

TEST(Routes, LookFurtherWhereTheNearestRowEndsBlind) {
  //  0  1  2  3
  //  4  5  x  x
  //  8  9 10 11
  // 12  x  x 15
  Topology t = booksim_mesh(4, 4);
  for (const NodeId n : {6u, 7u, 13u, 14u}) kill(t, n);
  const Routes routes(t);
  EXPECT_EQ(walk(routes, t, 0, 15).nodes, (std::vector<NodeId>{0, 1, 5, 9, 10, 11, 15}));
  EXPECT_EQ(walk(routes, t, 3, 15).nodes, (std::vector<NodeId>{3, 2, 1, 5, 9, 10, 11, 15}));
  EXPECT_EQ(walk(routes, t, 12, 3).nodes, (std::vector<NodeId>{12, 8, 9, 5, 1, 2, 3}));
}

TEST(Routes, GoOverToTheSecondClassWhereOneDoesNotDo) {
  //  0  1  2  3  4  5  6  7  8     21 to 23: out to the west, in from the east
  //  9 10  x  x 13  x  x 16 17
  // 18 19 20 21  x 23 24 25 26
  // 27 28 29 30  x 32 33 34 35
  // 36 37  x  x 40  x  x 43 44
  // 45 46 47 48 49 50 51 52 53
  Topology t = booksim_mesh(9, 6);
  for (const NodeId n : {11u, 12u, 14u, 15u, 22u, 31u, 38u, 39u, 41u, 42u}) kill(t, n);
  const Routes routes(t);
  EXPECT_EQ(walk(routes, t, 21, 23).nodes,
            (std::vector<NodeId>{21, 20, 19, 10, 1, 2, 3, 4, 5, 6, 7, 16, 25, 24, 23}));
  const Way way = routes.way(21, 23);
  EXPECT_EQ(way.stops, (std::vector<NodeId>{1, 25, 23}));
  EXPECT_EQ(way.second, 2u);
  EXPECT_THROW(routes.way(21, 23, 2), Error);
}

TEST(Routes, LeaveAndEnterDeadEndsAsTheyCan) {
  //  0  1  2  3  4
  //  5  6  x  x  9      7 and 8 dead; 13 can be left to the west only, over 12
  // 10 11 12 13  x
  // 15 16  x  x 19
  Topology t = booksim_mesh(5, 4);
  for (const NodeId n : {7u, 8u, 14u, 17u, 18u}) kill(t, n);
  const Routes routes(t);
  EXPECT_EQ(walk(routes, t, 13, 12).nodes, (std::vector<NodeId>{13, 12}));
  EXPECT_EQ(walk(routes, t, 13, 9).nodes, (std::vector<NodeId>{13, 12, 11, 6, 1, 2, 3, 4, 9}));
  EXPECT_EQ(walk(routes, t, 9, 13).nodes, (std::vector<NodeId>{9, 4, 3, 2, 1, 6, 11, 12, 13}));
}

TEST(Routes, GoAlongTheColumnFirstWhereTheMachineDoes) {
  //  0 1 2
  //  3 x 5
  Topology t = booksim_mesh(3, 2);
  kill(t, 4);
  const Routes routes(3, 2, t.live, false);
  EXPECT_TRUE(routes.is_straight(0, 2));
  EXPECT_FALSE(routes.is_straight(1, 5));
  EXPECT_EQ(walk(routes, t, 3, 2).nodes, (std::vector<NodeId>{3, 0, 1, 2}));
  EXPECT_EQ(walk(routes, t, 1, 5).nodes, (std::vector<NodeId>{1, 2, 5}));
}

TEST(Routes, FindAWayBetweenAnyTwoNodesOfATile) {
  const machine::Machine tile = machine::load_machine("tile");
  machine::Uses uses(tile);
  const Topology t = network_of(uses).topology;
  const Routes routes(t);
  Random random(1);
  for (int i = 0; i < 200000; ++i) {
    const auto from = static_cast<NodeId>(random.below(t.nodes()));
    const auto to = static_cast<NodeId>(random.below(t.nodes()));
    if (!t.live[from] || !t.live[to]) continue;
    const Way way = routes.way(from, to);
    const int32_t straight = 1 + std::abs(t.x(from) - t.x(to)) + std::abs(t.y(from) - t.y(to));
    ASSERT_LE(routes.hops(from, way), straight + 16) << from << " " << to;
  }
}

TEST(Routes, WhereThereIsNoWayItIsAnError) {
  //  0 x 2
  Topology t = booksim_mesh(3, 1);
  kill(t, 1);
  const Routes routes(t);
  try {
    routes.way(0, 2);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kUnsupported);
    EXPECT_EQ(e.message(), "no way from (0,0) to (2,0)");
  }
}

}  // namespace
}  // namespace dojo::sim
