#include "dojo/sim/packet_ways.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "dojo/base/error.h"
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

// Each target is written once, each way begins once, where the message is or passes, and goes from
// node to node to its end.
void expect_tree(const PacketWays& ways, PlaceId from, const std::vector<PlaceId>& to) {
  std::vector<int> written(to.size()), begun(ways.ways.size());
  for (const int32_t way : ways.first) {
    ++begun[static_cast<size_t>(way)];
    EXPECT_EQ(ways.ways[static_cast<size_t>(way)].from, from);
  }
  for (const PacketWays::Way& way : ways.ways) {
    const std::span<const PacketWays::Step> steps =
        std::span(ways.steps)
            .subspan(static_cast<size_t>(way.first_step),
                     static_cast<size_t>(way.last_step - way.first_step + 1));
    EXPECT_EQ(steps.front().place, way.from);
    EXPECT_EQ(steps.back().place, way.to);
    for (const PacketWays::Step& step : steps) {
      const bool ends = &step == &steps.back();
      EXPECT_EQ(step.port == kLocal, ends);
      EXPECT_TRUE(ends || way.leaves_copies || (step.target < 0 && step.num_forks == 0));
      if (step.target >= 0) {
        ++written[static_cast<size_t>(step.target)];
        EXPECT_EQ(to[static_cast<size_t>(step.target)], step.place);
      }
      for (int32_t f = step.first_fork; f < step.first_fork + step.num_forks; ++f) {
        const auto fork = static_cast<size_t>(ways.forks[static_cast<size_t>(f)]);
        ++begun[fork];
        EXPECT_EQ(ways.ways[fork].from, step.place);
      }
    }
  }
  EXPECT_TRUE(std::all_of(written.begin(), written.end(), [](int n) { return n == 1; }));
  EXPECT_TRUE(std::all_of(begun.begin(), begun.end(), [](int n) { return n == 1; }));
}

// Of a network; ways as its packets go.
struct Finder {
  explicit Finder(const Topology& t, int64_t most_packet_flits = 16)
      : routes(t), finder(routes, t.columns, most_packet_flits, 3) {}
  std::shared_ptr<const PacketWays> ways(PlaceId from, std::span<const PlaceId> to, int64_t flits) {
    return finder.ways(from, to, flits);
  }
  Routes routes;
  PacketWayFinder finder;
};

TEST(PacketWays, ReachEachTargetOnceAroundDisabledNodesToo) {
  for (const char* name : {"d1_die", "tile"}) {
    const machine::Machine machine = machine::load_machine(name);
    machine::Uses uses(machine);
    const MachineNetwork network = network_of(uses);
    Finder finder(network.topology);
    const std::vector<PlaceId> all = live_places(network.topology);
    for (const PlaceId from : {all.front(), all[all.size() / 2], all.back()})
      for (const int64_t flits : {int64_t{1}, int64_t{40}, int64_t{1024}})
        expect_tree(*finder.ways(from, all, flits), from, all);
  }
}

TEST(PacketWays, OneTargetIsOneWay) {
  const Topology grid = mesh(8, 8, {.latency_cycles = 1});
  Finder finder(grid);
  for (const PlaceId to : {0, 9, 63}) {
    const auto ways = finder.ways(9, std::vector{to}, 100);
    ASSERT_EQ(ways->ways.size(), 1u);
    EXPECT_EQ(ways->first, std::vector<int32_t>{0});
    EXPECT_FALSE(ways->ways[0].leaves_copies);
  }
}

TEST(PacketWays, ARowIsOneWayInEachDirection) {
  const Topology grid = mesh(8, 1, {.latency_cycles = 1});
  Finder finder(grid);
  const std::vector<PlaceId> all = live_places(grid);
  const auto from_end = finder.ways(0, all, 16);
  ASSERT_EQ(from_end->ways.size(), 1u);
  EXPECT_EQ(from_end->ways[0].to, 7);
  EXPECT_EQ(from_end->steps.size(), 8u);
  EXPECT_EQ(finder.ways(3, all, 16)->ways.size(), 2u);
}

TEST(PacketWays, OfManyFlitsNoPortSendsManyCopies) {
  const Topology grid = mesh(8, 8, {.latency_cycles = 1});
  Finder finder(grid);
  const std::vector<PlaceId> all = live_places(grid);
  const auto most_begun = [&](int64_t flits) {
    const auto ways = finder.ways(27, all, flits);
    std::map<PlaceId, int> begun;
    for (const PacketWays::Way& way : ways->ways) ++begun[way.from];
    return std::max_element(begun.begin(), begun.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
        ->second;
  };
  EXPECT_EQ(most_begun(100000), 1);
  EXPECT_GT(most_begun(1), 4);  // one cycle each
}

// A column of 24 and a row of 24, each with two disabled nodes on it: 23 links, and two more around
// each of them, none of them twice.
TEST(PacketWays, ALongMessageKeepsToItsLineAroundDisabledNodes) {
  for (const bool in_column : {true, false}) {
    const int32_t columns = in_column ? 9 : 24, step = in_column ? 9 : 1;
    const PlaceId from = in_column ? 4 : 4 * 24;
    Topology grid = mesh(columns, in_column ? 24 : 9, {.latency_cycles = 1});
    std::vector<PlaceId> to;
    grid.live.assign(24 * 9, 1);
    for (PlaceId i = 1; i < 24; ++i) {
      if (i == 7 || i == 15)
        grid.live[static_cast<size_t>(from + i * step)] = 0;
      else
        to.push_back(from + i * step);
    }
    Finder finder(grid);
    const auto ways = finder.ways(from, to, 64);
    expect_tree(*ways, from, to);
    std::set<std::pair<PlaceId, PlaceId>> links;
    size_t steps = 0;
    for (const PacketWays::Way& way : ways->ways)
      for (int32_t s = way.first_step; s < way.last_step; ++s, ++steps)
        links.insert({ways->steps[static_cast<size_t>(s)].place,
                      ways->steps[static_cast<size_t>(s + 1)].place});
    EXPECT_EQ(links.size(), 27u);
    EXPECT_EQ(steps, links.size());
  }
}

// From 1, which has a dead node in the west, and further down, where 16 and 17 are dead, one would
// have to go west and then east again: no packet has such turns, but each of two has its own.
TEST(PacketWays, ALongMessageGoesAlongALineByStagesWhereASinglePacketHasNoWay) {
  Topology grid = mesh(3, 10, {.latency_cycles = 1});
  grid.live.assign(30, 1);
  for (const size_t dead : {0u, 16u, 17u}) grid.live[dead] = 0;
  Finder finder(grid);
  EXPECT_THROW(finder.routes.way(1, 28), Error);
  std::vector<PlaceId> to;
  for (PlaceId y = 1; y < 10; ++y)
    if (y != 5) to.push_back(3 * y + 1);
  expect_tree(*finder.ways(1, to, 64), 1, to);
}

}  // namespace
}  // namespace dojo::sim
