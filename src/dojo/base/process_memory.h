// How much memory this process takes, as the kernel counts it (proc(5), /proc/PID/status).
#pragma once

#include <cstdint>

namespace dojo {

struct ProcessMemory {
  int64_t resident_bytes = 0;  // now (VmRSS)
  int64_t peak_bytes = 0;      // the most so far, since the program was started (VmHWM)
};

// Of the calling process, without its children. Zeros where the kernel does not tell.
ProcessMemory process_memory();

}  // namespace dojo
