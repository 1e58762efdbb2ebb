#include "dojo/sim/packet_ways.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "dojo/machine/load.h"
#include "dojo/sim/network/machine_network.h"

namespace dojo::sim {
namespace {

std::vector<PlaceId> live_places(const Topology& topology) {
  std::vector<PlaceId> places;
  for (NodeId n = 0; n < topology.nodes(); ++n)
    if (topology.live[n]) places.push_back(static_cast<PlaceId>(n));
  return places;
}

// Each target is written once, and each way begins once, where the message is.
void expect_tree(const PacketWays& ways, PlaceId from, const std::vector<PlaceId>& to) {
  std::vector<int> written(to.size()), begun(ways.ways.size());
  for (const int32_t way : ways.first) {
    ++begun[static_cast<size_t>(way)];
    EXPECT_EQ(ways.ways[static_cast<size_t>(way)].from, from);
  }
  for (const PacketWay& way : ways.ways) {
    ++written[static_cast<size_t>(way.target)];
    EXPECT_EQ(to[static_cast<size_t>(way.target)], way.to);
    for (const PacketWay::Stop& stop : way.stops) {
      EXPECT_EQ(way.stop(stop.place), &stop);
      if (stop.target >= 0) {
        ++written[static_cast<size_t>(stop.target)];
        EXPECT_EQ(to[static_cast<size_t>(stop.target)], stop.place);
      }
      for (const int32_t fork : stop.forks) {
        ++begun[static_cast<size_t>(fork)];
        EXPECT_EQ(ways.ways[static_cast<size_t>(fork)].from, stop.place);
      }
    }
  }
  EXPECT_TRUE(std::all_of(written.begin(), written.end(), [](int n) { return n == 1; }));
  EXPECT_TRUE(std::all_of(begun.begin(), begun.end(), [](int n) { return n == 1; }));
}

TEST(PacketWays, ReachEachTargetOnceAroundDisabledNodesToo) {
  const machine::Machine die = machine::load_machine("d1_die");
  machine::Uses uses(die);
  const MachineNetwork network = network_of(uses);
  PacketWayFinder finder(network.topology, network.parameters, 3);
  const std::vector<PlaceId> all = live_places(network.topology);
  for (const PlaceId from : {all.front(), all[all.size() / 2], all.back()})
    for (const int64_t flits : {int64_t{1}, int64_t{40}, int64_t{1024}})
      expect_tree(*finder.ways(from, all, flits), from, all);
}

TEST(PacketWays, OneTargetIsOneWay) {
  const Topology grid = mesh(8, 8, {.latency_cycles = 1});
  PacketWayFinder finder(grid, {}, 3);
  for (const PlaceId to : {0, 9, 63}) {
    const auto ways = finder.ways(9, std::vector{to}, 100);
    ASSERT_EQ(ways->ways.size(), 1u);
    EXPECT_EQ(ways->first, std::vector<int32_t>{0});
    EXPECT_TRUE(ways->ways[0].stops.empty());
  }
}

TEST(PacketWays, ARowIsOneWayInEachDirection) {
  const Topology grid = mesh(8, 1, {.latency_cycles = 1});
  PacketWayFinder finder(grid, {}, 3);
  const std::vector<PlaceId> all = live_places(grid);
  const auto from_end = finder.ways(0, all, 16);
  ASSERT_EQ(from_end->ways.size(), 1u);
  EXPECT_EQ(from_end->ways[0].to, 7);
  EXPECT_EQ(from_end->ways[0].stops.size(), 7u);  // itself, and those before the last
  EXPECT_EQ(finder.ways(3, all, 16)->ways.size(), 2u);
}

TEST(PacketWays, OfManyFlitsNoPortSendsManyCopies) {
  const Topology grid = mesh(8, 8, {.latency_cycles = 1});
  PacketWayFinder finder(grid, {}, 3);
  const std::vector<PlaceId> all = live_places(grid);
  const auto most_begun = [&](int64_t flits) {
    const auto ways = finder.ways(27, all, flits);
    std::map<PlaceId, int> begun;
    for (const PacketWay& way : ways->ways) ++begun[way.from];
    return std::max_element(begun.begin(), begun.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
        ->second;
  };
  EXPECT_EQ(most_begun(100000), 1);
  EXPECT_GT(most_begun(1), 4);  // one cycle each
}

}  // namespace
}  // namespace dojo::sim
