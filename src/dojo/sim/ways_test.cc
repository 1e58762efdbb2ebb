#include "dojo/sim/ways.h"

#include <gtest/gtest.h>

#include <set>

#include "dojo/machine/load.h"
#include "dojo/machine/topology.h"
#include "dojo/sim/box.h"

namespace dojo::sim {
namespace {

// A mesh with disabled nodes.
struct TestMesh {
  explicit TestMesh(const std::string& name)
      : machine(machine::load_machine(name)), uses(machine), topology(uses), mesh(uses, topology) {}

  machine::Machine machine;
  machine::Uses uses;
  machine::Topology topology;
  Mesh mesh;
};

// Places of a row that are live.
std::vector<PlaceId> row(const Mesh& mesh, int32_t y) {
  std::vector<PlaceId> places;
  for (int32_t x = 0; x < mesh.columns(); ++x)
    if (mesh.is_live(mesh.place({x, y}))) places.push_back(mesh.place({x, y}));
  return places;
}

TEST(Ways, AMulticastComesOnceToEachTargetAndEndsNowhereElse) {
  const TestMesh tile("tile");
  Ways ways(tile.mesh);
  for (int32_t y = 0; y < tile.mesh.rows(); y += 3) {
    const std::vector<PlaceId> targets = row(tile.mesh, y);
    for (const PlaceId from : {targets.front(), targets[targets.size() / 2], targets.back()}) {
      const auto tree = ways.tree(from, targets);
      std::multiset<PlaceId> places;
      std::set<PlaceId> found;
      for (const Tree::Node& node : tree->nodes) {
        places.insert(node.place);
        if (node.is_target) found.insert(node.place);
        EXPECT_TRUE(tile.mesh.is_live(node.place));
        EXPECT_TRUE(node.is_target || node.num_children > 0) << "row " << y;
      }
      EXPECT_EQ(places.size(), std::set<PlaceId>(places.begin(), places.end()).size());
      EXPECT_EQ(found, std::set<PlaceId>(targets.begin(), targets.end()));
    }
  }
}

TEST(Ways, HopTablesLeadWhereTheQuickestWaysDo) {
  const TestMesh tile("tile");
  Ways ways(tile.mesh);
  int64_t blocked = 0, tables = 0;
  for (int32_t y = 0; y < tile.mesh.rows(); y += 2) {
    const std::vector<PlaceId> places = row(tile.mesh, y);
    for (const PlaceId from : places)
      for (const PlaceId to : {places.front(), places[places.size() / 2], places.back()}) {
        if (tile.mesh.is_straight_clear(from, to)) continue;
        ++blocked;
        const auto hops = ways.hops(from, to);
        if (!hops) continue;
        ++tables;
        Cycles along_hops = 0, along_way = 0;
        for (PlaceId p = from; p != to; p = tile.mesh.neighbour(p, hops->next(tile.mesh, p)))
          along_hops += step_cycles(tile.mesh, p, hops->next(tile.mesh, p));
        PlaceId before = from;
        for (const PlaceId p : ways.way(from, to)) {
          along_way += step_cycles(tile.mesh, before, side_between(tile.mesh, before, p));
          before = p;
        }
        EXPECT_EQ(along_hops, along_way);
      }
  }
  EXPECT_GT(blocked, 1000);
  EXPECT_EQ(tables, blocked);
}

}  // namespace
}  // namespace dojo::sim
