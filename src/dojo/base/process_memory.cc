#include "dojo/base/process_memory.h"

#include <fstream>
#include <string>

namespace dojo {

ProcessMemory process_memory() {
  ProcessMemory memory;
  std::ifstream status("/proc/self/status");
  std::string key, line;
  while (status >> key) {
    int64_t kibibytes = 0;
    if (key == "VmRSS:" && status >> kibibytes) memory.resident_bytes = kibibytes * 1024;
    if (key == "VmHWM:" && status >> kibibytes) memory.peak_bytes = kibibytes * 1024;
    std::getline(status, line);
  }
  return memory;
}

}  // namespace dojo
