#include "dojo/sim/network/machine_network.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/machine/load.h"
#include "dojo/sim/network/network.h"

namespace dojo::sim {
namespace {

MachineNetwork load(const std::string& name, const std::vector<machine::Change>& changes = {}) {
  const machine::Machine m = machine::load_machine(name, changes);
  machine::Uses uses(m);
  return network_of(uses);
}

TEST(MachineNetwork, BookSimsMeshIsTheOneThatTracesAreReplayedOn) {
  const MachineNetwork m = load("booksim_mesh");
  const Topology expected = booksim_mesh(8, 8);
  ASSERT_EQ(m.topology.nodes(), 64u);
  EXPECT_EQ(m.topology.live, expected.live);
  for (NodeId n = 0; n < 64; ++n)
    for (int port = 0; port < 4; ++port) {
      EXPECT_EQ(m.topology.link(n, port).latency_cycles, expected.link(n, port).latency_cycles);
      EXPECT_EQ(m.topology.link(n, port).buffer_flits, expected.link(n, port).buffer_flits);
    }
  const RouterParameters usual;
  EXPECT_EQ(m.parameters.virtual_channels, usual.virtual_channels);
  EXPECT_EQ(m.parameters.credit_cycles, usual.credit_cycles);
  EXPECT_EQ(m.parameters.injection_cycles, usual.injection_cycles);
  EXPECT_EQ(m.parameters.ejection_cycles, usual.ejection_cycles);
  EXPECT_EQ(m.parameters.input_speedup, usual.input_speedup);
  EXPECT_EQ(m.parameters.traversal_cycles, usual.traversal_cycles);
  EXPECT_TRUE(m.parameters.wait_for_tail_credit);
}

TEST(MachineNetwork, ADieHas354LiveNodes) {
  const MachineNetwork m = load("d1_die");
  EXPECT_EQ(m.topology.nodes(), 360u);
  EXPECT_EQ(m.topology.num_live(), 354);
}

TEST(MachineNetwork, ACrossingFromADieToTheNextIsLongAndNarrow) {
  const MachineNetwork m = load("tile");
  EXPECT_EQ(m.topology.num_live(), 25 * 354);
  int64_t crossings = 0;
  for (int32_t y = 0; y < m.topology.rows; ++y) {
    const Link& link = m.topology.link(m.topology.at(19, y), kEast);
    if (!link) continue;
    ++crossings;
    EXPECT_EQ(link.latency_cycles, 200);  // 100 ns at 2 GHz
    // 2 TB/s over 18 rows are 500 bytes in 9 cycles; a flit has 64.
    EXPECT_EQ(link.flit_interval.numerator * 125, link.flit_interval.denominator * 144);
  }
  EXPECT_GT(crossings, 80);
}

TEST(MachineNetwork, APacketCrossesATileFromEndToEnd) {
  const MachineNetwork m = load("tile");
  const Topology& t = m.topology;
  NodeId first = 0, last = t.nodes() - 1;
  while (!t.live[first]) ++first;
  while (!t.live[last]) --last;
  const auto network = make_network(t, m.parameters, {});
  network->send({.source = first, .destination = last, .flits = 2, .created = 0, .tag = 0});
  network->run_until(10000);
  const auto arrived = network->take_arrived();
  ASSERT_EQ(arrived.size(), 1u);
  EXPECT_GT(arrived[0].arrived, 8 * 200);
}

TEST(MachineNetwork, WhatTheRoutersCannotDoIsSaid) {
  for (const machine::Change& change :
       {machine::Change{"node/router/order", "y-first"}, {"node/router/output_speedup", "2"}}) {
    try {
      load("d1_die", {change});
      FAIL() << change.name;
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kUnimplemented) << e.what();
    }
  }
}

}  // namespace
}  // namespace dojo::sim
