#include "dojo/sim/network/routes.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/base/random.h"

namespace dojo::sim {
namespace {

using Channel = std::tuple<NodeId, int, int>;  // node, port, class

// The channels that a packet takes, in order, and its nodes.
struct Way {
  std::vector<Channel> channels;
  std::vector<NodeId> nodes;
};

Way way(Routes& routes, const Topology& t, NodeId from, NodeId to) {
  const Stops stops = routes.stops(from, to);
  Way w{.channels = {}, .nodes = {from}};
  uint32_t vc_class = 0;
  while (true) {
    const Hop hop = routes.next(w.nodes.back(), stops, vc_class);
    if (hop.port == kLocal) break;
    w.channels.push_back({w.nodes.back(), hop.port, hop.vc_class});
    w.nodes.push_back(t.neighbour(w.nodes.back(), hop.port));
    vc_class = hop.vc_class;
    if (w.nodes.size() > 4 * t.nodes()) break;
  }
  EXPECT_EQ(hops(routes, from, stops), std::ssize(w.nodes));
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
  Routes routes(t, 8);
  EXPECT_EQ(routes.num_classes(), 1);
  EXPECT_EQ(routes.vcs(0), 0xff);
  EXPECT_EQ(way(routes, t, 0, 11).nodes, (std::vector<NodeId>{0, 1, 2, 3, 7, 11}));
  EXPECT_EQ(way(routes, t, 11, 0).nodes, (std::vector<NodeId>{11, 10, 9, 8, 4, 0}));
}

TEST(Routes, GoOverAnotherNodeWhereADeadOneIsInTheWay) {
  //  0 1 x 3
  //  4 5 6 7
  Topology t = booksim_mesh(4, 2);
  kill(t, 2);
  Routes routes(t, 8);
  EXPECT_EQ(routes.num_classes(), 3);
  EXPECT_EQ(routes.vcs(0), 0x3f);
  EXPECT_EQ(routes.vcs(1), 0x40);
  EXPECT_EQ(routes.vcs(2), 0x80);
  EXPECT_EQ(way(routes, t, 0, 3).nodes, (std::vector<NodeId>{0, 4, 5, 6, 7, 3}));
  EXPECT_EQ(way(routes, t, 0, 7).nodes, (std::vector<NodeId>{0, 4, 5, 6, 7}));
  // 7 to 1 is clear: along the row first.
  EXPECT_EQ(way(routes, t, 7, 1).nodes, (std::vector<NodeId>{7, 6, 5, 1}));
}

TEST(Routes, GoOverTwoNodesWhereOneIsNotEnough) {
  //  0 x 2 3      0 to 3: down, and up again before the next dead one
  //  4 5 6 x
  //  8 9 x 11
  Topology t = booksim_mesh(4, 3);
  for (const NodeId n : {1u, 7u, 10u}) kill(t, n);
  Routes routes(t, 4);
  const Way w = way(routes, t, 0, 3);
  EXPECT_EQ(w.nodes, (std::vector<NodeId>{0, 4, 5, 6, 2, 3}));
  EXPECT_EQ(std::get<2>(w.channels.front()), 0);
  EXPECT_EQ(std::get<2>(w.channels.back()), 2);
  Routes two(t, 3);
  EXPECT_EQ(two.num_classes(), 2);
  EXPECT_THROW(two.stops(0, 3), Error);
}

TEST(Routes, KeepToLiveNodesArriveAndWaitForEachOtherInNoRing) {
  int64_t detours = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const Topology t = random_topology(seed);
    Routes routes(t, 8);
    std::map<Channel, std::set<Channel>> after;
    for (NodeId from = 0; from < t.nodes(); ++from)
      for (NodeId to = 0; to < t.nodes(); ++to) {
        if (!t.live[from] || !t.live[to]) continue;
        Way w;
        try {
          w = way(routes, t, from, to);
        } catch (const Error& e) {
          EXPECT_EQ(e.category(), Category::kUnsupported);
          continue;
        }
        ASSERT_EQ(w.nodes.back(), to) << seed;
        detours += routes.stops(from, to)[0] != to;
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

TEST(Routes, WhereNoNodeHelpsItIsAnError) {
  //  0 x 2     no other node is on both sides
  Topology t = booksim_mesh(3, 1);
  kill(t, 1);
  Routes routes(t, 8);
  try {
    routes.stops(0, 2);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kUnsupported);
    EXPECT_EQ(e.message(), "no way from (0,0) to (2,0) with 2 stops");
  }
  EXPECT_THROW(Routes(t, 1), Error);
}

}  // namespace
}  // namespace dojo::sim
