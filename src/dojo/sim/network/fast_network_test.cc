// The fast network against the reference, which says what is right.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/random.h"
#include "dojo/sim/network/network.h"

namespace dojo::sim {
namespace {

struct RandomCase {
  Topology topology;
  RouterParameters parameters;
  double rate = 0;
  uint64_t seed = 0;
};

int between(Random& random, int least, int most) {
  return least + static_cast<int>(random.below(most - least + 1));
}

RouterParameters random_parameters(Random& random, bool usual_stages) {
  RouterParameters p;
  p.virtual_channels = between(random, 1, kMostVirtualChannels);
  p.input_speedup = p.virtual_channels % 2 == 0 ? between(random, 1, 2) : 1;
  p.buffer_flits = between(random, 1, 9);
  p.most_packet_flits = between(random, 1, 20);
  p.credit_cycles = between(random, 0, 3);
  p.injection_cycles = between(random, 1, 3);
  p.ejection_cycles = between(random, 1, 3);
  p.allocation_rounds = random.chance(0.7) ? 1 : between(random, 2, 4);
  p.wait_for_tail_credit = random.chance(0.5);
  if (usual_stages) return p;
  p.routing_cycles = between(random, 0, 3);
  p.vc_allocation_cycles = between(random, 0, 3);
  p.switch_allocation_cycles = between(random, 1, 3);
  p.traversal_cycles = between(random, 0, 18);
  return p;
}

RandomCase random_case(uint64_t seed) {
  Random random(seed, stream_id("random networks"));
  RandomCase c;
  c.seed = seed;
  c.parameters = random_parameters(random, random.chance(0.6));
  c.topology = mesh(between(random, 1, 6), between(random, 1, 6), {.latency_cycles = 1});
  const bool alike = random.chance(0.3);
  Link link;
  for (Link& l : c.topology.links) {
    if (!l) continue;
    if (!link || !alike) {
      link.latency_cycles = random.chance(0.8) ? between(random, 1, 4) : between(random, 5, 40);
      link.buffer_flits = between(random, 1, 12);
      link.flit_interval = {};
      if (random.chance(0.2)) link.flit_interval = {between(random, 5, 30), between(random, 1, 5)};
    }
    l = link;
  }
  // A single one leaves a way between any two others.
  if (c.parameters.virtual_channels > 1 && c.topology.columns > 2 && c.topology.rows > 2 &&
      random.chance(0.4))
    kill(c.topology, c.topology.at(c.topology.columns - 2, 1));
  c.rate = random.chance(0.5) ? random.uniform(0.001, 0.1) : random.uniform(0.1, 1);
  return c;
}

// The same packets for each network: those that a node creates depend on nothing else.
void send_all(const RandomCase& c, Cycle begin, Cycle end, Network& network) {
  for (NodeId n = 0; n < c.topology.nodes(); ++n)
    for (Cycle cycle = begin; cycle < end; ++cycle) {
      Random random(c.seed, stream_id("packet") + n, static_cast<uint64_t>(cycle));
      if (!random.chance(c.rate / (1 + c.parameters.most_packet_flits / 2))) continue;
      const auto to = static_cast<NodeId>(random.below(c.topology.nodes()));
      if (!c.topology.live[n] || !c.topology.live[to]) continue;
      network.send({n, to, between(random, 1, c.parameters.most_packet_flits), cycle,
                    static_cast<uint32_t>(cycle), static_cast<Told>(cycle % 3)});
    }
}

struct Outcome {
  std::vector<ArrivedPacket> arrived;
  std::vector<PacketStep> steps;
  std::vector<LinkCounts> counts;
  int64_t in_flight = 0;
};

// `piece`: cycles of each call.
Outcome run(const RandomCase& c, Network& network, Cycle piece) {
  constexpr Cycle kEnd = 600;
  Outcome outcome;
  for (Cycle at = 0; at < kEnd; at += piece) {
    send_all(c, at, std::min(at + piece, kEnd / 2), network);
    network.run_until(std::min(at + piece, kEnd));
    for (const ArrivedPacket& p : network.take_arrived()) outcome.arrived.push_back(p);
    for (const PacketStep& s : network.take_steps()) outcome.steps.push_back(s);
  }
  std::sort(outcome.steps.begin(), outcome.steps.end());
  for (NodeId n = 0; n < c.topology.nodes(); ++n)
    for (int port = 0; port < kPorts; ++port) outcome.counts.push_back(network.counts(n, port));
  outcome.in_flight = network.in_flight();
  return outcome;
}

std::string print(const ArrivedPacket& p) {
  return fmt::format("{} to {}, {} flits, created {}, issued {}, arrived {}", p.source,
                     p.destination, p.flits, p.created, p.issued, p.arrived);
}

void expect_equal(const Outcome& fast, const Outcome& reference, const std::string& what) {
  for (size_t i = 0; i < std::min(fast.arrived.size(), reference.arrived.size()); ++i) {
    if (fast.arrived[i] == reference.arrived[i]) continue;
    ADD_FAILURE() << what << ": " << print(fast.arrived[i]) << "; in the reference "
                  << print(reference.arrived[i]);
    return;
  }
  EXPECT_EQ(fast.arrived.size(), reference.arrived.size()) << what;
  EXPECT_EQ(fast.in_flight, reference.in_flight) << what;
  EXPECT_TRUE(fast.steps == reference.steps) << what << ": other steps of packets";
  for (size_t i = 0; i < fast.counts.size(); ++i) {
    EXPECT_EQ(fast.counts[i].flits, reference.counts[i].flits) << what << ", output " << i;
    // What waits is counted when it has waited.
    if (reference.in_flight == 0) {
      EXPECT_EQ(fast.counts[i].stalls, reference.counts[i].stalls) << what << ", output " << i;
    }
  }
}

TEST(FastNetwork, EqualsTheReferenceOnRandomNetworksWithAnyNumberOfThreads) {
  const int threads_before = num_threads();
  set_num_threads(2);
  int64_t packets = 0;
  for (uint64_t seed = 0; seed < 100 && !HasFailure(); ++seed) {
    const RandomCase c = random_case(seed);
    const Outcome reference = run(c, *make_reference_network(c.topology, c.parameters), 50);
    packets += std::ssize(reference.arrived);
    for (const int threads : {1, 2, 3})
      expect_equal(
          run(c, *make_network(c.topology, c.parameters, {.threads = threads}), 50 * threads),
          reference, fmt::format("case {}, {} threads", seed, threads));
  }
  EXPECT_GT(packets, 10000);
  set_num_threads(threads_before);
}

constexpr LinkCounts kOneFlit{.flits = 1, .stalls = 0};

TEST(FastNetwork, AloneAPacketTakesTwoCyclesAndFourForEachRouter) {
  for (const NodeId to : {0u, 1u, 7u, 9u, 63u}) {
    const auto network = make_network(booksim_mesh(8, 8), {}, {});
    network->send({.source = 0, .destination = to, .flits = 1, .created = 0, .tag = 7});
    const Cycle arrives = 2 + 4 * (1 + to % 8 + to / 8);
    network->run_until(arrives);
    EXPECT_TRUE(network->take_arrived().empty()) << to;
    network->run_until(arrives + 1);
    const auto arrived = network->take_arrived();
    ASSERT_EQ(arrived.size(), 1u) << to;
    EXPECT_EQ(arrived[0].tag, 7u);
    EXPECT_EQ(arrived[0].arrived, arrives);
    EXPECT_EQ(network->in_flight(), 0);
    EXPECT_EQ(network->counts(to, kLocal), kOneFlit);
  }
}

TEST(FastNetwork, ThePacketBehindAnotherWaitsForItAtTheSameOutput) {
  // Both are in router 1 in cycle 2, and one leaves it to the east a cycle later than the other.
  const auto network = make_network(booksim_mesh(4, 1), {}, {});
  network->send({.source = 1, .destination = 3, .flits = 1, .created = 4, .tag = 0});
  network->send({.source = 0, .destination = 3, .flits = 1, .created = 0, .tag = 1});
  network->run_until(100);
  const auto arrived = network->take_arrived();
  ASSERT_EQ(arrived.size(), 2u);
  EXPECT_EQ(arrived[0].arrived, 18);
  EXPECT_EQ(arrived[1].arrived, 19);
  EXPECT_EQ(network->counts(1, kEast), (LinkCounts{.flits = 2, .stalls = 1}));
}

TEST(FastNetwork, TimesAreTheSameFarFromTheBeginning) {
  const RandomCase c = random_case(3);
  const auto arrivals = [&](Cycle begin, int threads) {
    const auto network = make_network(c.topology, c.parameters, {.threads = threads});
    network->run_until(begin);
    for (NodeId n = 0; n < c.topology.nodes(); ++n)
      for (Cycle cycle = 0; cycle < 300; ++cycle)
        if (Random random(5, n, static_cast<uint64_t>(cycle)); random.chance(0.05))
          network->send(
              {n, static_cast<NodeId>(random.below(c.topology.nodes())), 1, begin + cycle, 0});
    network->run_until(begin + 2000);
    auto arrived = network->take_arrived();
    for (ArrivedPacket& p : arrived) {
      p.created -= begin;
      p.issued -= begin;
      p.arrived -= begin;
    }
    return arrived;
  };
  const auto expected = arrivals(0, 1);
  EXPECT_GT(expected.size(), 50u);
  const Cycle wrap = Cycle{1} << 26;
  for (const Cycle begin :
       {wrap - 150, 2 * wrap - 1, 5 * wrap + 12345, Cycle{1} << 40, (Cycle{1} << 40) + 777})
    for (const int threads : {1, 2}) EXPECT_EQ(arrivals(begin, threads), expected) << begin;
}

TEST(FastNetwork, NothingHappensBeforeTheNextEvent) {
  RandomCase c = random_case(4);
  c.rate = 0.02;
  const auto network = make_network(c.topology, c.parameters, {});
  const auto steps = make_network(c.topology, c.parameters, {.threads = 2});
  EXPECT_EQ(steps->next_event(), kNoEvent);
  send_all(c, 0, 2000, *network);
  send_all(c, 0, 2000, *steps);
  network->run_until(10000);
  std::vector<ArrivedPacket> arrived;
  int64_t calls = 0;
  while (steps->in_flight() > 0) {
    const Cycle next = steps->next_event();
    ASSERT_GE(next, steps->now());
    steps->run_until(next);
    for (const ArrivedPacket& p : steps->take_arrived()) FAIL() << print(p) << " before " << next;
    steps->run_until(next + 1);
    for (const ArrivedPacket& p : steps->take_arrived()) arrived.push_back(p);
    ++calls;
  }
  EXPECT_EQ(arrived, network->take_arrived());
  EXPECT_GT(arrived.size(), 10u);
  EXPECT_LT(calls, 10000);
}

TEST(FastNetwork, RefusesPacketsThatItsRoutersDoNotTake) {
  const auto network = make_network(booksim_mesh(2, 2), {.most_packet_flits = 4}, {});
  for (const int flits : {0, 5}) {
    try {
      network->send({.source = 0, .destination = 1, .flits = flits, .created = 0, .tag = 0});
      FAIL() << flits;
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kConfig);
      EXPECT_EQ(e.message(), fmt::format("a packet of {} flits", flits));
    }
  }
}

}  // namespace
}  // namespace dojo::sim
