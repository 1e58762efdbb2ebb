#include "dojo/cli/sim_observe.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/tell.h"
#include "dojo/base/text.h"
#include "dojo/cli/called.h"
#include "dojo/cli/common.h"
#include "dojo/cli/sim_bound.h"
#include "dojo/machine/topology.h"
#include "dojo/program/node_map.h"
#include "dojo/program/text.h"
#include "dojo/sim/recorder.h"
#include "dojo/sim/stats_file.h"
#include "dojo/sim/timeline.h"
#include "dojo/sim/trace_file.h"

namespace dojo {
namespace {

using program::Coord;

constexpr size_t kNodesUnasked = 8;                      // that are shown where none are chosen
constexpr size_t kMostNodes = 4096, kMostFollowed = 64;  // in a trace, in a timeline

program::Region parse_nodes(const std::string& text) {
  try {
    return program::parse_region(text);
  } catch (const Error&) {
    throw Error(Category::kConfig, fmt::format("no nodes: {}", one_line(text)), "--trace-nodes",
                "write X,Y, or ranges as programs do: 0:+4,0:+2 are 4 columns of 2 rows");
  }
}

std::vector<Coord> chosen_nodes(const SimSeen& wanted, const program::NodeMap& map) {
  std::vector<Coord> nodes;
  const auto add = [&](Coord c) {
    if (std::find(nodes.begin(), nodes.end(), c) == nodes.end()) nodes.push_back(c);
  };
  for (size_t cell = 0;
       wanted.nodes.empty() && cell < map.num_cells() && nodes.size() < kNodesUnasked; ++cell)
    if (map.has_role(cell)) add(map.coord(cell));
  for (const std::string& text : wanted.nodes) {
    const program::Region region = parse_nodes(text);
    if (region.num_nodes() > static_cast<int64_t>(kMostNodes - nodes.size()))
      throw Error(Category::kConfig, fmt::format("more than {} nodes", kMostNodes), "--trace-nodes",
                  "choose fewer");
    for_each_node(region, add);
  }
  return nodes;
}

// Tells several.
class Several : public sim::Observer {
 public:
  void add(sim::Observer* one) { all_.push_back(one); }
  void spent(const sim::ThreadSpan& span) override {
    for (sim::Observer* one : all_) one->spent(span);
  }
  void unit(const sim::UnitSpan& span) override {
    for (sim::Observer* one : all_) one->unit(span);
  }
  void link(const sim::LinkSpan& span) override {
    for (sim::Observer* one : all_) one->link(span);
  }

 private:
  std::vector<sim::Observer*> all_;
};

}  // namespace

void add_sim_seen(Args* args, SimSeen* wanted) {
  args->option("--trace", "FILE",
               "what chosen nodes do over time, for ui.perfetto.dev: name it a.perfetto-trace",
               &wanted->trace);
  args->option(
      "--trace-nodes", "X,Y",
      "nodes of the program for --trace, and the first 64 of them for the timeline of "
      "--results, also ranges (0:+4,0:+2); can be given several times; default: the first 8",
      &wanted->nodes);
  args->option("--trace-from", "CYCLE", "the trace shows what happens from this cycle on",
               &wanted->from, {.min = 0, .max = static_cast<double>(sim::kMostCycles)});
  args->option("--trace-to", "CYCLE", "and before this one; default: the end", &wanted->to,
               {.min = 1, .max = static_cast<double>(sim::kMostCycles)});
  args->option("--results", "DIR",
               "a folder for stats.json: every node and link in numbers, from which `dojo report "
               "DIR` makes a page",
               &wanted->results);
  args->option("--bound", "FILE",
               "what `dojo program make --json` printed of this program: with --results its bound "
               "is shown beside the time",
               &wanted->bound);
}

void check_sim_seen(const SimSeen& wanted) {
  if (wanted.trace.empty() && wanted.results.empty() && !wanted.nodes.empty())
    throw Error(Category::kConfig, "nodes to show, and nowhere to show them", "--trace-nodes",
                "give --trace or --results too");
  if (wanted.trace.empty() && (wanted.from > 0 || wanted.to != sim::kMostCycles))
    throw Error(Category::kConfig, "cycles of a trace that is not written",
                wanted.from > 0 ? "--trace-from" : "--trace-to", "give --trace too");
  if (wanted.from >= wanted.to)
    throw Error(Category::kConfig,
                fmt::format("the trace from cycle {} to {} is empty", wanted.from, wanted.to),
                "--trace-to");
  if (!wanted.trace.empty()) check_output_file(wanted.trace, "trace");
  if (!wanted.bound.empty() && wanted.results.empty())
    throw Error(Category::kConfig, "a bound, and nowhere to show it", "--bound",
                "give --results too");
  if (!wanted.bound.empty()) check_exists(wanted.bound);
  if (wanted.results.empty()) return;
  std::error_code ignored;
  const std::filesystem::path folder = wanted.results;
  for (const char* name : {"config.json", "metrics.jsonl"})
    if (std::filesystem::exists(folder / name, ignored))
      throw Error(Category::kConfig, "the folder of a training", wanted.results,
                  "choose another one for --results");
  make_folder(folder);
}

struct SimSight::Inside {
  Inside(const SimSeen& w, const program::Program& p, const machine::Machine& m, sim::Level l)
      : wanted(w), program(p), machine(m), level(l), map(p), uses(m), topology(uses) {
    const std::vector<Coord> nodes = chosen_nodes(wanted, map);
    recorder.emplace(program, topology.size().x,
                     sim::Recorder::Options{.nodes = nodes, .from = wanted.from, .to = wanted.to});
    if (!wanted.trace.empty()) observers.add(&*recorder);
    if (wanted.results.empty()) return;
    if (!wanted.bound.empty()) bound = read_bound(wanted.bound, program, machine.name);
    const auto followed = static_cast<std::ptrdiff_t>(std::min(nodes.size(), kMostFollowed));
    timeline.emplace(map, program.classes.size(),
                     std::vector(nodes.begin(), nodes.begin() + followed));
    observers.add(&*timeline);
  }

  const SimSeen wanted;
  const program::Program& program;
  const machine::Machine& machine;
  const sim::Level level;
  program::NodeMap map;
  machine::Uses uses;
  machine::Topology topology;
  std::optional<sim::Recorder> recorder;
  std::optional<sim::Timeline> timeline;
  std::optional<sim::FormulaBound> bound;
  Several observers;
};

SimSight::SimSight(const SimSeen& wanted, const program::Program& program,
                   const machine::Machine& machine, sim::Level level) {
  if (!wanted.trace.empty() || !wanted.results.empty())
    inside_ = std::make_unique<Inside>(wanted, program, machine, level);
}

SimSight::~SimSight() = default;

sim::Observer* SimSight::observer() const { return inside_ ? &inside_->observers : nullptr; }

void SimSight::write_trace(const program::SourceLines& lines) const {
  if (!inside_ || inside_->wanted.trace.empty()) return;
  const Inside& in = *inside_;
  const machine::Coord size = in.topology.size();
  AtomicFile file(in.wanted.trace);
  sim::write_trace(*in.recorder,
                   {.program = in.program,
                    .lines = lines,
                    .clock_hz = in.level == sim::Level::kFunctional ? 0 : clock_hz(in.machine),
                    .columns = size.x,
                    .num_machine_nodes = size.x * size.y},
                   [&](std::string_view bytes) { file.write(bytes); });
  file.commit();
  if (const auto full = in.recorder->full_since())
    warn(
        {fmt::format("the trace ends about cycle {}, with {} spans: choose fewer nodes with "
                     "--trace-nodes, or less time with --trace-from and --trace-to",
                     *full, sim::Recorder::Options{}.most_spans)});
  tell("{}: {} node{} over time; open it at https://ui.perfetto.dev\n", one_line(in.wanted.trace),
       in.recorder->nodes().size(), in.recorder->nodes().size() == 1 ? "" : "s");
}

void SimSight::write_results(const sim::Simulator& simulator, const sim::Result& result,
                             const sim::Shown& shown) const {
  if (!inside_ || inside_->wanted.results.empty()) return;
  const Inside& in = *inside_;
  const std::filesystem::path path = std::filesystem::path(in.wanted.results) / "stats.json";
  write_file_atomic(path, sim::stats_json(result, shown,
                                          {.machine = in.machine,
                                           .used = simulator.numbers_used(),
                                           .timeline = *in.timeline,
                                           .bound = in.bound ? &*in.bound : nullptr}) +
                              "\n");
  tell("{}: `{}` makes a page of it\n", one_line(path.string()),
       as_called({"report", in.wanted.results}));
}

}  // namespace dojo
