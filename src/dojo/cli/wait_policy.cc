#include "dojo/cli/wait_policy.h"

#include <unistd.h>

#include <cstdlib>

namespace dojo {

void sleep_while_waiting(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") || std::getenv("GOMP_SPINCOUNT")) return;
  if (setenv("OMP_WAIT_POLICY", "passive", 0) != 0) return;
  execv("/proc/self/exe", argv);
  // No /proc: the program runs as it is, only slower on a busy machine.
}

}  // namespace dojo
