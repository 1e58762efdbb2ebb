// What several sub-commands share.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "dojo/graph/executor.h"
#include "dojo/scene/demo.h"

namespace dojo {

// "128x256" -> {128, 256}. Throws Error(kConfig) that names `option`.
std::pair<int64_t, int64_t> parse_size(const std::string& text, const std::string& option);

// "host": oneDNN and our own kernels; "interpreter": the slow reference. Throws Error(kConfig).
ExecutorFactory executor_factory(const std::string& name);

// ensure_demo_drives() with a progress bar, which appears only when there is something to render.
struct Drives {
  std::vector<std::string> videos;
  bool rendered = false;  // some of them were not there yet
};
Drives render_drives(const std::string& folder, const DemoOptions& options, bool quiet);

}  // namespace dojo
