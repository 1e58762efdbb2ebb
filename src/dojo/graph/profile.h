// Where the time of a step goes: which kernels an executor has, when each of them ran, and how long
// it took beside the least time that the machine allows (machine_limits.h).
//
//   KernelTimes times;
//   executor.note_times(&times);
//   for (...) executor.run();
//   executor.note_times(nullptr);
//   fmt::print("{}", profile_table(times, limits));
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dojo/graph/machine_limits.h"

namespace dojo {

struct KernelInfo {
  std::string name;    // op and value, or a fused group: "Conv %stem.y", "Add Relu %x2"
  std::string op;      // what kernels of its kind are summed under: "Conv", "Add Relu"
  double flop = 0;     // by the formulas of the ops that it computes
  double bytes = 0;    // each buffer that it reads and each that it writes, once
  bool moves = false;  // computes nothing: brings a value into another order or place
};

// An executor writes it while it is set with Executor::note_times(). Memory does not grow with the
// number of runs. Not thread-safe.
class KernelTimes {
 public:
  explicit KernelTimes(size_t kept_runs = 10) : latest_(kept_runs) {}

  // For executors. Times are steady_seconds() (base/clock.h).
  void begin(std::vector<KernelInfo> kernels);  // forgets what was noted before
  void begin_run(double now);
  void note(size_t kernel, double begin, double end) {
    totals_[kernel].seconds += end - begin;
    ++totals_[kernel].calls;
    latest_[at_].moments.push_back({kernel, begin, end});
  }
  void end_run(double now);

  struct Total {
    double seconds = 0;
    int64_t calls = 0;
  };
  struct Moment {
    size_t kernel = 0;
    double begin = 0, end = 0;
  };
  struct Run {
    int64_t number = 0;  // the first is 1
    double begin = 0, end = 0;
    std::vector<Moment> moments;
  };

  const std::vector<KernelInfo>& kernels() const { return kernels_; }
  const Total& total(size_t kernel) const { return totals_[kernel]; }
  int64_t runs() const { return runs_; }
  double seconds() const { return seconds_; }  // of all runs
  std::vector<const Run*> latest() const;      // the last kept_runs, oldest first

 private:
  std::vector<KernelInfo> kernels_;
  std::vector<Total> totals_;  // by kernel
  std::vector<Run> latest_;    // a ring; run n is at (n - 1) % size
  size_t at_ = 0;              // the present one
  int64_t runs_ = 0;
  double seconds_ = 0;
};

// For people: the kinds of kernels, then the slowest kernels, at most `rows`; milliseconds a run,
// FLOP and bytes a second, and the share of the machine's limits that was reached: the least time
// that they allow, over the time. A share above 1: the data lay in a cache, or an algorithm needs
// fewer FLOP than the op's formula. REQUIRES: times.runs() > 0.
std::string profile_table(const KernelTimes& times, const MachineLimits& limits, size_t rows = 30);

// The latest runs as JSON in the Trace Event Format, which ui.perfetto.dev and chrome://tracing
// show: one span for each run and one for each kernel in it, with FLOP, bytes and share.
// "otherData" has the limits and, of a mean run of all, the sums of each kind of kernel, for the
// report. REQUIRES: times.runs() > 0.
std::string profile_trace(const KernelTimes& times, const MachineLimits& limits);

}  // namespace dojo
