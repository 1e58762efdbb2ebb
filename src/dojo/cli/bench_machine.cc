// dojo bench machine: how fast programs are simulated on one core, at the level of bursts, and how
// much memory that takes; and how fast the machine's arithmetic is computed.
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
  bool usual = true;  // not so: only where it is named
  std::function<std::vector<Series>()> run;
};

struct Simulated {
  sim::Result result;
  int64_t live_nodes = 0;
  double make_seconds = 0, run_seconds = 0;

  double products() const {
    return static_cast<double>(result.instructions[machine::at(Instruction::kMatrixMultiply)].work);
  }
  double share_of_peak() const {
    return products() / (static_cast<double>(result.cycles) * static_cast<double>(live_nodes) *
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

std::vector<Series> die_gemm() {
  const Simulated s = simulate(
      "d1_die", [](const Target& t) { return gemm_summa(t, {.m = 2048, .n = 2048, .k = 2048}); },
      kTime);
  return {{"node-cycles",
           "M node-cycles/s",
           "higher",
           {1e-6 * static_cast<double>(s.result.cycles * s.result.num_nodes) / s.run_seconds}},
          {"share of peak", "%", "higher", {100 * s.share_of_peak()}}};
}

std::vector<Series> tile_gemm() {
  const Simulated s = simulate(
      "tile", [](const Target& t) { return gemm_summa(t, {.m = 4096, .n = 4096, .k = 4096}); },
      kTime);
  return {{"made and simulated", "s", "lower", {s.make_seconds + s.run_seconds}},
          {"share of peak", "%", "higher", {100 * s.share_of_peak()}}};
}

// 250,000 f32. With the root in a corner a node has two streams, so that SRAM has room for chunks
// of 60 kB beside the megabyte.
std::vector<Series> all_reduce(const char* machine) {
  const Simulated s = simulate(
      machine,
      [](const Target& t) {
        return all_reduce_tree(
            t, {.elements = 250000, .chunk = 15008, .slots = 1, .root = program::Coord{0, 0}});
      },
      kTime);
  const auto peak = static_cast<double>(process_memory().peak_bytes);
  return {{"made and simulated", "s", "lower", {s.make_seconds + s.run_seconds}},
          {"memory", "GB", "lower", {1e-9 * peak}},
          {"memory of a node", "B", "lower", {peak / static_cast<double>(s.live_nodes)}},
          {"nodes", "nodes", "higher", {static_cast<double>(s.result.num_nodes)}}};
}

std::vector<Series> functional_gemm(Element factor, bool races) {
  const Simulated s =
      simulate("d1_die",
               [&](const Target& t) {
                 return gemm_summa(t, {.m = 1024, .n = 1024, .k = 2048, .factor = factor});
               },
               {.level = sim::Level::kFunctional, .races = races});
  return {{"products", "GMAC/s", "higher", {1e-9 * s.products() / s.run_seconds}}};
}

std::vector<Case> all_cases() {
  const Element bf16{ElementKind::kBF16}, cfloat8{ElementKind::kCFloat8_1_4_3, 11};
  return {
      {.name = "GEMM 2048^3 on a die", .run = die_gemm},
      {.name = "GEMM 4096^3 on a tile", .run = tile_gemm},
      {.name = "values of a GEMM, bf16", .run = [=] { return functional_gemm(bf16, false); }},
      {.name = "values of a GEMM, cfloat8", .run = [=] { return functional_gemm(cfloat8, false); }},
      {.name = "values and races of a GEMM, bf16",
       .run = [=] { return functional_gemm(bf16, true); }},
      {.name = "all-reduce of 1 MB on a tray",
       .usual = false,
       .run = [] { return all_reduce("tray"); }},
      {.name = "all-reduce of 1 MB on an ExaPOD",
       .usual = false,
       .run = [] { return all_reduce("exapod"); }},
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

void print_rows(const std::string& name, const std::vector<Series>& all, bool json) {
  for (const Series& s : all) {
    const BenchRow row{.bench = "machine",
                       .case_name = fmt::format("{}: {}", name, s.what),
                       .unit = s.unit,
                       .better = s.better,
                       .value = spread_of(s.values),
                       .runs = std::ssize(s.values)};
    if (json)
      print_json(row);
    else
      fmt::print("{:<48} {:>10.4g} {:>22}  {}\n", row.case_name, row.value.median,
                 fmt::format("({:.4g} - {:.4g})", row.value.min, row.value.max), row.unit);
  }
}

}  // namespace

int run_bench_machine(std::span<const std::string> argv) {
  std::vector<std::string> names;
  int64_t runs = 3;
  bool json = false, list = false, quiet = false;
  Args args("dojo bench machine",
            "Measures how fast one core simulates programs on Dojo at the level of bursts, and "
            "computes what\nthey compute (docs/simulator.md).",
            "  dojo bench machine\n"
            "  dojo bench machine --case \"all-reduce of 1 MB on an ExaPOD\" --runs 1 --json\n");
  args.option("--case", "NAME", "only this one; may be given several times", &names);
  args.option("--list", "", "print the names of the cases", &list);
  args.option("--runs", "N", "how often each is run", &runs, {.min = 1, .max = 1000});
  args.option("--json", "", "print one JSON object a line", &json);
  args.option("-q, --quiet", "", "no progress bar", &quiet);
  args.note("Without --case all but the ExaPOD, which takes minutes and gigabytes.\n");
  if (!args.parse(argv)) return 0;
  if (list) {
    for (const Case& c : all_cases()) fmt::print("{}\n", c.name);
    return 0;
  }
  const InterruptGuard guard(InterruptGuard::kThrow);
  set_num_threads(1);
  const std::vector<Case> cases = wanted_cases(names);
  Progress progress("measuring",
                    {.total = runs * std::ssize(cases), .unit = "runs", .quiet = quiet});
  int64_t done = 0;
  std::vector<std::vector<Series>> results;
  for (const Case& c : cases) {
    std::vector<Series>& all = results.emplace_back();
    for (int64_t r = 0; r < runs; ++r) {
      progress.update(done++);
      const std::vector<Series> once = c.run();
      if (all.empty())
        all = once;
      else
        for (size_t i = 0; i < all.size(); ++i) all[i].values.push_back(once[i].values[0]);
    }
  }
  progress.update(done);
  progress.finish();
  for (size_t i = 0; i < cases.size(); ++i) print_rows(cases[i].name, results[i], json);
  return 0;
}

}  // namespace dojo
