// SIGINT (Ctrl-C) and SIGTERM while something long is under way: the first asks it to stop, the
// second ends the process at once. The only global state of the program, because signals are.
//
//   const InterruptGuard guard(InterruptGuard::kThrow);     // in a sub-command
//   for (...) throw_if_interrupted();                       // wherever it waits or loops
//
// The training loop has a guard of its own inside that one, which it asks between steps: there a
// signal is no error, and ends in a checkpoint.
#pragma once

#include <csignal>

namespace dojo {

// Thrown on the way out, so that destructors end the processes and remove the temporary files that
// were begun; main() prints it and ends by the same signal. No std::exception, for nothing on the
// way may take it for an error that it can mend.
struct Interrupted {
  int signal = 0;
};

class InterruptGuard {
 public:
  enum Mode {
    kAsk,    // signal() tells
    kThrow,  // throw_if_interrupted() throws
  };

  // Installs the handlers. A guard may live inside another; a signal that the outer one has got is
  // then the inner one's.
  explicit InterruptGuard(Mode mode = kAsk);
  ~InterruptGuard();  // puts the former handlers and mode back; the signal counts as handled
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  int signal() const;  // the first one that came, or 0

 private:
  struct sigaction old_int_, old_term_;
  int old_mode_ = 0;
};

// True iff the innermost guard has the mode kThrow and a signal has come. From any thread.
bool interrupted();
void throw_if_interrupted();  // Interrupted, iff interrupted()

}  // namespace dojo
