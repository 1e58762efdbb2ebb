#include "dojo/cli/neighbour.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "dojo/base/error.h"
#include "dojo/base/processors.h"

namespace dojo {

Neighbour::Neighbour() {
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0)
    throw Error(Category::kIo, std::string("no process can be started: ") + std::strerror(errno),
                "--neighbour", "leave it out");
  if (pid_ > 0) {
    while (waitpid(pid_, nullptr, WUNTRACED) < 0 && errno == EINTR) {
    }
    return;  // it has stopped itself
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // it must not outlive the measurement
  if (getppid() != parent) _exit(0);
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  raise(SIGSTOP);
  const OneProcessor one;
  for (;;) asm volatile("");  // a loop that the compiler leaves
}

Neighbour::~Neighbour() {
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Neighbour::work() { kill(pid_, SIGCONT); }
void Neighbour::rest() { kill(pid_, SIGSTOP); }

}  // namespace dojo
