#include "dojo/machine/topology.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "dojo/machine/interface.h"
#include "dojo/machine/load.h"

namespace dojo::machine {
namespace {

// A machine with its numbers read into a mesh.
struct Mesh {
  explicit Mesh(const std::string& name, const std::vector<Change>& changes = {})
      : machine(load_machine(name, changes)), uses(machine), topology(uses) {}

  Machine machine;
  Uses uses;
  Topology topology;
};

TEST(Topology, OneDieIsCountedRowByRow) {
  const Mesh mesh("booksim_mesh");
  const Topology& t = mesh.topology;
  EXPECT_EQ(t.num_nodes(), 64);
  EXPECT_EQ(t.num_live(), 64);
  EXPECT_EQ(t.node_at({3, 5}), static_cast<NodeId>(5 * 8 + 3));
  EXPECT_EQ(t.link(t.node_at({3, 5}), Side::kEast).to, t.node_at({4, 5}));
  EXPECT_EQ(t.link(t.node_at({3, 5}), Side::kWest).to, t.node_at({2, 5}));
  EXPECT_EQ(t.link(t.node_at({3, 5}), Side::kNorth).to, t.node_at({3, 4}));
  EXPECT_EQ(t.link(t.node_at({3, 5}), Side::kSouth).to, t.node_at({3, 6}));
  EXPECT_EQ(t.link(t.node_at({7, 5}), Side::kEast).to, kNoNode);
  EXPECT_EQ(t.link(t.node_at({0, 0}), Side::kWest).to, kNoNode);
  EXPECT_EQ(t.link(t.node_at({0, 0}), Side::kNorth).to, kNoNode);
  EXPECT_EQ(t.link(t.node_at({0, 7}), Side::kSouth).to, kNoNode);
}

// The unit machine: dies of 4 x 3 nodes, tiles of 2 x 2 dies, trays of 2 x 1 tiles, 1 x 2 trays.
TEST(Topology, EachLinkBelongsToTheLargestPartsThatItJoins) {
  const Mesh mesh("unit");
  const Topology& t = mesh.topology;
  ASSERT_EQ(t.size(), (Coord{16, 12}));
  const auto crossing = [&](Coord c, Side side) { return t.link(t.node_at(c), side).crossing; };
  EXPECT_EQ(crossing({2, 0}, Side::kEast), Level::kNode);
  EXPECT_EQ(crossing({3, 0}, Side::kEast), Level::kDie);
  EXPECT_EQ(crossing({4, 0}, Side::kWest), Level::kDie);
  EXPECT_EQ(crossing({7, 0}, Side::kEast), Level::kTile);
  EXPECT_EQ(crossing({8, 0}, Side::kWest), Level::kTile);
  EXPECT_EQ(crossing({0, 1}, Side::kSouth), Level::kNode);
  EXPECT_EQ(crossing({0, 2}, Side::kSouth), Level::kDie);
  EXPECT_EQ(crossing({0, 5}, Side::kSouth), Level::kTray);
  EXPECT_EQ(crossing({0, 6}, Side::kNorth), Level::kTray);
  EXPECT_EQ(t.link(t.node_at({15, 0}), Side::kEast).to, kNoNode);
}

TEST(Topology, PlacesAndNumbersAreEachOthersInverse) {
  for (const char* name : {"unit", "tile", "d1_die", "d1_node"}) {
    const Mesh mesh(name);
    const Topology& t = mesh.topology;
    std::set<int32_t> seen;
    for (int32_t y = 0; y < t.size().y; ++y)
      for (int32_t x = 0; x < t.size().x; ++x) {
        const NodeId node = t.node_at({x, y});
        EXPECT_EQ(t.coord_of(node), (Coord{x, y}));
        seen.insert(index(node));
      }
    EXPECT_EQ(std::ssize(seen), t.num_nodes());
    EXPECT_EQ(*seen.begin(), 0);
    EXPECT_EQ(*seen.rbegin(), t.num_nodes() - 1);
  }
}

TEST(Topology, ThePartsOfAPartFollowEachOther) {
  const Mesh mesh("unit");
  const Topology& t = mesh.topology;
  EXPECT_EQ(t.count(Level::kDie), 16);
  EXPECT_EQ(t.count(Level::kTile), 4);
  EXPECT_EQ(t.count(Level::kTray), 2);
  EXPECT_EQ(t.count(Level::kPod), 1);
  EXPECT_EQ(t.node_at({4, 0}), static_cast<NodeId>(12));  // second die of the first tile
  EXPECT_EQ(t.node_at({0, 3}), static_cast<NodeId>(24));  // third, in the next row of dies
  EXPECT_EQ(t.node_at({8, 0}), static_cast<NodeId>(48));  // second tile
  EXPECT_EQ(t.node_at({0, 6}), static_cast<NodeId>(96));  // second tray
  EXPECT_EQ(t.part_of(t.node_at({9, 4}), Level::kTile), 1);
  EXPECT_EQ(t.part_of(t.node_at({9, 4}), Level::kDie), 6);
  EXPECT_EQ(t.span(Level::kTray), (Coord{16, 6}));
}

TEST(Topology, LinksGoBothWaysAndNeverToDisabledNodes) {
  const Mesh mesh("tile");
  const Topology& t = mesh.topology;
  EXPECT_EQ(t.num_live(), 8850);
  int64_t links = 0;
  for (int64_t n = 0; n < t.num_nodes(); ++n) {
    const auto node = static_cast<NodeId>(n);
    for (const Side side : kSides) {
      const Link link = t.link(node, side);
      if (link.to == kNoNode) continue;
      ++links;
      EXPECT_TRUE(t.is_live(node) && t.is_live(link.to));
      const Link back = t.link(link.to, opposite(side));
      EXPECT_EQ(back.to, node);
      EXPECT_EQ(back.crossing, link.crossing);
    }
  }
  // Of 2 * (99 * 90 + 100 * 89) those of 150 disabled nodes are missing.
  const int64_t all = 2 * (99 * 90 + 100 * 89);
  EXPECT_LT(links, all - 150 * 2 * 2);
  EXPECT_GE(links, all - 150 * 4 * 2);
}

TEST(Topology, EachDieOfATileHasItsOwnDisabledNodesUnlessTheyAreSaidToBeTheSame) {
  const auto maps = [](const Topology& t) {
    std::set<std::vector<bool>> different;
    const int64_t in_die = t.nodes_in(Level::kDie);
    for (int64_t die = 0; die < t.count(Level::kDie); ++die) {
      std::vector<bool> live;
      for (int64_t n = 0; n < in_die; ++n)
        live.push_back(t.is_live(static_cast<NodeId>(die * in_die + n)));
      different.insert(live);
    }
    return different.size();
  };
  EXPECT_EQ(maps(Mesh("tile").topology), 25u);
  EXPECT_EQ(maps(Mesh("tile", {{"die/disabled/placing", "all-dies"}}).topology), 1u);
}

TEST(Topology, ALinkHasItsShareOfTheEdge) {
  const Mesh mesh("tray");
  const Topology& t = mesh.topology;
  EXPECT_EQ(t.cost(Level::kNode, Side::kEast).rate, (Rate{64, 1}));
  EXPECT_EQ(t.cost(Level::kNode, Side::kEast).latency_cycles, 1);
  EXPECT_EQ(t.cost(Level::kDie, Side::kWest).rate, (Rate{500, 9}));  // 1000 B over 18 rows
  EXPECT_EQ(t.cost(Level::kDie, Side::kNorth).rate, (Rate{50, 1}));  // over 20 columns
  EXPECT_EQ(t.cost(Level::kDie, Side::kEast).latency_cycles, 200);
  EXPECT_EQ(t.cost(Level::kNode, Side::kEast).buffer_flits, 8);
  EXPECT_EQ(t.cost(Level::kDie, Side::kEast).buffer_flits, 384);
  EXPECT_EQ(t.cost(Level::kTile, Side::kEast).rate, (Rate{25, 1}));   // 2250 B over 90 rows
  EXPECT_EQ(t.cost(Level::kTile, Side::kSouth).rate, (Rate{45, 2}));  // over 100 columns
}

// A credit comes back after twice the latency; with fewer flits on the way a link could not be
// full.
TEST(Topology, BuffersOfDojosEdgesCoverTheWayOfACredit) {
  const Mesh mesh("exapod");
  const Topology& t = mesh.topology;
  const auto covers = [](const LinkCost& cost) {
    return static_cast<double>(cost.buffer_flits) * 64 >=
           2 * static_cast<double>(cost.latency_cycles) * cost.rate.bytes_per_cycle();
  };
  for (const Level level : {Level::kNode, Level::kDie, Level::kTile})
    for (const Side side : {Side::kEast, Side::kSouth}) EXPECT_TRUE(covers(t.cost(level, side)));
  EXPECT_TRUE(covers(t.cost(Level::kTray, Side::kSouth)));
  EXPECT_TRUE(covers(t.interface_cost(Side::kEast)));
}

TEST(Topology, OnTheUnitMachineEveryLinkTakesAFlitACycle) {
  const Mesh mesh("unit");
  for (const Level level : {Level::kNode, Level::kDie, Level::kTile})
    EXPECT_EQ(mesh.topology.cost(level, Side::kEast).rate, (Rate{64, 1})) << name(level);
  for (const Level level : {Level::kNode, Level::kDie, Level::kTray})
    EXPECT_EQ(mesh.topology.cost(level, Side::kSouth).rate, (Rate{64, 1})) << name(level);
  EXPECT_EQ(mesh.topology.cost(Level::kTray, Side::kSouth).latency_cycles, 1);
  EXPECT_EQ(mesh.topology.interface_cost(Side::kEast).rate, (Rate{64, 1}));
  EXPECT_EQ(mesh.topology.interface_cost(Side::kEast).latency_cycles, 1);
}

TEST(Topology, CountsTheCrossingsOfAWay) {
  const Mesh mesh("unit");
  const Topology& t = mesh.topology;
  using Counts = std::array<int64_t, kLevels.size()>;
  EXPECT_EQ(t.crossings({0, 0}, {0, 0}), (Counts{0, 0, 0, 0, 0}));
  EXPECT_EQ(t.crossings({0, 0}, {3, 2}), (Counts{5, 0, 0, 0, 0}));
  EXPECT_EQ(t.crossings({3, 2}, {4, 3}), (Counts{0, 2, 0, 0, 0}));
  EXPECT_EQ(t.crossings({15, 11}, {0, 0}), (Counts{12 + 8, 2 + 2, 1, 1, 0}));
  // By steps along the way.
  Counts walked{};
  for (int32_t x = 0; x < 15; ++x) ++walked[at(t.link(t.node_at({x, 0}), Side::kEast).crossing)];
  for (int32_t y = 0; y < 11; ++y) ++walked[at(t.link(t.node_at({15, y}), Side::kSouth).crossing)];
  EXPECT_EQ(t.crossings({0, 0}, {15, 11}), walked);
}

TEST(Topology, InterfacesTakeTheLinksOfTheTraysEnds) {
  const Mesh mesh("tray");
  const Topology& t = mesh.topology;
  ASSERT_EQ(t.interfaces().size(), 20u);
  // 5 at each tile edge, so that each has the 18 rows of a die.
  std::map<int32_t, int> links;
  for (int32_t y = 0; y < t.size().y; ++y) {
    const NodeId west = t.node_at({0, y}), east = t.node_at({t.size().x - 1, y});
    const int32_t i = t.interface_at(west, Side::kWest), j = t.interface_at(east, Side::kEast);
    EXPECT_EQ(i >= 0, t.is_live(west));
    EXPECT_EQ(j >= 0, t.is_live(east));
    if (i >= 0) {
      const Interface& interface = t.interfaces()[static_cast<size_t>(i)];
      EXPECT_EQ(interface.side, Side::kWest);
      EXPECT_EQ(interface.first.x, 0);
      EXPECT_TRUE(y >= interface.first.y && y < interface.first.y + interface.links);
      ++links[i];
    }
    if (j >= 0) ++links[j];
  }
  EXPECT_EQ(links.size(), 20u);
  for (const auto& [i, n] : links) EXPECT_TRUE(n <= 18 && n >= 12) << i;
  EXPECT_EQ(t.interface_at(t.node_at({1, 0}), Side::kWest), -1);
  EXPECT_EQ(t.interface_at(t.node_at({0, 0}), Side::kNorth), -1);
  EXPECT_EQ(t.interface_cost(Side::kWest).rate, (Rate{25, 1}));  // 450 B over 18 rows
}

TEST(Topology, EachTrayOfAPodHasItsInterfaces) {
  const Mesh mesh("unit");
  const Topology& t = mesh.topology;
  ASSERT_EQ(t.interfaces().size(), 8u);  // 2 at each of 2 tile edges of 2 trays
  const int32_t of_second = t.interface_at(t.node_at({15, 10}), Side::kEast);
  ASSERT_GE(of_second, 4);
  const Interface& interface = t.interfaces()[static_cast<size_t>(of_second)];
  EXPECT_EQ(interface.tray, 1);
  EXPECT_EQ(interface.first, (Coord{15, 9}));
  EXPECT_EQ(interface.links, 3);
}

TEST(Topology, AnExaPodHasItsPublishedNumberOfNodes) {
  const Mesh mesh("exapod");
  EXPECT_EQ(mesh.topology.num_live(), 1'062'000);
  EXPECT_EQ(mesh.topology.size(), (Coord{300, 3600}));
  EXPECT_EQ(mesh.topology.interfaces().size(), 400u);
  EXPECT_EQ(mesh.topology.cost(Level::kTray, Side::kSouth).rate, (Rate{45, 2}));
}

TEST(Topology, ReadsOnlyTheEdgesThatItJoins) {
  const Mesh mesh("d1_die");
  for (const Parameter* p : mesh.uses.used()) EXPECT_FALSE(p->name.starts_with("die/edge"));
  EXPECT_GT(mesh.uses.count().assumed, 0);
}

TEST(InterfaceShape, IsThatOfTheFirstGeneration) {
  const Machine tray = load_machine("tray");
  Uses uses(tray);
  const InterfaceShape dip = interface_shape(uses);
  EXPECT_EQ(dip.memory_bytes, 32'000'000'000);
  EXPECT_EQ(dip.memory_rate, (Rate{400, 1}));
  EXPECT_EQ(dip.host_rate, (Rate{16, 1}));
  EXPECT_EQ(dip.ethernet_rate, (Rate{25, 1}));
  EXPECT_EQ(dip.ethernet_latency_cycles, 2600);
}

}  // namespace
}  // namespace dojo::machine
