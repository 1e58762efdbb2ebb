// One measurement of one case, in a process of its own: what it costs is then what the system says
// that the process and its own processes have used, and a file that crashes a decoder costs a
// measurement, not the program.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace dojo::bench {

struct Measured {
  double cpu_seconds = 0;  // of all processes and threads that took part
  double wall_seconds = 0;
  int64_t clips = 0;
  int64_t frames_decoded = 0;
  int64_t frames_from_copies = 0;  // read from small copies on disk
  int64_t checked = 0, wrong = 0;  // clips compared with the exact reader's pixels
};

// Seconds since construction: of the clock, and of the processor in this process and in those of
// its children that have ended.
class Stopwatch {
 public:
  Stopwatch();
  double wall_seconds() const;
  double cpu_seconds() const;

 private:
  double wall_began_, cpu_began_;
};

// Runs `body` in a child of this process, which is killed after `patience_seconds`. Throws what
// `body` throws as Error of the same category; Error(kInput) where the child ends otherwise or is
// killed, with `what` in the message; Interrupted (base/interrupt.h).
Measured measure_in_child(const std::string& what, double patience_seconds,
                          const std::function<Measured()>& body);

}  // namespace dojo::bench
