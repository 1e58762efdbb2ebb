// What several sub-commands share.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "dojo/graph/executor.h"

namespace dojo {

// "128x256" -> {128, 256}. Throws Error(kConfig) that names `option`.
std::pair<int64_t, int64_t> parse_size(const std::string& text, const std::string& option);

// "host": oneDNN and our own kernels; "interpreter": the slow reference. Throws Error(kConfig).
ExecutorFactory executor_factory(const std::string& name);

}  // namespace dojo
