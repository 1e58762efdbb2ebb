// How many processors this process may keep busy, and which they are.
#pragma once

#include <string>

namespace dojo {

// Those that it may run on (taskset, sched_setaffinity(2)), or fewer where a control group gives it
// less time: a container with 1.5 processors has 2. At least 1. `root` as in control_groups.h.
int num_processors(const std::string& root = "");

// The model name that the system gives, "unknown" where it gives none.
std::string processor_name();

}  // namespace dojo
