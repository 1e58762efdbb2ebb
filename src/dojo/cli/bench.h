// What the areas of `dojo bench` share: the row that each measurement becomes. Each area lives in
// one file, cli/bench_AREA.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace dojo {

struct Spread {
  double min = 0, median = 0, max = 0;
};

// REQUIRES: x is not empty.
Spread spread_of(std::vector<double> x);

struct BenchRow {
  std::string bench;      // what was measured: "step", "video", "op", "numerics", "machine"
  std::string case_name;  // of what: a model, a way to read video
  std::string unit, better = "higher", role = "ours";
  Spread value;  // over the runs
  int64_t runs = 1, threads = 1;
};

// One line on stdout, one JSON object, with the commit and the processor, and `more` behind.
void print_json(const BenchRow& row, const std::vector<std::pair<std::string, int64_t>>& more = {});

int run_bench_machine(std::span<const std::string> args);
int run_bench_noc(std::span<const std::string> args);
int run_bench_numerics(std::span<const std::string> args);
int run_bench_op(std::span<const std::string> args);
int run_bench_step(std::span<const std::string> args);
int run_bench_video(std::span<const std::string> args);

// Of the simulated machine: emulate/signature.h.
void print_signature(bool json);

}  // namespace dojo
