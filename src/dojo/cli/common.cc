#include "dojo/cli/common.h"

#include <fmt/format.h>

#include <cstdio>
#include <optional>

#include "dojo/base/error.h"
#include "dojo/base/progress.h"
#include "dojo/graph/interpreter.h"
#include "dojo/host/executor.h"

namespace dojo {

std::pair<int64_t, int64_t> parse_size(const std::string& text, const std::string& option) {
  long long height = 0, width = 0;
  int read = 0;
  if (std::sscanf(text.c_str(), "%5lldx%5lld%n", &height, &width, &read) != 2 ||
      read != static_cast<int>(text.size()) || height < 1 || width < 1)
    throw Error(Category::kConfig, fmt::format("size '{}'", text), option,
                "give HEIGHTxWIDTH, for example 128x256");
  return {height, width};
}

ExecutorFactory executor_factory(const std::string& name) {
  if (name == "host") return [](const Graph& g) { return make_host_executor(g); };
  if (name == "interpreter") return [](const Graph& g) { return make_interpreter(g); };
  throw Error(Category::kConfig, fmt::format("unknown executor '{}'", name), "--executor",
              "use host or interpreter");
}

Drives render_drives(const std::string& folder, const DemoOptions& options, bool quiet) {
  std::optional<Progress> bar;
  const auto progress = [&](int64_t done, int64_t total) {
    if (!bar) {
      ProgressOptions look;
      look.total = total;
      look.unit = "frames";
      look.quiet = quiet;
      bar.emplace("rendering drives", look);
    }
    bar->update(done);
  };
  Drives drives;
  drives.videos = ensure_demo_drives(folder, options, progress);
  drives.rendered = bar.has_value();
  if (bar) bar->finish();
  return drives;
}

}  // namespace dojo
