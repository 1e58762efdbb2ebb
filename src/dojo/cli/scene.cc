// dojo scene: renders drives of the procedural world.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <tuple>

#include "dojo/base/interrupt.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/text.h"
#include "dojo/cli/args.h"
#include "dojo/cli/command.h"
#include "dojo/cli/common.h"

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
  args.option(
      "--out", "DIR",
      "folder of the drives; those that are there, whole and made with the same options are "
      "kept, those of other options replaced, other files not touched",
      &folder);
  args.option("--drives", "N", "number of drives", &options.drives);
  args.option("--seconds", "S", "length of each drive", &options.seconds);
  args.option("--size", "HxW", "height and width in pixels", &size);
  args.option("--fps", "N", "frames a second", &options.fps);
  args.option("--seed", "N", "other seeds, other drives", &options.seed);
  args.option("--depth", "", "write the depth of each pixel too (.npy, large)", &options.depth);
  args.option("--threads", "N", "processor threads; default: all cores", &threads,
              {.min = 1, .max = 1024});
  args.option("-q, --quiet", "", "no progress bar", &quiet);
  args.option("--json", "", "print one JSON object", &json);
  if (!args.parse(argv)) return 0;

  std::tie(options.height, options.width) = parse_size(size, "--size");
  set_num_threads(static_cast<int>(threads));
  const InterruptGuard guard(InterruptGuard::kThrow);
  const Drives drives = render_drives(folder, options, quiet);
  if (json) {
    nlohmann::ordered_json object = {{"folder", to_utf8(folder)},
                                     {"rendered", drives.rendered},
                                     {"videos", nlohmann::json::array()}};
    for (const std::string& path : drives.videos) object["videos"].push_back(to_utf8(path));
    fmt::print("{}\n", object.dump());
  } else {
    for (const std::string& path : drives.videos) fmt::print("{}\n", path);
  }
  return 0;
}

}  // namespace dojo
