// dojo report: writes a run's report.html.
#include "dojo/report/report.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/base/text.h"
#include "dojo/cli/args.h"
#include "dojo/cli/command.h"
#include "dojo/cli/common.h"

extern char** environ;

namespace dojo {
namespace {

void open_in_browser(const std::string& path) {
  std::string program = "xdg-open", file = path;
  char* argv[] = {program.data(), file.data(), nullptr};
  pid_t child = 0;
  int status = 0;
  if (posix_spawnp(&child, argv[0], nullptr, nullptr, argv, environ) != 0 ||
      waitpid(child, &status, 0) != child || status != 0) {
    throw Error(Category::kIo, "cannot open a browser with xdg-open", path,
                "open the file yourself");
  }
}

}  // namespace

int run_report(std::span<const std::string> argv) {
  std::string run;
  bool open = false, json = false;
  Args args(
      "dojo report RUN",
      "Writes report.html into a run folder: of a training, also one that is still going on, or "
      "of a simulation.",
      "  dojo report runs/mine\n  dojo report runs/mine --open\n"
      "  dojo sim gemm.program --results runs/gemm && dojo report runs/gemm\n");
  args.positional("RUN", "the folder that `dojo train --out` or `dojo sim --results` names", &run);
  args.option("--open", "", "show it in the browser", &open);
  args.option("--json", "", "print one JSON object", &json);
  if (!args.parse(argv)) return 0;
  const std::vector<std::string> problems = write_report(run);
  warn(problems);
  const std::string path = (std::filesystem::path(run) / "report.html").string();
  if (json) {
    nlohmann::ordered_json object = {{"report", to_utf8(path)},
                                     {"bytes", std::filesystem::file_size(path)},
                                     {"problems", nlohmann::json::array()}};
    for (const std::string& p : problems) object["problems"].push_back(to_utf8(p));
    print_json(object);
  } else {
    fmt::print("{}\n", path);
  }
  if (open) open_in_browser(std::filesystem::absolute(path).string());
  return 0;
}

}  // namespace dojo
