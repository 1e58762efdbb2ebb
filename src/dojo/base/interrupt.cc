#include "dojo/base/interrupt.h"

#include <unistd.h>

#include <atomic>

namespace dojo {
namespace {

std::atomic<int> g_signal = 0;  // lock-free, so that a handler may use it
static_assert(std::atomic<int>::is_always_lock_free);

constexpr int kNone = -1;  // no guard lives
std::atomic<int> g_mode = kNone;

extern "C" void on_interrupt(int signal) {
  if (g_signal != 0) ::_exit(128 + signal);
  g_signal = signal;
}

}  // namespace

InterruptGuard::InterruptGuard(Mode mode) {
  old_mode_ = g_mode.exchange(mode);
  if (old_mode_ == kNone) g_signal = 0;
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  action.sa_flags = SA_RESTART;  // writes of a checkpoint go on
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, &old_int_);
  ::sigaction(SIGTERM, &action, &old_term_);
}

InterruptGuard::~InterruptGuard() {
  ::sigaction(SIGINT, &old_int_, nullptr);
  ::sigaction(SIGTERM, &old_term_, nullptr);
  g_mode = old_mode_;
  g_signal = 0;
}

int InterruptGuard::signal() const { return g_signal; }

bool interrupted() { return g_mode == InterruptGuard::kThrow && g_signal != 0; }

void throw_if_interrupted() {
  if (interrupted()) throw Interrupted{g_signal};
}

}  // namespace dojo
