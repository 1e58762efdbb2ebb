#include "dojo/graph/profile.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace dojo {
namespace {

constexpr MachineLimits kLimits{.flop_per_second = 100e9, .bytes_per_second = 10e9};

// Runs of 6 ms: 1.5 for a reorder and 0.5 for an Add, for both of which the memory limit is 0.5; 4
// for a convolution, for which the FLOP limit is 2.
KernelTimes times_of(int runs, size_t kept = 10) {
  KernelTimes times(kept);
  times.begin({{"reorder %x", "reorder", 0, 5e6, true},
               {"Conv %y", "Conv", 0.2e9, 1e6},
               {"Add %z", "Add", 1e3, 5e6}});
  for (int r = 0; r < runs; ++r) {
    const double t = 100 + 0.010 * r;
    times.begin_run(t);
    times.note(0, t, t + 0.0015);
    times.note(1, t + 0.0015, t + 0.0055);
    times.note(2, t + 0.0055, t + 0.006);
    times.end_run(t + 0.006);
  }
  return times;
}

TEST(Profile, SumsAreOfAllRunsAndMomentsOfTheLatest) {
  const KernelTimes times = times_of(7, 3);
  EXPECT_EQ(times.runs(), 7);
  EXPECT_EQ(times.total(1).calls, 7);
  EXPECT_NEAR(times.total(1).seconds, 0.028, 1e-9);
  EXPECT_NEAR(times.seconds(), 0.042, 1e-9);
  ASSERT_EQ(times.latest().size(), 3u);
  EXPECT_EQ(times.latest()[0]->number, 5);
  EXPECT_EQ(times.latest()[2]->number, 7);
  EXPECT_NEAR(times.latest()[2]->begin, 100.06, 1e-9);
  EXPECT_EQ(times.latest()[2]->moments.size(), 3u);
}

TEST(Profile, BeginForgetsWhatWasNoted) {
  KernelTimes times = times_of(2);
  times.begin({{"Add %a", "Add", 1, 1}});
  EXPECT_EQ(times.runs(), 0);
  EXPECT_EQ(times.total(0).calls, 0);
  EXPECT_TRUE(times.latest().empty());
}

TEST(Profile, TheTableHasKindsAndKernelsBySlownessBesideTheLimits) {
  EXPECT_EQ(
      profile_table(times_of(2), kLimits, 2),
      R"(2 runs of 6.00 ms, 6.00 ms of them in 3 kernels: 0.50 of the machine's limits, 100 GFLOP/s and 10.0 GB/s

       ms      % kernels   calls   GFLOP/s    GB/s of limit by      what
    4.000   66.7       1       1      50.0     0.2     0.50 FLOP    Conv
    1.500   25.0       1       1       0.0     3.3     0.33 memory  reorder
    0.500    8.3       1       1       0.0    10.0     1.00 memory  Add

the slowest kernels:
       ms      % kernels   calls   GFLOP/s    GB/s of limit by      what
    4.000   66.7       1       1      50.0     0.2     0.50 FLOP    Conv %y
    1.500   25.0       1       1       0.0     3.3     0.33 memory  reorder %x
)");
}

TEST(Profile, TheTraceHasASpanForEachRunAndKernel) {
  const auto trace = nlohmann::json::parse(profile_trace(times_of(3, 2), kLimits));
  EXPECT_EQ(trace.at("otherData").at("runs"), 3);
  const auto& kinds = trace.at("otherData").at("kinds");
  ASSERT_EQ(kinds.size(), 3u);
  EXPECT_EQ(kinds[1].at("name"), "Conv");
  EXPECT_NEAR(kinds[1].at("seconds").get<double>(), 0.004, 1e-9);
  EXPECT_NEAR(kinds[1].at("flop").get<double>(), 0.2e9, 1);
  EXPECT_NEAR(kinds[1].at("least_seconds").get<double>(), 0.002, 1e-9);
  std::vector<std::string> names;
  for (const auto& e : trace.at("traceEvents"))
    if (e.at("ph") == "X") names.push_back(e.at("name"));
  EXPECT_EQ(names, (std::vector<std::string>{"run 2", "reorder %x", "Conv %y", "Add %z", "run 3",
                                             "reorder %x", "Conv %y", "Add %z"}));
  const auto& conv = trace.at("traceEvents").at(4);
  EXPECT_EQ(conv.at("cat"), "Conv");
  EXPECT_NEAR(conv.at("ts").get<double>(), 1500, 1e-3);
  EXPECT_NEAR(conv.at("dur").get<double>(), 4000, 1e-3);
  EXPECT_NEAR(conv.at("args").at("of_limit").get<double>(), 0.5, 1e-6);
  EXPECT_EQ(conv.at("args").at("bound_by"), "FLOP");
}

}  // namespace
}  // namespace dojo
