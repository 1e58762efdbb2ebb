#include "dojo/cli/write_profile.h"

#include <fmt/format.h>

#include "dojo/base/file.h"
#include "dojo/base/tell.h"
#include "dojo/base/text.h"

namespace dojo {

void write_profile(const KernelTimes& times, const MachineLimits& limits, const std::string& path,
                   std::FILE* table) {
  if (times.runs() == 0) {
    tell("no step was taken, so there is no profile\n");
    return;
  }
  fmt::print(table, "{}", profile_table(times, limits));
  write_file_atomic(path, profile_trace(times, limits));
  tell("{}: the latest steps, kernel by kernel; open it at https://ui.perfetto.dev\n",
       one_line(path));
}

}  // namespace dojo
