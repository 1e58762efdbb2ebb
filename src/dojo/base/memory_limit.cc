#include "dojo/base/memory_limit.h"

#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>

namespace dojo {
namespace {

namespace fs = std::filesystem;

// The number that the file begins with; "max" and whatever else is none.
std::optional<int64_t> number_in(const fs::path& path) {
  std::ifstream file(path);
  uint64_t number = 0;
  if (!(file >> number) || number > std::numeric_limits<int64_t>::max()) return std::nullopt;
  return static_cast<int64_t>(number);
}

}  // namespace

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
  // Lines "0::/a/b" (version 2) and "4:memory:/a/b" (version 1); a limit of /a holds in /a/b too.
  // See cgroups(7).
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    std::istringstream fields(line);
    std::string number, controllers, path;
    std::getline(fields, number, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, path);
    const bool second = number == "0" && controllers.empty();
    if (!second && ("," + controllers + ",").find(",memory,") == std::string::npos) continue;
    const fs::path top = root + (second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory");
    for (fs::path group = fs::path(path).relative_path();; group = group.parent_path()) {
      limit(number_in(top / group / (second ? "memory.max" : "memory.limit_in_bytes")),
            "the control group of this process allows");
      if (group.empty()) break;
    }
  }
  struct rlimit space = {};
  if (::getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
    limit(static_cast<int64_t>(space.rlim_cur),
          "the limit of its address space (ulimit -v) allows");
  return least;
}

}  // namespace dojo
