// SIGINT and SIGTERM while a run trains: the first asks it to stop at the end of the step, the
// second ends the process at once. The only global state of the trainer, because signals are.
#pragma once

#include <csignal>

namespace dojo {

class InterruptGuard {
 public:
  InterruptGuard();   // installs the handlers. REQUIRES: no other guard lives
  ~InterruptGuard();  // puts the former ones back
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  int signal() const;  // the first one that came since construction, or 0

 private:
  struct sigaction old_int_, old_term_;
};

}  // namespace dojo
