// dojo bench AREA: measures the speed of one part, beside the machine's own limit.
#include "dojo/cli/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>

#include "dojo/base/error.h"
#include "dojo/base/processors.h"
#include "dojo/cli/args.h"
#include "dojo/cli/command.h"
#include "dojo/cli/commit.h"
#include "dojo/cli/common.h"

namespace dojo {
Spread spread_of(std::vector<double> x) {
  std::sort(x.begin(), x.end());
  return {x.front(), (x[(x.size() - 1) / 2] + x[x.size() / 2]) / 2, x.back()};
}

void print_json(const BenchRow& row, const std::vector<std::pair<std::string, int64_t>>& more) {
  nlohmann::ordered_json object = {
      {"bench", row.bench},      {"case", row.case_name},      {"value", row.value.median},
      {"unit", row.unit},        {"better", row.better},       {"role", row.role},
      {"min", row.value.min},    {"median", row.value.median}, {"max", row.value.max},
      {"runs", row.runs},        {"threads", row.threads},     {"commit", source_commit()},
      {"host", processor_name()}};
  for (const auto& [key, value] : more) object[key] = value;
  print_json(object);
}

namespace {

struct Area {
  std::string_view name, about;
  int (*run)(std::span<const std::string> args);
};
constexpr Area kAreas[] = {{"step", "a training step", run_bench_step},
                           {"op", "single ops", run_bench_op},
                           {"video", "from video files to clips", run_bench_video},
                           {"numerics", "number formats and the matrix unit", run_bench_numerics},
                           {"noc", "the simulated network of routers", run_bench_noc},
                           {"machine", "the simulated machine", run_bench_machine}};

// "step, op, video, numerics, noc or machine"
std::string area_names() {
  std::string names(kAreas[0].name);
  for (size_t i = 1; i < std::size(kAreas); ++i)
    names += fmt::format("{} {}", i + 1 < std::size(kAreas) ? "," : " or", kAreas[i].name);
  return names;
}

std::string examples() {
  std::string lines;
  for (const Area& area : kAreas)
    lines +=
        fmt::format("  {:<27}  {}\n", fmt::format("dojo bench {} --help", area.name), area.about);
  return lines + "  dojo bench --signature       one number over what simulated programs do\n";
}

}  // namespace

int run_bench(std::span<const std::string> argv) {
  for (const Area& area : kAreas)
    if (!argv.empty() && argv[0] == area.name) return area.run(argv.subspan(1));
  std::string area;
  bool signature = false, json = false;
  Args args("dojo bench [AREA]", "Measures the speed of one part, beside the machine's own limit.",
            examples());
  args.positional("[AREA]", "what to measure: " + area_names(), &area);
  args.option(
      "--signature", "",
      "cycles and values of ten fixed programs on the simulated machine, and one number over "
      "all: the same of every build",
      &signature);
  args.option("--json", "", "print the signature as one JSON object", &json);
  if (!args.parse(argv)) return 0;
  if (area.empty() && signature) {
    print_signature(json);
    return 0;
  }
  throw Error(Category::kConfig,
              area.empty() ? "dojo bench needs an area" : fmt::format("unknown area \"{}\"", area),
              "", "use " + area_names());
}

}  // namespace dojo
