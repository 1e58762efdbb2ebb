// How much memory this process may use at most, so that what cannot fit is refused before time is
// spent on it.
#pragma once

#include <cstdint>
#include <string>

namespace dojo {

struct MemoryLimit {
  int64_t bytes = 0;
  std::string what;  // "the machine has", "the control group of this process allows", ...
};

// The least of: the machine's memory (without swap, in which no training gets far), the limits of
// the control groups that this process is in (versions 1 and 2), and that of its address space
// (ulimit -v). `root`: where /proc and /sys are, for tests.
MemoryLimit memory_limit(const std::string& root = "");

}  // namespace dojo
