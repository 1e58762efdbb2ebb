// The clocks for how long something takes.
#pragma once

namespace dojo {

// Seconds from a moment that stays the same while the process runs; never goes back.
double steady_seconds();

// Processor time that the calling thread has used.
double thread_cpu_seconds();

}  // namespace dojo
