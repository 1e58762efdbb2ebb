// dojo sim: runs a program on a simulated machine.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/progress.h"
#include "dojo/cli/args.h"
#include "dojo/cli/called.h"
#include "dojo/cli/command.h"
#include "dojo/cli/common.h"
#include "dojo/cli/given_files.h"
#include "dojo/cli/read_program.h"
#include "dojo/cli/sim_checkpoint.h"
#include "dojo/cli/sim_observe.h"
#include "dojo/cli/sim_values.h"
#include "dojo/machine/load.h"
#include "dojo/sim/show.h"
#include "dojo/sim/simulator.h"

namespace dojo {
namespace {

struct Wanted {
  std::string file, machine = "d1_die", level, values, out;
  std::vector<std::string> changes;
  int64_t cycles_limit = sim::kMostCycles, links = 8, step = 0, threads = 1;
  uint64_t seed = 0;
  bool no_races = false, json = false, critical_path = false, quiet = false;
  int64_t path_steps = 20;
  SimSeen seen;
  SimCheckpointArgs checkpoints;
  bool path_steps_given = false;
};

bool parse(std::span<const std::string> argv, Wanted* wanted) {
  Args args("dojo sim PROGRAM",
            "Runs a program on a simulated machine and says how long it takes and what it waits "
            "for; with --values it computes too, and finds data races and reads of memory that "
            "nobody has written.",
            "  dojo sim ring.program --machine d1_die\n"
            "  dojo sim gemm.program --machine tile --values random --seed 1 --json\n"
            "  dojo sim gemm.program --values in.safetensors --out out.safetensors\n"
            "  dojo sim ring.program --level flit --threads 2\n"
            "  dojo sim gemm.program --level functional --values in.safetensors\n"
            "  dojo sim gemm.program --critical-path --path-steps 40\n"
            "  dojo sim gemm.program --checkpoint gemm.{cycle} --checkpoint-at 1000,20000\n"
            "  dojo sim gemm.program --from gemm.20000 --trace late.perfetto-trace\n"
            "  dojo sim ring.program --set die/edge/latency=150ns --cycles-limit 100000\n"
            "  dojo sim gemm.program --trace gemm.perfetto-trace --trace-nodes 0:+2,0\n"
            "  dojo sim gemm.program --results runs/gemm && dojo report runs/gemm --open\n");
  args.positional("PROGRAM", kProgramHelp, &wanted->file);
  args.option("--machine", "NAME", "a machine that `dojo machine show` lists, or a file",
              &wanted->machine);
  args.option("--set", "NAME=VALUE", "another value for one number of the machine",
              &wanted->changes);
  args.option(
      "--level", "LEVEL",
      "burst: transfers are events on links; flit: routers flit by flit; functional: values "
      "without time; default: burst",
      &wanted->level);
  args.option("--values", "IN",
              "a safetensors file with the program's inputs, or `random`; default: none, only time",
              &wanted->values);
  args.option("--out", "FILE", "where the outputs go, as safetensors; default: nowhere",
              &wanted->out);
  args.option("--no-races", "", "with --values: look for no data races", &wanted->no_races);
  args.option("--seed", "N", "of stochastic rounding and of random inputs", &wanted->seed);
  args.option("--step", "N", "of the training run, for stochastic rounding", &wanted->step,
              {.min = 0, .max = 4294967295.0});
  args.option("--threads", "N",
              "processor threads; results are the same with any number. They share routers at the "
              "level flit, and with --values what instructions compute",
              &wanted->threads, {.min = 1, .max = 1024});
  args.option("--cycles-limit", "N", "a run that is not done by then is an error",
              &wanted->cycles_limit, {.min = 1, .max = static_cast<double>(sim::kMostCycles)});
  args.option("--links", "N", "how many of the busiest links are listed", &wanted->links,
              {.min = 0});
  args.option(
      "--critical-path", "",
      "why it took that long: the chain of what had to wait for each other, back to cycle 0",
      &wanted->critical_path);
  args.option("--path-steps", "N", "how many of its last steps are listed", &wanted->path_steps,
              {.min = 0});
  add_sim_seen(&args, &wanted->seen);
  add_sim_checkpoints(&args, &wanted->checkpoints);
  args.option("--json", "", "print one JSON object", &wanted->json);
  args.option("-q, --quiet", "", "no line that says how far a long run is", &wanted->quiet);
  args.note("What is simulated, what is assumed, and the names of tensors: docs/simulator.md\n");
  if (!args.parse(argv)) return false;
  wanted->path_steps_given = args.given("--path-steps");
  return true;
}

void check_files(const Wanted& wanted) {
  check_distinct_files({{"PROGRAM", wanted.file},
                        {"--values", wanted.values == "random" ? "" : wanted.values},
                        {"--machine", machine::machine_file(wanted.machine)}},
                       {{"--out", wanted.out}, {"--trace", wanted.seen.trace}});
  if (!wanted.out.empty()) check_output_file(wanted.out, "output");
  check_sim_seen(wanted.seen);
}

// Refuses what would be read and then not be used.
void check_options(const Wanted& wanted, sim::Level level, bool values) {
  const auto needs = [](bool given, const char* option, const char* what, const char* other) {
    if (given) throw Error(Category::kConfig, what, option, fmt::format("give {} too", other));
  };
  needs(!wanted.out.empty() && !values, "--out", "outputs without values", "--values");
  needs(wanted.no_races && !values, "--no-races", "races are looked for with values only",
        "--values");
  needs(wanted.path_steps_given && !wanted.critical_path, "--path-steps",
        "steps of a critical path without one", "--critical-path");
  for (const auto& [given, option] : {std::pair(wanted.critical_path, "--critical-path"),
                                      {!wanted.seen.trace.empty(), "--trace"}})
    if (given && level == sim::Level::kFunctional)
      throw Error(Category::kConfig, "the level functional has no time", option,
                  "use burst or flit");
}

// What the user says, and else what the checkpoint says that the run goes on from.
sim::Options options_of(const Wanted& wanted, const sim::CheckpointHead* from) {
  const auto level = !wanted.level.empty() ? sim::parse_level(wanted.level)
                     : from                ? from->level
                                           : sim::Level::kBurst;
  if (from && !wanted.values.empty())
    throw Error(Category::kConfig, "values for a run that has some or needs none", "--values",
                "the checkpoint of --from says whether there are values");
  if (from && wanted.critical_path)
    throw Error(Category::kUnsupported, "a critical path goes back to cycle 0", "--critical-path",
                "run the program from the beginning");
  const bool values = from ? from->values : !wanted.values.empty();
  if (!level)
    throw Error(Category::kConfig, fmt::format("no level {}", wanted.level), "--level",
                "use burst, flit or functional");
  check_options(wanted, *level, values);
  check_files(wanted);
  return {.level = *level,
          .values = values,
          .races = !wanted.no_races && (!from || from->races),
          .seed = from && wanted.seed == 0 ? from->seed : wanted.seed,
          .step = from && wanted.step == 0 ? from->step : static_cast<uint32_t>(wanted.step),
          .threads = static_cast<int>(wanted.threads),
          .critical_path = wanted.critical_path,
          .most_cycles = wanted.cycles_limit};
}

// Of a run that ends with an error the trace shows what came before.
const sim::Result& run_in_sight(sim::Simulator* simulator, const SimSight& sight,
                                const program::SourceLines& lines) {
  try {
    const sim::Result& result = simulator->run();
    sight.write_trace(lines);
    return result;
  } catch (const Error&) {
    sight.write_trace(lines);
    throw;
  }
}

// A line of a long run on a terminal, from its first second on.
class RunProgress : public sim::Watcher {
 public:
  explicit RunProgress(bool quiet) : wanted_(!quiet && isatty(STDERR_FILENO) != 0) {}

  void look(sim::Cycles now, int64_t events) override {
    if (!wanted_ || std::chrono::steady_clock::now() - began_ < std::chrono::seconds(1)) return;
    if (!bar_) bar_.emplace("simulating", ProgressOptions{.unit = "cycles"});
    latest_ = std::max(latest_, now);  // threads that nobody notices run ahead
    bar_->update(latest_, fmt::format("{} events", events));
  }
  void finish() {
    if (bar_) bar_->finish();
  }

 private:
  const bool wanted_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  sim::Cycles latest_ = 0;
  std::optional<Progress> bar_;
};

void warn_unmatched(const sim::Result& result, const program::Program& program,
                    const program::SourceLines& lines) {
  std::vector<std::string> messages;
  for (const program::Problem& problem : result.unmatched)
    messages.push_back(fmt::format("{}: {}; `{}` refuses that",
                                   to_string(program, problem.site, &lines), problem.message,
                                   as_called({"program", "check"})));
  warn(messages);
}

[[noreturn]] void never_ends(const sim::Result& result, const std::string& file) {
  throw Error(
      Category::kInput,
      fmt::format("the program never ends: {}",
                  result.stuck.size() == 1 ? "threads wait for ever at 1 instruction"
                                           : fmt::format("threads wait for ever at {} instructions",
                                                         result.stuck.size())),
      file, "what they wait for is listed above");
}

}  // namespace

int run_sim(std::span<const std::string> argv) {
  Wanted wanted;
  if (!parse(argv, &wanted)) return 0;
  const InterruptGuard guard(InterruptGuard::kThrow);
  SimCheckpoints checkpoints(wanted.checkpoints);
  sim::Options options = options_of(wanted, checkpoints.from());
  set_num_threads(options.threads);
  const machine::Machine m =
      machine::load_machine(wanted.machine, machine::parse_changes(wanted.changes));
  program::SourceLines lines;
  const program::Program p = read_program(wanted.file, &lines);
  const SimSight sight(wanted.seen, p, m, options.level);
  options.observer = sight.observer();
  checkpoints.set(p, m, &options);
  RunProgress progress(wanted.quiet);
  options.watcher = &progress;
  sim::Simulator simulator(p, m, options, &lines);
  if (checkpoints.from())
    simulator.go_on_from(checkpoints.take_state());
  else if (wanted.values == "random")
    draw_inputs(wanted.seed, p, &simulator);
  else if (options.values)
    read_inputs(wanted.values, p, &simulator);
  const sim::Result& result = run_in_sight(&simulator, sight, lines);
  checkpoints.finish(result.cycles);
  progress.finish();
  const bool done = result.stuck.empty();
  if (done) warn_unmatched(result, p, lines);
  if (done && !wanted.out.empty()) write_outputs(wanted.out, p, simulator);
  const sim::Shown shown{
      p, lines, m.name, options.level, options.values, wanted.links, wanted.path_steps};
  sight.write_results(simulator, result, shown);
  fmt::print("{}", wanted.json ? result_json(result, shown) + "\n" : show_result(result, shown));
  if (done) return 0;
  flush_results();
  never_ends(result, wanted.file);
}

}  // namespace dojo
