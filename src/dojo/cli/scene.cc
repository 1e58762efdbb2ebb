// dojo scene: renders drives of the procedural world.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "dojo/base/error.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/progress.h"
#include "dojo/cli/args.h"
#include "dojo/cli/command.h"
#include "dojo/scene/demo.h"

namespace dojo {

int run_scene(std::span<const std::string> argv) {
  DemoOptions options;
  std::string folder = "drives", size = fmt::format("{}x{}", options.height, options.width);
  bool json = false, quiet = false;
  int64_t threads = num_threads();
  Args args("dojo scene [--out DIR]",
            "Renders drives of a procedural world, with exact truth beside each video.",
            "  dojo scene --out drives\n"
            "  dojo scene --out wide --drives 2 --seconds 10 --size 192x640 --depth\n");
  args.option("--out", "DIR", "folder of the drives; what is there and whole is kept", &folder);
  args.option("--drives", "N", "number of drives", &options.drives);
  args.option("--seconds", "S", "length of each drive", &options.seconds);
  args.option("--size", "HxW", "height and width in pixels", &size);
  args.option("--fps", "N", "frames a second", &options.fps);
  args.option("--seed", "N", "other seeds, other drives", &options.seed);
  args.option("--depth", "", "write the depth of each pixel too (.npy, large)", &options.depth);
  args.option("--threads", "N", "processor threads", &threads, {.min = 1, .max = 1024});
  args.option("-q, --quiet", "", "no progress bar", &quiet);
  args.option("--json", "", "print one JSON object", &json);
  if (!args.parse(argv)) return 0;

  int read = 0;
  long long height = 0, width = 0;
  if (std::sscanf(size.c_str(), "%lldx%lld%n", &height, &width, &read) != 2 ||
      read != static_cast<int>(size.size())) {
    throw Error(Category::kConfig, fmt::format("size '{}'", size), "--size",
                "give HEIGHTxWIDTH, for example 256x512");
  }
  options.height = height;
  options.width = width;
  set_num_threads(static_cast<int>(threads));

  std::optional<Progress> bar;
  const auto progress = [&](int64_t done, int64_t total) {
    if (!bar) {
      ProgressOptions look;
      look.total = total;
      look.unit = "frames";
      look.quiet = quiet;
      bar.emplace("rendering", look);
    }
    bar->update(done);
  };
  const std::vector<std::string> paths = ensure_demo_drives(folder, options, progress);
  if (bar) bar->finish();
  if (json) {
    fmt::print(
        "{}\n",
        nlohmann::ordered_json{{"folder", folder}, {"rendered", bar.has_value()}, {"videos", paths}}
            .dump());
  } else {
    for (const std::string& path : paths) fmt::print("{}\n", path);
  }
  return 0;
}

}  // namespace dojo
