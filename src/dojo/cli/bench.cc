// dojo bench AREA: measures the speed of one part, beside the machine's own limit.
#include "dojo/cli/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

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

int run_bench(std::span<const std::string> argv) {
  if (!argv.empty() && argv[0] == "machine") return run_bench_machine(argv.subspan(1));
  if (!argv.empty() && argv[0] == "numerics") return run_bench_numerics(argv.subspan(1));
  if (!argv.empty() && argv[0] == "noc") return run_bench_noc(argv.subspan(1));
  if (!argv.empty() && argv[0] == "op") return run_bench_op(argv.subspan(1));
  if (!argv.empty() && argv[0] == "step") return run_bench_step(argv.subspan(1));
  if (!argv.empty() && argv[0] == "video") return run_bench_video(argv.subspan(1));
  std::string area;
  bool signature = false, json = false;
  Args args("dojo bench [AREA]", "Measures the speed of one part, beside the machine's own limit.",
            "  dojo bench step --help       a training step\n"
            "  dojo bench op --help         single ops\n"
            "  dojo bench video --help      from video files to clips\n"
            "  dojo bench numerics --help   number formats and the matrix unit\n"
            "  dojo bench noc --help        the simulated network of routers\n"
            "  dojo bench machine --help    the simulated machine\n"
            "  dojo bench --signature       one number over what simulated programs do\n");
  args.positional("[AREA]", "what to measure: step, op, video, numerics, noc or machine", &area);
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
  if (area.empty())
    throw Error(Category::kConfig, "dojo bench needs an area", "",
                "use step, op, video, numerics, noc or machine");
  throw Error(Category::kConfig, fmt::format("unknown area \"{}\"", area), "",
              "use step, op, video, numerics, noc or machine");
}

}  // namespace dojo
