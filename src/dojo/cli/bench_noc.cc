// dojo bench noc: how fast the network of routers is simulated, with synthetic traffic, and whether
// packets of a trace arrive in the same cycle as in the simulator that it is from.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "dojo/base/clock.h"
#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/gzip.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/tell.h"
#include "dojo/base/text.h"
#include "dojo/cli/args.h"
#include "dojo/cli/bench.h"
#include "dojo/cli/common.h"
#include "dojo/machine/load.h"
#include "dojo/sim/network/machine_network.h"
#include "dojo/sim/network/network.h"
#include "dojo/sim/network/replay.h"
#include "dojo/sim/network/traffic.h"

namespace dojo {
namespace {

using sim::ArrivedPacket;
using sim::Cycle;

constexpr int64_t kMostTraceBytes = int64_t{4} << 30;
constexpr int64_t kMostNodes = 4000000;
constexpr Cycle kPiece = 512;  // cycles whose packets are made at once

struct NocOptions {
  std::string mesh = "32x32", machine, traffic = "uniform", replay, model = "fast";
  std::vector<std::string> changes;  // of the machine
  int64_t flits = 1, cycles = 20000, warmup = 2000, runs = 3, threads = 1;
  double rate = 0.05;
  uint64_t seed = 1;
  bool json = false;
};

sim::Topology mesh_of(const std::string& text) {
  int columns = 0, rows = 0, read = 0;
  if (std::sscanf(text.c_str(), "%5dx%5d%n", &columns, &rows, &read) != 2 ||
      read != static_cast<int>(text.size()) || columns < 1 || rows < 1)
    throw Error(Category::kConfig, fmt::format("a mesh of \"{}\"", one_line(text)), "--mesh",
                "give COLUMNSxROWS, for example 32x32");
  if (int64_t{columns} * rows > kMostNodes)
    throw Error(Category::kConfig, fmt::format("a mesh of {} nodes", int64_t{columns} * rows),
                "--mesh", fmt::format("at most {}", kMostNodes));
  return sim::booksim_mesh(columns, rows);
}

// A mesh of BookSim2's routers, or the network of a described machine.
sim::MachineNetwork described(const NocOptions& o) {
  sim::MachineNetwork network;
  if (o.machine.empty()) {
    if (!o.changes.empty())
      throw Error(Category::kConfig, "a change without a machine", "--set", "give --machine too");
    network.topology = mesh_of(o.mesh);
    network.parameters.most_packet_flits = static_cast<int>(o.flits);
  } else {
    const machine::Machine m = machine::load_machine(o.machine, machine::parse_changes(o.changes));
    machine::Uses uses(m);
    network = sim::network_of(uses);
  }
  return network;
}

std::unique_ptr<sim::Network> network_of(const NocOptions& o, const sim::MachineNetwork& d) {
  if (o.model == "fast")
    return sim::make_network(d.topology, d.parameters, {.threads = static_cast<int>(o.threads)});
  if (o.model == "reference") return sim::make_reference_network(d.topology, d.parameters);
  throw Error(Category::kConfig, fmt::format("unknown model \"{}\"", o.model), "--model",
              "use fast or reference");
}

// What the timed cycles have shown.
struct Measured {
  std::vector<double> cycles_per_second, flit_hops_per_second;
  double latency = 0, hops = 0;  // means over packets
  int64_t packets = 0;
  double bytes_per_node = 0;
};

int64_t flit_hops(const sim::Network& network, const sim::Topology& topology) {
  int64_t sum = 0;
  for (sim::NodeId n = 0; n < topology.nodes(); ++n)
    for (int port = 0; port < sim::kPorts; ++port) sum += network.counts(n, port).flits;
  return sum;
}

Measured measure(const NocOptions& o) {
  const sim::MachineNetwork described_network = described(o);
  const sim::Topology& topology = described_network.topology;
  const auto network = network_of(o, described_network);
  sim::Traffic traffic(topology, {.pattern = sim::parse_pattern(o.traffic),
                                  .rate = o.rate,
                                  .flits = static_cast<int32_t>(o.flits),
                                  .seed = o.seed});
  const auto run = [&](Cycle cycles, const auto& with_arrived) {
    for (Cycle end = network->now() + cycles; network->now() < end;) {
      throw_if_interrupted();
      const Cycle next = std::min(end, network->now() + kPiece);
      traffic.create(next, *network);
      network->run_until(next);
      for (const ArrivedPacket& packet : network->take_arrived()) with_arrived(packet);
    }
  };
  run(o.warmup, [](const ArrivedPacket&) {});
  Measured m;
  double latency = 0, hops = 0;
  for (int64_t i = 0; i < o.runs; ++i) {
    const int64_t before = flit_hops(*network, topology);
    const double seconds = seconds_of([&] {
      run(o.cycles, [&](const ArrivedPacket& p) {
        latency += static_cast<double>(p.arrived - p.created);
        hops += static_cast<double>(p.hops);
        ++m.packets;
      });
    });
    m.cycles_per_second.push_back(static_cast<double>(o.cycles) / seconds);
    m.flit_hops_per_second.push_back(static_cast<double>(flit_hops(*network, topology) - before) /
                                     seconds);
  }
  m.latency = latency / static_cast<double>(std::max<int64_t>(m.packets, 1));
  m.hops = hops / static_cast<double>(std::max<int64_t>(m.packets, 1));
  m.bytes_per_node =
      static_cast<double>(network->bytes()) / static_cast<double>(topology.num_live());
  return m;
}

const std::string& place_name(const NocOptions& o) {
  return o.machine.empty() ? o.mesh : o.machine;
}

void print(const NocOptions& o, const Measured& m) {
  const std::string name =
      fmt::format("{} {} {} packets/cycle {} flits", place_name(o), o.traffic, o.rate, o.flits);
  const auto row = [&](const std::string& what, const std::string& unit, const std::string& better,
                       const std::vector<double>& x) {
    return BenchRow{.bench = what,
                    .case_name = name,
                    .unit = unit,
                    .better = better,
                    .value = spread_of(x),
                    .runs = std::ssize(x),
                    .threads = o.threads};
  };
  const std::vector<BenchRow> rows = {
      row("noc", "cycles/s", "higher", m.cycles_per_second),
      row("noc flit-hops", "flit-hops/s", "higher", m.flit_hops_per_second),
      row("noc latency", "cycles", "lower", {m.latency}),
      row("noc hops", "routers", "lower", {m.hops}),
      row("noc memory", "bytes/node", "lower", {m.bytes_per_node})};
  if (o.json) {
    for (const BenchRow& r : rows) print_json(r);
    return;
  }
  fmt::print("{}, {} packets\n", name, m.packets);
  for (const BenchRow& r : rows)
    fmt::print("{:14} {:>14.2f} {:12} ({:.2f} - {:.2f})\n", r.bench, r.value.median, r.unit,
               r.value.min, r.value.max);
}

void replay(const NocOptions& o) {
  const sim::MachineNetwork described_network = described(o);
  const sim::Topology& topology = described_network.topology;
  check_exists(o.replay);
  const auto trace =
      sim::parse_trace(read_file_or_gzip(o.replay, kMostTraceBytes), topology, one_line(o.replay));
  sim::ReplayResult result;
  std::vector<double> rates;
  for (int64_t i = 0; i < o.runs; ++i) {
    const auto network = network_of(o, described_network);
    const double seconds =
        seconds_of([&] { result = sim::replay(trace, static_cast<int32_t>(o.flits), *network); });
    rates.push_back(static_cast<double>(result.cycles) / seconds);
  }
  const std::string name =
      fmt::format("{} {} flits {}", place_name(o), o.flits, one_line(o.replay));
  BenchRow row{.bench = "noc replay",
               .case_name = name,
               .unit = "mismatches",
               .better = "lower",
               .value = spread_of({static_cast<double>(result.mismatches)}),
               .runs = o.runs,
               .threads = o.threads};
  if (o.json) {
    print_json(row, {{"mismatches", result.mismatches}, {"packets", result.packets}});
    row.bench = "noc replay speed";
    row.unit = "cycles/s";
    row.better = "higher";
    row.value = spread_of(rates);
    print_json(row);
  } else {
    fmt::print("{} packets, {} mismatches, {:.0f} cycles/s\n", result.packets, result.mismatches,
               spread_of(rates).median);
  }
  if (!result.first_mismatch.empty())
    tell("dojo: {} mismatches, the first: {}\n", result.mismatches, result.first_mismatch);
}

}  // namespace

int run_bench_noc(std::span<const std::string> argv) {
  NocOptions o;
  Args args(
      "dojo bench noc",
      "Measures how fast a mesh of routers is simulated, each flit in each cycle, and what "
      "latency\n"
      "packets have; or replays a trace of BookSim2 and counts the packets that arrive in another\n"
      "cycle. Without --machine the routers are BookSim2's. docs/network.md says what they do.",
      "  dojo bench noc --mesh 32x32 --rate 0.05\n"
      "  dojo bench noc --mesh 16x16 --flits 16 --rate 0.006 --traffic transpose --json\n"
      "  dojo bench noc --machine tile --flits 4 --rate 0.002\n"
      "  dojo bench noc --mesh 8x8 --flits 1 --replay trace.txt.gz --json\n");
  args.option("--mesh", "CxR", "columns and rows of routers", &o.mesh);
  args.option("--machine", "NAME", "the network of this machine instead (dojo machine show)",
              &o.machine);
  args.option("--set", "NAME=VALUE", "another value for a number of the machine; may be repeated",
              &o.changes);
  args.option("--rate", "R", "packets that each node creates in a cycle", &o.rate,
              {.min = 0, .max = 1});
  args.option("--flits", "N", "of each packet", &o.flits, {.min = 1, .max = 65535});
  args.option("--traffic", "NAME", "uniform, transpose, neighbour or hotspot", &o.traffic);
  args.option("--cycles", "N", "simulated in each run", &o.cycles, {.min = 1, .max = 1e12});
  args.option("--warmup", "N", "cycles before the first run", &o.warmup, {.min = 0, .max = 1e12});
  args.option("--runs", "N", "times that it is measured, one after the other", &o.runs,
              {.min = 1, .max = 1000});
  args.option("--threads", "N", "processor threads; results are the same with any number",
              &o.threads, {.min = 1, .max = 1024});
  args.option("--seed", "N", "of the traffic", &o.seed);
  args.option("--replay", "FILE",
              "a trace instead: id source destination created issued arrived hops, a line for each "
              "packet; may be packed by gzip",
              &o.replay);
  args.option("--model", "NAME", "fast, or reference: slow, and says what is right", &o.model);
  args.option("--json", "", "print one JSON object a line", &o.json);
  if (!args.parse(argv)) return 0;
  if (args.given("--mesh") && args.given("--machine"))
    throw Error(Category::kConfig, "--machine has a network of its own", "--mesh",
                "give one of them");
  const InterruptGuard guard(InterruptGuard::kThrow);
  set_num_threads(static_cast<int>(o.threads));
  if (o.replay.empty()) {
    print(o, measure(o));
  } else {
    replay(o);
  }
  return 0;
}

}  // namespace dojo
