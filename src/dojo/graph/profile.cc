#include "dojo/graph/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "dojo/base/check.h"
#include "dojo/base/json.h"

namespace dojo {
namespace {

using Json = nlohmann::ordered_json;

// What a line of the table says: one kernel, or all of a kind.
struct Line {
  std::string name;
  int64_t kernels = 0;
  double calls = 0;  // in a run
  double seconds = 0, flop = 0, bytes = 0, least_seconds = 0;
  double compute_bound_seconds = 0;  // of them, of kernels that arithmetic bounds
};

bool bound_by_arithmetic(double flop, double bytes, const MachineLimits& limits) {
  return flop / limits.flop_per_second > bytes / limits.bytes_per_second;
}

// In a mean run.
Line line_of(const KernelTimes& times, size_t kernel, const MachineLimits& limits) {
  const KernelInfo& k = times.kernels()[kernel];
  const double runs = static_cast<double>(times.runs());
  const double calls = static_cast<double>(times.total(kernel).calls) / runs;
  Line line{k.name,
            1,
            calls,
            times.total(kernel).seconds / runs,
            calls * k.flop,
            calls * k.bytes,
            calls * limits.least_seconds(k.flop, k.bytes)};
  if (bound_by_arithmetic(k.flop, k.bytes, limits)) line.compute_bound_seconds = line.seconds;
  return line;
}

void add(Line& to, const Line& line) {
  to.kernels += line.kernels;
  to.calls += line.calls;
  to.seconds += line.seconds;
  to.flop += line.flop;
  to.bytes += line.bytes;
  to.least_seconds += line.least_seconds;
  to.compute_bound_seconds += line.compute_bound_seconds;
}

// All kernels in their order, the kinds by name, and the sum.
struct Lines {
  std::vector<Line> kernels, kinds;
  Line all;
};

Lines lines_of(const KernelTimes& times, const MachineLimits& limits) {
  Lines lines;
  std::map<std::string, Line> by_op;
  for (size_t k = 0; k < times.kernels().size(); ++k) {
    const Line line = line_of(times, k, limits);
    Line& kind = by_op[times.kernels()[k].op];
    kind.name = times.kernels()[k].op;
    add(kind, line);
    add(lines.all, line);
    lines.kernels.push_back(line);
  }
  for (const auto& [name, line] : by_op) lines.kinds.push_back(line);
  return lines;
}

std::string to_text(const Line& line, double all_seconds) {
  const double s = line.seconds > 0 ? line.seconds : 1;  // one that never ran shows zeros
  return fmt::format("{:9.3f} {:6.1f} {:7} {:7.0f} {:9.1f} {:7.1f} {:8.2f} {:<7} {}\n",
                     line.seconds * 1e3, 100 * line.seconds / all_seconds, line.kernels, line.calls,
                     line.flop / s * 1e-9, line.bytes / s * 1e-9, line.least_seconds / s,
                     2 * line.compute_bound_seconds > line.seconds ? "FLOP" : "memory", line.name);
}

void sort_and_print(std::vector<Line> lines, double all_seconds, size_t rows, std::string* text) {
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.seconds > b.seconds; });
  *text += fmt::format("{:>9} {:>6} {:>7} {:>7} {:>9} {:>7} {:>8} {:<7} {}\n", "ms", "%", "kernels",
                       "calls", "GFLOP/s", "GB/s", "of limit", "by", "what");
  for (size_t i = 0; i < std::min(rows, lines.size()); ++i) *text += to_text(lines[i], all_seconds);
}

}  // namespace

void KernelTimes::begin(std::vector<KernelInfo> kernels) {
  kernels_ = std::move(kernels);
  totals_.assign(kernels_.size(), {});
  latest_.assign(latest_.size(), {});
  runs_ = 0;
  seconds_ = 0;
}

void KernelTimes::begin_run(double now) {
  at_ = static_cast<size_t>(runs_) % latest_.size();
  latest_[at_].number = ++runs_;
  latest_[at_].begin = latest_[at_].end = now;
  latest_[at_].moments.clear();
}

void KernelTimes::end_run(double now) {
  latest_[at_].end = now;
  seconds_ += now - latest_[at_].begin;
}

std::vector<const KernelTimes::Run*> KernelTimes::latest() const {
  std::vector<const Run*> runs;
  for (const Run& run : latest_)
    if (run.number > 0) runs.push_back(&run);
  std::sort(runs.begin(), runs.end(),
            [](const Run* a, const Run* b) { return a->number < b->number; });
  return runs;
}

std::string profile_table(const KernelTimes& times, const MachineLimits& limits, size_t rows) {
  DOJO_CHECK_LE(int64_t{1}, times.runs());
  auto [kernels, kinds, all] = lines_of(times, limits);
  const double runs = static_cast<double>(times.runs());
  std::string text = fmt::format(
      "{} runs of {:.2f} ms, {:.2f} ms of them in {} kernels: {:.2f} of the machine's limits, "
      "{:.0f} GFLOP/s and {:.1f} GB/s\n\n",
      times.runs(), times.seconds() / runs * 1e3, all.seconds * 1e3, all.kernels,
      all.least_seconds / all.seconds, limits.flop_per_second * 1e-9,
      limits.bytes_per_second * 1e-9);
  const size_t all_kinds = kinds.size();
  sort_and_print(std::move(kinds), all.seconds, all_kinds, &text);
  text += "\nthe slowest kernels:\n";
  sort_and_print(std::move(kernels), all.seconds, rows, &text);
  return text;
}

// The format: "Trace Event Format", Google, docs.google.com/document/d/
// 1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU; "X" is a span, "M" names a track; times are in
// microseconds.
std::string profile_trace(const KernelTimes& times, const MachineLimits& limits) {
  DOJO_CHECK_LE(int64_t{1}, times.runs());
  const auto runs = times.latest();
  const double origin = runs.empty() ? 0 : runs.front()->begin;
  Json events = Json::array();
  const auto track = [&](const char* what, const char* name) {
    events.push_back(
        {{"ph", "M"}, {"pid", 1}, {"tid", 1}, {"name", what}, {"args", {{"name", name}}}});
  };
  track("process_name", "dojo");
  track("thread_name", "kernels");
  const auto span = [&](const std::string& name, const std::string& category, double begin,
                        double end, Json args) {
    events.push_back({{"ph", "X"},
                      {"pid", 1},
                      {"tid", 1},
                      {"name", name},
                      {"cat", category},
                      {"ts", (begin - origin) * 1e6},
                      {"dur", (end - begin) * 1e6},
                      {"args", std::move(args)}});
  };
  for (const KernelTimes::Run* run : runs) {
    span(fmt::format("run {}", run->number), "run", run->begin, run->end, Json::object());
    for (const KernelTimes::Moment& m : run->moments) {
      const KernelInfo& k = times.kernels()[m.kernel];
      const double seconds = std::max(m.end - m.begin, 1e-9);
      span(k.name, k.op, m.begin, m.end,
           {{"flop", k.flop},
            {"bytes", k.bytes},
            {"of_limit", limits.least_seconds(k.flop, k.bytes) / seconds},
            {"bound_by", bound_by_arithmetic(k.flop, k.bytes, limits) ? "FLOP" : "memory"}});
    }
  }
  Json kinds = Json::array();
  for (const Line& line : lines_of(times, limits).kinds)
    kinds.push_back({{"name", line.name},
                     {"kernels", line.kernels},
                     {"calls", line.calls},
                     {"seconds", line.seconds},
                     {"flop", line.flop},
                     {"bytes", line.bytes},
                     {"least_seconds", line.least_seconds}});
  return dump(Json{{"displayTimeUnit", "ms"},
                   {"otherData",
                    {{"runs", times.runs()},
                     {"flop_per_second", limits.flop_per_second},
                     {"bytes_per_second", limits.bytes_per_second},
                     {"kinds", std::move(kinds)}}},
                   {"traceEvents", std::move(events)}}) +
         "\n";
}

}  // namespace dojo
