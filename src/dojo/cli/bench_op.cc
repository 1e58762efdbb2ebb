// dojo bench op: how long single ops take, beside what the machine can do at most, and how far
// their results are from the interpreter's. Problems are lines of text (graph/problem.h).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/memory_limit.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/progress.h"
#include "dojo/base/random.h"
#include "dojo/base/text.h"
#include "dojo/cli/args.h"
#include "dojo/cli/bench.h"
#include "dojo/cli/common.h"
#include "dojo/graph/bytes.h"
#include "dojo/graph/interpreter.h"
#include "dojo/graph/problem.h"
#include "dojo/graph/profile.h"
#include "dojo/host/executor.h"
#include "dojo/host/limits.h"

namespace dojo {
namespace {

constexpr double kTolerance = 1e-4;  // of the largest value of a result, for f32
constexpr int64_t kMaxFileBytes = 1 << 20;

// What is measured of one problem.
struct Result {
  Problem problem;
  double flop = 0, bytes = 0;   // of the kernels that compute
  std::vector<double> seconds;  // in these, of each run
  std::vector<double> copying;  // seconds of copies into the order of memory that they want
  std::vector<double> shares;   // of the limits, by round
  std::optional<double> error;  // against the interpreter
};

void write_operands(const Problem& problem, Executor& e) {
  for (size_t i = 0; i < problem.op.inputs.size(); ++i) {
    const CaseInput& input = problem.op.inputs[i];
    if (!input.present) continue;
    Random random(1, stream_id(problem.text), static_cast<uint64_t>(i));
    std::vector<std::byte> bytes(static_cast<size_t>(input.type.num_bytes()));
    to_bytes(input.type.format, random_values(random, input), bytes);
    e.write(fmt::format("x{}", i), bytes);
  }
}

// |a - b|, of the largest |b|; infinity where only one is a number, or infinite.
double error_of(const std::vector<double>& a, const std::vector<double>& b) {
  double worst = 0, largest = 1e-3;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isfinite(b[i])) largest = std::max(largest, std::abs(b[i]));
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    const double distance = std::abs(a[i] - b[i]);
    worst = std::max(worst, std::isfinite(distance) ? distance : INFINITY);
  }
  return worst / largest;
}

// The worst of all results. REQUIRES: `ours` has run.
double compare(const Problem& problem, const Graph& graph, Executor& ours) {
  const auto oracle = make_interpreter(graph, Precision::kDouble);
  write_operands(problem, *oracle);
  oracle->run();
  double worst = 0;
  for (const Output& output : graph.outputs) {
    const Type& type = graph.type(output.value);
    std::vector<std::byte> bytes(static_cast<size_t>(type.num_bytes()));
    std::vector<double> values[2];
    for (Executor* e : {oracle.get(), &ours}) {
      std::vector<double>& x = values[e == &ours];
      x.resize(static_cast<size_t>(type.num_elements()));
      e->read(output.name, bytes);
      from_bytes(type.format, bytes, x);
    }
    worst = std::max(worst, error_of(values[1], values[0]));
  }
  return worst;
}

void measure(Result& result, int64_t runs, bool check, const MachineLimits& limits,
             std::shared_ptr<Algorithms> algorithms) {
  const Graph graph = case_graph(result.problem.op);
  // Before memory is taken.
  if (check) check_interpreted_size(graph, result.problem.text, "smaller shapes, or --no-check");
  // An operand is drawn in numbers of 8 bytes before it goes there: beside u8 that is much.
  const bool bytes = std::any_of(graph.values.begin(), graph.values.end(),
                                 [](const Value& v) { return size_bytes(v.type.format) == 1; });
  const auto e = make_host_executor(graph, {.algorithms = std::move(algorithms),
                                            .max_bytes = memory_limit().bytes / (bytes ? 12 : 4)});
  write_operands(result.problem, *e);
  e->run();
  if (check) {
    result.error = compare(result.problem, graph, *e);
    e->run();  // what the interpreter has pushed out of the caches comes back
  }
  KernelTimes times(static_cast<size_t>(runs));
  e->note_times(&times);
  for (int64_t r = 0; r < runs; ++r) e->run();
  result.flop = result.bytes = 0;
  for (const KernelInfo& kernel : times.kernels()) {
    if (kernel.moves) continue;
    result.flop += kernel.flop;
    result.bytes += kernel.bytes;
  }
  std::vector<double> shares;
  for (const KernelTimes::Run* run : times.latest()) {
    double computing = 0, copying = 0;
    for (const KernelTimes::Moment& m : run->moments)
      (times.kernels()[m.kernel].moves ? copying : computing) += m.end - m.begin;
    result.seconds.push_back(computing);
    result.copying.push_back(copying);
    if (computing > 0)
      shares.push_back(limits.least_seconds(result.flop, result.bytes) / computing);
  }
  if (!shares.empty()) result.shares.push_back(spread_of(shares).median);
}

BenchRow row(const std::string& bench, const std::string& name, const std::string& unit,
             const std::string& better, const std::vector<double>& x) {
  return {.bench = bench,
          .case_name = name,
          .unit = unit,
          .better = better,
          .value = spread_of(x),
          .runs = std::ssize(x),
          .threads = num_threads()};
}

BenchRow limit(const std::string& bench, const std::string& name, const std::string& unit,
               const std::vector<double>& x) {
  BenchRow r = row(bench, name, unit, "higher", x);
  r.role = "limit";
  return r;
}

void print_rows(const Result& r) {
  const std::string& name = r.problem.text;
  print_json(row("op", name, "s", "lower", r.seconds));
  print_json(row("op copies", name, "s", "lower", r.copying));
  std::vector<double> flop_rates, byte_rates;
  for (double s : r.seconds) {
    if (s <= 0) continue;
    flop_rates.push_back(r.flop / s * 1e-9);
    byte_rates.push_back(r.bytes / s * 1e-9);
  }
  if (!flop_rates.empty()) {
    print_json(row("op rate", name, "GFLOP/s", "higher", flop_rates));
    print_json(row("op bandwidth", name, "GB/s", "higher", byte_rates));
    print_json(row("op share", name, "of the limit", "higher", r.shares));
  }
  if (r.error) print_json(row("op error", name, "of the largest value", "lower", {*r.error}));
}

void print_line(const Result& r) {
  const Spread ms = spread_of(r.seconds);
  const double s = ms.median > 0 ? ms.median : INFINITY;  // an op that is no work shows zeros
  fmt::print("{:9.3f} {:>19} {:9.3f} {:9.1f} {:7.1f} {:8.2f} {:>9}  {}\n", ms.median * 1e3,
             fmt::format("({:.3f} - {:.3f})", ms.min * 1e3, ms.max * 1e3),
             spread_of(r.copying).median * 1e3, r.flop / s * 1e-9, r.bytes / s * 1e-9,
             r.shares.empty() ? 0.0 : spread_of(r.shares).median,
             r.error ? fmt::format("{:.1e}", *r.error) : "-", one_line(r.problem.text));
}

std::vector<Result> problems_of(const std::vector<std::string>& words, const std::string& file) {
  if (words.empty() == file.empty())
    throw Error(Category::kConfig, words.empty() ? "no problem is given" : "two ways at once",
                "dojo bench op", "give the words of one problem, or --file FILE");
  std::vector<Result> results;
  if (file.empty()) {
    try {
      results.push_back({parse_problem(fmt::format("{}", fmt::join(words, " ")), "the problem")});
    } catch (const Error& e) {  // words on the command line are no file
      throw Error(Category::kConfig, e.message(), e.where(), e.hint());
    }
    return results;
  }
  check_exists(file);
  for (Problem& p : parse_problems(read_file(file, kMaxFileBytes), file))
    results.push_back({std::move(p)});
  if (results.empty()) throw Error(Category::kInput, "there is no problem in it", file);
  return results;
}

}  // namespace

int run_bench_op(std::span<const std::string> argv) {
  std::vector<std::string> words;
  std::string file;
  int64_t threads = 0, runs = 10, rounds = 3;
  bool json = false, no_check = false, quiet = false;
  Args args(
      "dojo bench op [WORD...]",
      "Measures single ops, in turn with the machine's own limits, and compares their results "
      "with\n"
      "the interpreter's. A problem is an op with its operands and attributes (docs/measuring.md).",
      "  dojo bench op Conv x=16x64x32x64 w=64x64x3x3 pads=1,1,1,1\n"
      "  dojo bench op GatherND data=8x392x384 indices=i32:8x40x1@0..392 batch_dims=1\n"
      "  dojo bench op --file benchmarks/problems/vit_s.txt --json\n");
  args.positional("[WORD...]", "an op and its NAME=VALUE, as `dojo graph ops` names them", &words);
  args.option("--file", "FILE", "problems, one a line; # begins a comment", &file);
  args.option("--no-check", "", "no comparison, which takes long for large convolutions",
              &no_check);
  args.option("--threads", "N", "processor threads; default: all cores", &threads,
              {.min = 1, .max = 1024});
  args.option("--runs", "N", "timed runs in a round", &runs, {.min = 1, .max = 100000});
  args.option("--rounds", "N", "times that everything is measured, in turn", &rounds,
              {.min = 1, .max = 1000});
  args.option("--json", "", "print one JSON object a line", &json);
  args.option("-q, --quiet", "", "no progress bar", &quiet);
  if (!args.parse(argv)) return 0;
  if (threads > 0) set_num_threads(static_cast<int>(threads));
  std::vector<Result> results = problems_of(words, file);
  const auto algorithms = timed_algorithms(quiet);
  std::vector<double> peaks, bandwidths;
  {
    ProgressOptions look;
    look.total = rounds * std::ssize(results);
    look.unit = "measurements";
    look.quiet = quiet;
    Progress progress("measuring", look);
    int64_t done = 0;
    for (int64_t round = 0; round < rounds; ++round) {
      const MachineLimits limits = measure_limits();
      peaks.push_back(limits.flop_per_second * 1e-9);
      bandwidths.push_back(limits.bytes_per_second * 1e-9);
      for (Result& r : results) {
        progress.update(done++, one_line(r.problem.text));
        measure(r, runs, !no_check && round == 0, limits, algorithms);
      }
    }
    progress.update(done);
    progress.finish();
  }
  if (!json)
    fmt::print("{:>9} {:>19} {:>9} {:>9} {:>7} {:>8} {:>9}  {}\n", "ms", "(min - max)", "copies ms",
               "GFLOP/s", "GB/s", "of limit", "error", "problem");
  for (const Result& r : results) json ? print_rows(r) : print_line(r);
  const BenchRow peak = limit("FMA peak", "f32", "GFLOP/s", peaks),
                 bandwidth = limit("memory bandwidth", "triad", "GB/s", bandwidths);
  if (json) {
    print_json(peak);
    print_json(bandwidth);
  } else {
    fmt::print("\nlimits: {:.0f} GFLOP/s ({:.0f} - {:.0f}), {:.1f} GB/s ({:.1f} - {:.1f})\n",
               peak.value.median, peak.value.min, peak.value.max, bandwidth.value.median,
               bandwidth.value.min, bandwidth.value.max);
  }
  for (const Result& r : results)
    if (r.error && !(*r.error <= kTolerance))
      throw std::logic_error(
          fmt::format("{}: its result is {:.2g} off the interpreter's, of the "
                      "largest value; {} are allowed",
                      r.problem.text, *r.error, kTolerance));
  return 0;
}

}  // namespace dojo
