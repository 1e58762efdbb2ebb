#include "dojo/base/memory_limit.h"

#include <sys/resource.h>

#include <fstream>
#include <limits>
#include <optional>

#include "dojo/base/control_groups.h"

namespace dojo {

MemoryLimit memory_limit(const std::string& root) {
  MemoryLimit least{std::numeric_limits<int64_t>::max(), "the system allows"};
  const auto limit = [&](std::optional<int64_t> bytes, const char* what) {
    if (bytes && *bytes < least.bytes) least = {*bytes, what};
  };
  std::ifstream meminfo(root + "/proc/meminfo");
  for (std::string word; meminfo >> word;) {
    int64_t kib = 0;
    if (word == "MemTotal:" && meminfo >> kib) limit(kib * 1024, "the machine has");
  }
  for (const ControlGroup& group : control_groups("memory", root))
    limit(group.number(group.version == 2 ? "memory.max" : "memory.limit_in_bytes"),
          "the control group of this process allows");
  struct rlimit space = {};
  if (::getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
    limit(static_cast<int64_t>(space.rlim_cur),
          "the limit of its address space (ulimit -v) allows");
  return least;
}

}  // namespace dojo
