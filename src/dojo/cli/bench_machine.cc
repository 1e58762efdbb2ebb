// dojo bench machine: how fast programs are simulated and their values computed, and how much
// memory that takes: on one core, and what several threads can share with several.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "dojo/base/clock.h"
#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/process_memory.h"
#include "dojo/base/progress.h"
#include "dojo/cli/args.h"
#include "dojo/cli/bench.h"
#include "dojo/compiler/library/gemm.h"
#include "dojo/compiler/library/tree.h"
#include "dojo/emulate/random_inputs.h"
#include "dojo/machine/load.h"
#include "dojo/sim/simulator.h"

namespace dojo {
namespace {

using compiler::GemmSizes;
using compiler::Target;
using machine::Instruction;
using program::Element;
using program::ElementKind;
using program::Program;

// One value of each run of a case.
struct Series {
  std::string what, unit, better;
  std::vector<double> values = {};
};

struct Case {
  std::string name;
  bool usual = true;    // not so: only where it is named
  bool shared = false;  // by several threads
  std::function<std::vector<Series>(int threads)> run;
};

struct Simulated {
  sim::Result result;
  int64_t live_nodes = 0;
  double make_seconds = 0, run_seconds = 0;

  double products() const {
    return static_cast<double>(result.instructions[machine::at(Instruction::kMatrixMultiply)].work);
  }
  // Of all live nodes of the machine, for m * n * k useful products: not those of padding.
  double share_of_peak(const GemmSizes& s) const {
    return static_cast<double>(s.m) * static_cast<double>(s.n) * static_cast<double>(s.k) /
           (static_cast<double>(result.cycles) * static_cast<double>(live_nodes) *
            result.peak_products);
  }
};

template <typename Make>
Simulated simulate(const char* name, const Make& make, const sim::Options& options) {
  Simulated all;
  double begin = steady_seconds();
  const machine::Machine machine = machine::load_machine(name);
  machine::Uses uses(machine);
  const Target target(uses);
  all.live_nodes = target.topology.num_live();
  const Program program = make(target);
  sim::Simulator simulator(program, machine, options);
  if (options.values) emulate::write_random_inputs(1, program, &simulator);
  all.make_seconds = steady_seconds() - begin;
  begin = steady_seconds();
  all.result = simulator.run();
  all.run_seconds = steady_seconds() - begin;
  if (!all.result.stuck.empty()) throw std::logic_error("a program of the library never ends");
  return all;
}

constexpr sim::Options kTime = {.level = sim::Level::kBurst, .values = false};

std::vector<Series> die_gemm(int) {
  const GemmSizes sizes{.m = 2048, .n = 2048, .k = 2048};
  const Simulated s = simulate(
      "d1_die", [&](const Target& t) { return gemm_summa(t, sizes); }, kTime);
  return {{"node-cycles",
           "M node-cycles/s",
           "higher",
           {1e-6 * static_cast<double>(s.result.cycles * s.result.num_nodes) / s.run_seconds}},
          {"share of peak", "%", "higher", {100 * s.share_of_peak(sizes)}}};
}

std::vector<Series> tile_gemm(int) {
  const GemmSizes sizes{.m = 4096, .n = 4096, .k = 4096};
  const Simulated s = simulate(
      "tile", [&](const Target& t) { return gemm_summa(t, sizes); }, kTime);
  return {{"made and simulated", "s", "lower", {s.make_seconds + s.run_seconds}},
          {"share of peak", "%", "higher", {100 * s.share_of_peak(sizes)}}};
}

// Every router, every flit.
std::vector<Series> tile_flits(int threads) {
  const Simulated s = simulate(
      "tile", [](const Target& t) { return gemm_summa(t, {.m = 1024, .n = 1024, .k = 1024}); },
      {.level = sim::Level::kFlit, .values = false, .threads = threads});
  int64_t bytes = 0;
  for (const sim::LinkStats& link : s.result.links) bytes += link.bytes;
  return {{"simulated", "s", "lower", {s.run_seconds}},
          {"flits over links",
           "M/s",
           "higher",
           {1e-6 * static_cast<double>(bytes) / 64 / s.run_seconds}}};
}

// 250,000 f32. With the root in a corner a node has two streams, and with one thread SRAM has room
// for chunks of 120 kB beside the megabyte.
std::vector<Series> all_reduce(const char* machine) {
  const Simulated s = simulate(
      machine,
      [](const Target& t) {
        return all_reduce_tree(t, {.elements = 250000,
                                   .chunk = 30016,
                                   .slots = 1,
                                   .threads = 1,
                                   .root = program::Coord{0, 0}});
      },
      kTime);
  const auto peak = static_cast<double>(process_memory().peak_bytes);
  return {{"made and simulated", "s", "lower", {s.make_seconds + s.run_seconds}},
          {"memory", "GB", "lower", {1e-9 * peak}},
          {"memory of a node", "B", "lower", {peak / static_cast<double>(s.live_nodes)}},
          {"nodes", "nodes", "higher", {static_cast<double>(s.result.num_nodes)}}};
}

std::vector<Series> functional_gemm(const char* machine, GemmSizes sizes, bool races, int threads) {
  const Simulated s =
      simulate(machine, [&](const Target& t) { return gemm_summa(t, sizes); },
               {.level = sim::Level::kFunctional, .races = races, .threads = threads});
  return {{"products", "GMAC/s", "higher", {1e-9 * s.products() / s.run_seconds}}};
}

std::vector<Case> all_cases() {
  const Element bf16{ElementKind::kBF16}, cfloat8{ElementKind::kCFloat8_1_4_3, 11};
  const auto values = [](const char* machine, GemmSizes sizes, bool races) {
    return [=](int threads) { return functional_gemm(machine, sizes, races, threads); };
  };
  const GemmSizes of_die{.m = 1024, .n = 1024, .k = 2048, .factor = bf16};
  GemmSizes narrow = of_die;
  narrow.factor = cfloat8;
  return {
      {.name = "GEMM 2048^3 on a die", .run = die_gemm},
      {.name = "GEMM 4096^3 on a tile", .run = tile_gemm},
      {.name = "GEMM 1024^3 on a tile, flit", .shared = true, .run = tile_flits},
      {.name = "values of a GEMM, bf16", .shared = true, .run = values("d1_die", of_die, false)},
      {.name = "values of a GEMM, cfloat8", .shared = true, .run = values("d1_die", narrow, false)},
      {.name = "values and races of a GEMM, bf16",
       .shared = true,
       .run = values("d1_die", of_die, true)},
      {.name = "values of a GEMM on a tile, bf16",
       .shared = true,
       .run = values("tile", {.m = 4096, .n = 4096, .k = 512, .factor = bf16}, false)},
      {.name = "all-reduce of 1 MB on a tray",
       .usual = false,
       .run = [](int) { return all_reduce("tray"); }},
      {.name = "all-reduce of 1 MB on an ExaPOD",
       .usual = false,
       .run = [](int) { return all_reduce("exapod"); }},
  };
}

std::vector<Case> wanted_cases(const std::vector<std::string>& names) {
  std::vector<Case> wanted;
  for (Case& c : all_cases())
    if (names.empty() ? c.usual : std::find(names.begin(), names.end(), c.name) != names.end())
      wanted.push_back(std::move(c));
  if (wanted.size() < names.size())
    throw Error(Category::kConfig, "there is no such case", "--case",
                "dojo bench machine --list names them");
  return wanted;
}

void print_rows(const std::string& name, int threads, const std::vector<Series>& all, bool json) {
  for (const Series& s : all) {
    const BenchRow row{.bench = "machine",
                       .case_name = fmt::format("{}: {}", name, s.what),
                       .unit = s.unit,
                       .better = s.better,
                       .value = spread_of(s.values),
                       .runs = std::ssize(s.values),
                       .threads = threads};
    if (json)
      print_json(row);
    else
      fmt::print("{:<50} {:>2} {:>10.4g} {:>22}  {}\n", row.case_name, threads, row.value.median,
                 fmt::format("({:.4g} - {:.4g})", row.value.min, row.value.max), row.unit);
  }
}

// A case with each number of threads that it is measured with, in turn: what else the computer does
// slows all of them down alike.
struct Measurement {
  Case of;
  int threads = 1;
  std::vector<Series> results = {};

  void run_once() {
    set_num_threads(threads);
    const std::vector<Series> once = of.run(threads);
    if (results.empty())
      results = once;
    else
      for (size_t i = 0; i < results.size(); ++i) results[i].values.push_back(once[i].values[0]);
  }
};

}  // namespace

int run_bench_machine(std::span<const std::string> argv) {
  std::vector<std::string> names;
  int64_t runs = 3, threads = 2;
  bool json = false, list = false, quiet = false;
  Args args("dojo bench machine",
            "Measures how fast programs on Dojo are simulated, and what they compute computed: "
            "with one thread,\nand with several where these share the work (docs/simulator.md).",
            "  dojo bench machine\n"
            "  dojo bench machine --case \"all-reduce of 1 MB on an ExaPOD\" --runs 1 --json\n");
  args.option("--case", "NAME", "only this one; may be given several times", &names);
  args.option("--list", "", "print the names of the cases", &list);
  args.option("--runs", "N", "how often each is run", &runs, {.min = 1, .max = 1000});
  args.option("--threads", "N", "the second number of threads; 1: only one is measured", &threads,
              {.min = 1, .max = 1024});
  args.option("--json", "", "print one JSON object a line", &json);
  args.option("-q, --quiet", "", "no progress bar", &quiet);
  args.note("Without --case all but the ExaPOD, which takes minutes and gigabytes.\n");
  if (!args.parse(argv)) return 0;
  if (list) {
    for (const Case& c : all_cases()) fmt::print("{}\n", c.name);
    return 0;
  }
  const InterruptGuard guard(InterruptGuard::kThrow);
  std::vector<std::vector<Measurement>> cases;
  int64_t num_measurements = 0;
  for (const Case& c : wanted_cases(names)) {
    std::vector<Measurement>& all = cases.emplace_back();
    all.push_back({c});
    if (c.shared && threads > 1) all.push_back({c, static_cast<int>(threads)});
    num_measurements += std::ssize(all);
  }
  Progress progress("measuring",
                    {.total = runs * num_measurements, .unit = "runs", .quiet = quiet});
  int64_t done = 0;
  for (std::vector<Measurement>& c : cases)
    for (int64_t r = 0; r < runs; ++r)
      for (Measurement& m : c) {
        progress.update(done++);
        m.run_once();
      }
  progress.update(done);
  progress.finish();
  for (const std::vector<Measurement>& c : cases)
    for (const Measurement& m : c) print_rows(m.of.name, m.threads, m.results, json);
  return 0;
}

}  // namespace dojo
