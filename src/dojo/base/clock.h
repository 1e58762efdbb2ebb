// The clocks for how long something takes.
#pragma once

namespace dojo {

// Seconds from a moment that stays the same while the process runs; never goes back.
double steady_seconds();

// How long a call takes.
template <typename Work>
double seconds_of(Work&& work) {
  const double begin = steady_seconds();
  work();
  return steady_seconds() - begin;
}

// Seconds since this process was started, to a hundredth; programs that it was before (exec) count.
// 0 where the kernel does not tell (proc(5), /proc/PID/stat).
double process_seconds();

// Processor time that the calling thread has used.
double thread_cpu_seconds();

}  // namespace dojo
