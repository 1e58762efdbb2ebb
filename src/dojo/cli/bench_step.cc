// dojo bench step: how long a training step takes, in one interleaved run beside what the machine
// can do at most and, with --peers, beside PyTorch.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>

#include "dojo/base/clock.h"
#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/process_memory.h"
#include "dojo/base/progress.h"
#include "dojo/base/tell.h"
#include "dojo/base/text.h"
#include "dojo/cli/args.h"
#include "dojo/cli/bench.h"
#include "dojo/cli/common.h"
#include "dojo/cli/neighbour.h"
#include "dojo/cli/step_peer.h"
#include "dojo/cli/step_work.h"
#include "dojo/cli/write_profile.h"
#include "dojo/graph/cost.h"
#include "dojo/host/executor.h"
#include "dojo/host/limits.h"
#include "dojo/train/step.h"

namespace dojo {
namespace {

constexpr int kWarmUp = 3;

// One kind of step, measured in each round.
struct Series {
  std::string name;                          // "ours", "peer-eager"
  std::vector<std::vector<double>> seconds;  // of each step, by round
  std::vector<std::vector<double>> beside;   // the same beside a neighbour; empty: not asked for
  int64_t peak_bytes = 0;                    // resident, of the process that runs the step
  std::unique_ptr<StepPeer> peer;            // nullptr: ours

  double median(size_t round) const { return spread_of(seconds[round]).median; }
  // How many times as long a step takes beside a neighbour, in each round.
  std::vector<double> slowdowns() const {
    std::vector<double> x;
    for (size_t r = 0; r < beside.size(); ++r) x.push_back(spread_of(beside[r]).median / median(r));
    return x;
  }
  std::vector<double> all() const {
    std::vector<double> x;
    for (const auto& round : seconds) x.insert(x.end(), round.begin(), round.end());
    return x;
  }
};

class StepBench {
 public:
  // `memory`: that a step may take; 0: any.
  StepBench(std::string model, Format format, std::vector<std::string> without, int64_t memory,
            int64_t runs, int64_t rounds)
      : model_(std::move(model)),
        format_(format),
        without_(std::move(without)),
        memory_(memory),
        runs_(runs),
        rounds_(rounds) {}

  void prepare(bool quiet);
  void add_peers();
  // `neighbour`: each also while that works; null: without.
  void run(bool quiet, Neighbour* neighbour);
  std::vector<BenchRow> rows() const;
  // Some more of our steps, with the time of each kernel, beside the medians of the limits.
  void profile(const std::string& path, std::FILE* table);
  void print_table() const;

 private:
  std::vector<double> steps(int64_t n);
  std::vector<double> time(Series& series);
  const Series* best_peer() const;  // nullptr: there is none
  std::vector<double> speedups(const Series& peer) const;
  double memory_share() const;
  // ", bf16, without fuse": what ours does otherwise than usual; peers have only the format.
  std::string how(bool ours = true) const;
  std::vector<double> shares() const;
  BenchRow row(const char* bench, const std::string& name, const char* unit, const char* better,
               const std::vector<double>& x) const;

  std::string model_;
  Format format_;
  std::vector<std::string> without_;  // passes
  int64_t memory_, segments_ = 1;
  int64_t runs_, rounds_;
  std::unique_ptr<Executor> executor_;
  double flop_ = 0;  // of the graph
  StepSize size_;
  std::vector<Series> series_;  // ours first
  std::vector<double> fma_peaks_, bandwidths_;
};

std::vector<double> StepBench::steps(int64_t n) {
  std::vector<double> seconds;
  for (int64_t i = 0; i < n; ++i) {
    throw_if_interrupted();
    seconds.push_back(seconds_of([&] {
      if (!executor_->run()) throw std::logic_error("bench: a loss is not finite");
    }));
  }
  return seconds;
}

void StepBench::prepare(bool quiet) {
  const NamedNetwork network = named_network(model_);
  Graph graph = step_graph(model_, network, format_);
  flop_ = graph_cost(graph).total.cost.flop;  // what is computed twice counts once
  HostOptions options = host_options(without_);
  options.algorithms = timed_algorithms(quiet);
  if (memory_ > 0) {
    const FittedStep step =
        fit_step(graph, memory_, [&](const Graph& g) { return host_memory_bytes(g, options); });
    tell_fitted(step);
    segments_ = step.segments;
    graph = recomputed(graph, segments_);
  }
  const double compiling = seconds_of([&] { executor_ = make_host_executor(graph, options); });
  tell("{} nodes compiled in {:.2f} s, {:.0f} MB\n", graph.nodes.size(), compiling,
       static_cast<double>(executor_->memory_bytes()) * 1e-6);
  initialize_training(*executor_, 1);
  feed_step(*executor_, network, 1, 1e-3);
  steps(kWarmUp);
  size_ = step_size(graph);
  // Now, before this process does anything that a training run does not. A step allocates nothing.
  series_.push_back({"ours", {}, {}, process_memory().peak_bytes, nullptr});
  check_small_step(model_, format_, host_options(without_));
  const bool exact = format_ == Format::kF32;
  tell("{}: {} of a small step {} of the interpreter\n", model_,
       exact ? "the first losses" : "the first loss",
       exact ? "are those" : "is within 5 % of that");
}

void StepBench::add_peers() {
  for (const std::string& setting : step_peer_settings()) {
    const std::string name = "peer-" + setting;
    auto peer = std::make_unique<StepPeer>(setting);
    if (!peer->missing().empty()) {
      const bool none = setting == step_peer_settings().front();
      tell("dojo: {} is left out: {}\n", none ? "PyTorch" : name, one_line(peer->missing()));
      if (none) return;
      continue;
    }
    tell("dojo: preparing {}: {}\n", name, peer->version());
    try {
      peer->prepare(model_, format_, num_threads(), size_);
    } catch (const PeerError& e) {
      tell("dojo: {} is left out: {}\n", name, one_line(e.message()));
      continue;
    }
    tell("dojo: {}: {}\n", name, one_line(peer->settings()));
    series_.push_back({name, {}, {}, 0, std::move(peer)});
  }
}

std::vector<double> StepBench::time(Series& s) {
  if (s.peer) return s.peer->time(runs_);
  steps(1);  // what others have pushed out of the caches comes back
  return steps(runs_);
}

void StepBench::run(bool quiet, Neighbour* neighbour) {
  ProgressOptions look;
  look.total = rounds_ * (1 + std::ssize(series_));
  look.unit = "measurements";
  look.quiet = quiet;
  Progress progress("measuring", look);
  int64_t done = 0;
  for (int64_t round = 0; round < rounds_; ++round) {
    progress.update(done++, "limits");
    fma_peaks_.push_back(measure_fma_peak());
    bandwidths_.push_back(measure_bandwidth());
    for (size_t i = 0; i < series_.size();) {
      Series& s = series_[i];
      throw_if_interrupted();
      progress.update(done++, s.name);
      try {
        s.seconds.push_back(time(s));
        if (neighbour) {
          neighbour->work();
          s.beside.push_back(time(s));
          neighbour->rest();
        }
        if (s.peer) s.peak_bytes = s.peer->peak_bytes();
        ++i;
      } catch (const PeerError& e) {
        progress.message(fmt::format("dojo: {} is left out: {}", s.name, one_line(e.message())));
        done += rounds_ - round - 1;                                      // its later turns
        series_.erase(series_.begin() + static_cast<std::ptrdiff_t>(i));  // ends its process
      }
    }
  }
  progress.update(done);
  progress.finish();
}

const Series* StepBench::best_peer() const {
  const auto median = [](const Series& s) { return spread_of(s.all()).median; };
  const auto best =
      std::min_element(series_.begin() + 1, series_.end(),
                       [&](const Series& a, const Series& b) { return median(a) < median(b); });
  return best == series_.end() ? nullptr : &*best;
}

// How many times as fast as the peer ours is, in each round.
std::vector<double> StepBench::speedups(const Series& peer) const {
  std::vector<double> x;
  for (size_t r = 0; r < peer.seconds.size(); ++r)
    x.push_back(peer.median(r) / series_[0].median(r));
  return x;
}

// Of what the peer takes that takes least; 0 where either is not known.
double StepBench::memory_share() const {
  int64_t least = 0;
  for (const Series& s : series_)
    if (s.peer && (least == 0 || s.peak_bytes < least)) least = s.peak_bytes;
  return least > 0 ? static_cast<double>(series_[0].peak_bytes) / static_cast<double>(least) : 0;
}

std::string StepBench::how(bool ours) const {
  std::string text;
  if (format_ != Format::kF32) text = host_has_bf16() ? ", bf16" : ", bf16 emulated";
  if (ours && segments_ > 1) text += fmt::format(", {} segments", segments_);
  if (ours && !without_.empty()) text += fmt::format(", without {}", fmt::join(without_, " "));
  return text;
}

// Of the FMA peak of the same round.
std::vector<double> StepBench::shares() const {
  std::vector<double> x;
  for (size_t r = 0; r < fma_peaks_.size(); ++r)
    x.push_back(flop_ / series_[0].median(r) / fma_peaks_[r]);
  return x;
}

BenchRow StepBench::row(const char* bench, const std::string& name, const char* unit,
                        const char* better, const std::vector<double>& x) const {
  return {.bench = bench,
          .case_name = name == "ours" ? model_ : model_ + " " + name,
          .unit = unit,
          .better = better,
          .role = name == "ours" ? "ours" : "peer",
          .value = spread_of(x),
          .runs = std::ssize(x),
          .threads = num_threads()};
}

std::vector<BenchRow> StepBench::rows() const {
  std::vector<BenchRow> rows;
  for (const Series& s : series_) {
    rows.push_back(row("step", s.name, "s", "lower", s.all()));
    if (s.peak_bytes > 0)
      rows.push_back(
          row("step memory", s.name, "MB", "lower", {static_cast<double>(s.peak_bytes) * 1e-6}));
  }
  std::vector<double> rates;
  for (double seconds : series_[0].all()) rates.push_back(flop_ / seconds * 1e-9);
  rows.push_back(row("step rate", "ours", "GFLOP/s", "higher", rates));
  rows.push_back(row("step share", "ours", "of the FMA peak", "higher", shares()));
  const auto beside = [&](const char* bench, const std::string& name, const char* unit,
                          const char* better, const std::vector<double>& x) {
    rows.push_back(row(bench, name, unit, better, x));
    rows.back().role = "ours";
  };
  for (const Series& s : series_)
    if (!s.beside.empty())
      rows.push_back(row("step slowdown", s.name, "x", "lower", s.slowdowns()));
  for (const Series& s : series_)
    if (s.peer) beside("step speedup", s.name, "x", "higher", speedups(s));
  if (const Series* best = best_peer())
    beside("step speedup", "best-peer", "x", "higher", speedups(*best));
  if (const double share = memory_share(); share > 0)
    beside("step memory share", "least-peer", "of its memory", "lower", {share});
  const auto limit = [&](const char* bench, const char* name, const char* unit,
                         std::vector<double> x) {
    for (double& value : x) value *= 1e-9;
    BenchRow r = row(bench, "ours", unit, "higher", x);
    r.case_name = name;
    r.role = "limit";
    rows.push_back(r);
  };
  limit("FMA peak", "f32", "GFLOP/s", fma_peaks_);
  limit("memory bandwidth", "triad", "GB/s", bandwidths_);
  for (BenchRow& r : rows)
    if (r.role != "limit") r.bench += how(r.role == "ours");
  return rows;
}

void StepBench::profile(const std::string& path, std::FILE* table) {
  KernelTimes times;
  steps(1);  // as in run()
  executor_->note_times(&times);
  steps(runs_);
  executor_->note_times(nullptr);
  write_profile(times, {spread_of(fma_peaks_).median, spread_of(bandwidths_).median}, path, table);
}

std::string spread_text(const Spread& x, double scale, int digits) {
  return fmt::format("{:.{}f} ({:.{}f} - {:.{}f})", scale * x.median, digits, scale * x.min, digits,
                     scale * x.max, digits);
}

void StepBench::print_table() const {
  constexpr const char* kLine = "{:<16} {:>26} {:>12} {:>24}\n";
  const Series* best = best_peer();
  fmt::print("{}{}, {} threads, {} rounds of {} steps; median (min - max)\n\n", model_, how(),
             num_threads(), rounds_, runs_);
  fmt::print(fmt::runtime(kLine), "", "ms a step", "peak memory",
             best ? "ours is faster, times" : "");
  for (const Series& s : series_)
    fmt::print(fmt::runtime(kLine), s.name, spread_text(spread_of(s.all()), 1e3, 1),
               fmt::format("{:.0f} MB", static_cast<double>(s.peak_bytes) * 1e-6),
               s.peer ? spread_text(spread_of(speedups(s)), 1, 2) : "");
  if (best)
    fmt::print("\nbest peer: {}; ours is {} times as fast, and takes {:.2f} of the least memory\n",
               best->name, spread_text(spread_of(speedups(*best)), 1, 2), memory_share());
  if (!series_[0].beside.empty()) {
    fmt::print("\nbeside a process that keeps one processor busy a step takes\n");
    for (const Series& s : series_)
      fmt::print("{:<16} {:>26} times as long\n", s.name,
                 spread_text(spread_of(s.slowdowns()), 1, 2));
  }
  fmt::print("\nours: {:.1f} GFLOP a step, {:.0f} GFLOP/s, {} of the FMA peak\n", flop_ * 1e-9,
             flop_ / spread_of(series_[0].all()).median * 1e-9,
             spread_text(spread_of(shares()), 1, 2));
  fmt::print("FMA peak: {} GFLOP/s; memory: {} GB/s, by a triad over {:.0f} MB\n",
             spread_text(spread_of(fma_peaks_), 1e-9, 0),
             spread_text(spread_of(bandwidths_), 1e-9, 1),
             static_cast<double>(triad_bytes()) * 1e-6);
}

}  // namespace

int run_bench_step(std::span<const std::string> argv) {
  std::string model = "resnet18-clip", format = "f32", profile;
  int64_t threads = 0, runs = 5, rounds = 3;
  bool json = false, peers = false, neighbour = false, quiet = false;
  std::vector<std::string> without;
  std::string memory;
  Args args(
      "dojo bench step",
      "Measures the speed of a training step, in turn with the machine's own limits and, with\n"
      "--peers, with PyTorch: as installed, with its fastest settings, and with torch.compile.",
      "  dojo bench step --model resnet18-clip --threads 2 --json\n"
      "  dojo bench step --model vit-s --peers\n"
      "  dojo bench step --model resnet18-clip --without fuse\n"
      "  dojo bench step --model vit-s --format bf16 --peers\n");
  args.option("--model", "NAME", network_names(), &model);
  args.option("--format", "NAME", kFormatHelp, &format);
  add_without(&args, &without);
  add_memory(&args, &memory);
  args.option("--peers", "",
              fmt::format("also PyTorch, where python3 has it, of {}; each of its three processes "
                          "takes memory for a step",
                          fmt::join(step_peer_models(), ", ")),
              &peers);
  args.option(
      "--neighbour", "",
      "each step also while another process keeps one processor busy: how much longer it takes",
      &neighbour);
  args.option("--threads", "N", "processor threads; default: all cores", &threads,
              {.min = 1, .max = 1024});
  args.option("--runs", "N", "timed steps in a round", &runs, {.min = 1, .max = 100000});
  args.option("--rounds", "N", "times that everything is measured, in turn", &rounds,
              {.min = 1, .max = 1000});
  args.option("--profile", "FILE",
              "also the time of each kernel, as a table (with --json on stderr), and in FILE as a "
              "trace for ui.perfetto.dev",
              &profile);
  args.option("--json", "", "print one JSON object a line", &json);
  args.option("-q, --quiet", "", "no progress bar", &quiet);
  if (!args.parse(argv)) return 0;
  const auto& known = step_peer_models();
  named_network(model);  // a wrong name before anything else
  if (peers && std::find(known.begin(), known.end(), model) == known.end())
    throw Error(Category::kConfig, fmt::format("there is no {} in PyTorch", model), "--peers",
                fmt::format("use one of {}, or leave it out", fmt::join(known, ", ")));
  const Format step = step_format(format);
  if (peers && step != Format::kF32 && !host_has_bf16())
    throw Error(Category::kConfig,
                "PyTorch in " + format + " beside ours, which is emulated on this processor",
                "--peers", "compare in f32");
  if (threads > 0) set_num_threads(static_cast<int>(threads));
  const InterruptGuard guard(InterruptGuard::kThrow);
  if (args.given("--profile")) check_output_file(profile, "profile");
  std::optional<Neighbour> busy;
  if (neighbour) busy.emplace();
  StepBench bench(model, step, parse_without(without),
                  args.given("--memory") ? parse_memory(memory) : 0, runs, rounds);
  bench.prepare(quiet);
  if (peers) bench.add_peers();
  bench.run(quiet, busy ? &*busy : nullptr);
  if (json)
    for (const BenchRow& r : bench.rows()) print_json(r);
  else
    bench.print_table();
  if (args.given("--profile")) {
    if (!json) fmt::print("\n");
    bench.profile(profile, json ? stderr : stdout);
  }
  return 0;
}

}  // namespace dojo
