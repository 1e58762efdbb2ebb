#include "dojo/base/processors.h"

#include <sched.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <thread>

#include "dojo/base/control_groups.h"

namespace dojo {

int num_processors(const std::string& root) {
  cpu_set_t allowed;
  int64_t least = sched_getaffinity(0, sizeof allowed, &allowed) == 0
                      ? int64_t{CPU_COUNT(&allowed)}
                      : int64_t{std::thread::hardware_concurrency()};
  for (const ControlGroup& group : control_groups("cpu", root)) {
    // Microseconds of processor time in each period of so many.
    std::optional<std::pair<int64_t, int64_t>> quota = group.two_numbers("cpu.max");
    if (group.version == 1) {
      const auto time = group.number("cpu.cfs_quota_us"),
                 period = group.number("cpu.cfs_period_us");
      if (time && period) quota.emplace(*time, *period);
    }
    if (quota && quota->first > 0 && quota->second > 0)
      least = std::min(least, (quota->first + quota->second - 1) / quota->second);
  }
  return static_cast<int>(std::max<int64_t>(1, least));
}

OneProcessor::OneProcessor() {
  cpu_set_t before, one;
  const int here = sched_getcpu();
  if (here < 0 || here >= CPU_SETSIZE || sched_getaffinity(0, sizeof before, &before) != 0) return;
  CPU_ZERO(&one);
  CPU_SET(here, &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) return;
  before_.resize(sizeof before);
  std::memcpy(before_.data(), &before, sizeof before);
}

OneProcessor::~OneProcessor() {
  if (before_.empty()) return;
  cpu_set_t before;
  std::memcpy(&before, before_.data(), sizeof before);
  sched_setaffinity(0, sizeof before, &before);
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (const size_t name = line.find_first_not_of(" \t", line.find(':') + 1);
        line.starts_with("model name") && name != std::string::npos)
      return line.substr(name);
  return "unknown";
}

}  // namespace dojo
