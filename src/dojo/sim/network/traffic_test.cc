#include "dojo/sim/network/traffic.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "dojo/base/error.h"

namespace dojo::sim {
namespace {

std::vector<ArrivedPacket> packets(const Topology& t, const TrafficOptions& options, Cycle piece) {
  const auto network = make_network(t, {}, {});
  Traffic traffic(t, options);
  for (Cycle end = piece; end <= 2000; end += piece) {
    traffic.create(end, *network);
    network->run_until(end);
  }
  network->run_until(20000);
  auto arrived = network->take_arrived();
  EXPECT_EQ(std::ssize(arrived), traffic.created());
  EXPECT_EQ(network->in_flight(), 0);
  return arrived;
}

TEST(Traffic, IsTheSameInPiecesOfAnyLength) {
  const TrafficOptions options{.rate = 0.01};
  EXPECT_EQ(packets(booksim_mesh(4, 4), options, 2000), packets(booksim_mesh(4, 4), options, 10));
}

TEST(Traffic, EachNodeCreatesPacketsAtTheRate) {
  std::map<NodeId, int> by_node;
  const auto all = packets(booksim_mesh(8, 8), {.rate = 0.05}, 2000);
  for (const ArrivedPacket& p : all) ++by_node[p.source];
  // 64 nodes, 2,000 cycles: 6,400 +- 78.
  EXPECT_NEAR(static_cast<double>(all.size()), 6400, 4 * 78);
  EXPECT_EQ(by_node.size(), 64u);
  for (const auto& [node, count] : by_node) EXPECT_NEAR(count, 100, 5 * 10) << node;
}

TEST(Traffic, EveryCycleHasAPacketAtRateOneAndNoneAtRateZero) {
  const Topology t = booksim_mesh(2, 1);
  EXPECT_EQ(packets(t, {.pattern = Pattern::kNeighbour, .rate = 1}, 2000).size(), 4000u);
  EXPECT_TRUE(packets(t, {.rate = 0}, 2000).empty());
}

TEST(Traffic, PatternsSayWhereto) {
  const Topology t = booksim_mesh(4, 4);
  for (const ArrivedPacket& p : packets(t, {.pattern = Pattern::kTranspose, .rate = 0.01}, 2000))
    EXPECT_EQ(p.destination, t.at(t.y(p.source), t.x(p.source)));
  for (const ArrivedPacket& p : packets(t, {.pattern = Pattern::kNeighbour, .rate = 0.01}, 2000))
    EXPECT_EQ(p.destination, t.at((t.x(p.source) + 1) % 4, t.y(p.source)));
  const auto to_middle = [&](Pattern pattern) {
    int middle = 0, all = 0;
    for (const ArrivedPacket& p : packets(t, {.pattern = pattern, .rate = 0.03}, 2000)) {
      ++all;
      middle += p.destination == t.at(2, 2);
    }
    return static_cast<double>(middle) / all;
  };
  EXPECT_NEAR(to_middle(Pattern::kUniform), 1.0 / 16, 0.03);
  EXPECT_NEAR(to_middle(Pattern::kHotspot), 1.0 / 8 + 7.0 / 8 / 16, 0.05);
}

TEST(Traffic, DeadNodesNeitherSendNorReceive) {
  Topology t = booksim_mesh(3, 3);
  kill(t, t.at(2, 2));
  std::set<NodeId> seen;
  for (const ArrivedPacket& p : packets(t, {.rate = 0.02}, 2000)) {
    seen.insert(p.source);
    seen.insert(p.destination);
  }
  EXPECT_EQ(seen.size(), 8u);
  EXPECT_FALSE(seen.contains(t.at(2, 2)));
}

TEST(Traffic, WhatItCannotBeIsRefused) {
  EXPECT_THROW(Traffic(booksim_mesh(2, 2), {.rate = 1.5}), Error);
  EXPECT_THROW(Traffic(booksim_mesh(2, 3), {.pattern = Pattern::kTranspose}), Error);
  EXPECT_THROW(parse_pattern("tornado"), Error);
  EXPECT_EQ(parse_pattern(name(Pattern::kHotspot)), Pattern::kHotspot);
}

}  // namespace
}  // namespace dojo::sim
