// How many processors this process may keep busy, and which they are.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace dojo {

// Those that it may run on (taskset, sched_setaffinity(2)), or fewer where a control group gives it
// less time: a container with 1.5 processors has 2. At least 1. `root` as in control_groups.h.
int num_processors(const std::string& root = "");

// The model name that the system gives, "unknown" where it gives none.
std::string processor_name();

// Keeps this thread, and the threads and processes that it starts, on the processor where it runs
// now, until the end of its scope; those that were started stay there. Where the system refuses,
// nothing happens.
class OneProcessor {
 public:
  OneProcessor();
  ~OneProcessor();
  OneProcessor(const OneProcessor&) = delete;
  OneProcessor& operator=(const OneProcessor&) = delete;

 private:
  std::vector<std::byte> before_;  // a cpu_set_t; empty: nothing was changed
};

}  // namespace dojo
