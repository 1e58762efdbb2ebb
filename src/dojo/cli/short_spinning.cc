#include "dojo/cli/short_spinning.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>

namespace dojo {

void restart_with_short_spinning(char** argv) {
  if (std::getenv("GOMP_SPINCOUNT") || std::getenv("OMP_WAIT_POLICY")) {
    prctl(PR_SET_NAME, "dojo");  // after the restart it would be "exe"
    return;
  }
  if (setenv("GOMP_SPINCOUNT", "2000", 1) == 0)
    execv("/proc/self/exe", argv);  // where it fails, go on as we are
}

}  // namespace dojo
