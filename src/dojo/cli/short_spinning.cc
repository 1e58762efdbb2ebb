#include "dojo/cli/short_spinning.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

extern char** environ;

namespace dojo {
namespace {

constexpr const char* kSpinning = "GOMP_SPINCOUNT";
constexpr const char* kOurs = "DOJO_SET_SPINNING";  // says that we have set it

}  // namespace

void restart_with_short_spinning(char** argv) {
  if (std::getenv(kSpinning) || std::getenv("OMP_WAIT_POLICY")) {
    prctl(PR_SET_NAME, "dojo");  // after the restart it would be "exe"
    return;
  }
  if (setenv(kSpinning, "2000", 1) == 0 && setenv(kOurs, "1", 1) == 0)
    execv("/proc/self/exe", argv);  // where it fails, go on as we are
}

std::vector<std::string> environment_of_user() {
  std::vector<std::string> result;
  const bool ours = std::getenv(kOurs) != nullptr;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view name =
        std::string_view(*entry).substr(0, std::string_view(*entry).find('='));
    if (!ours || (name != kSpinning && name != kOurs)) result.emplace_back(*entry);
  }
  return result;
}

}  // namespace dojo
