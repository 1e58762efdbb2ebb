// --profile of the verbs that run steps: a table for people and a trace for ui.perfetto.dev.
#pragma once

#include <cstdio>
#include <string>

#include "dojo/graph/profile.h"

namespace dojo {

// Prints the table of profile.h to `table` and writes the trace to `path`, which is said on stderr.
// Where nothing was noted it says so and writes nothing. Throws Error(kIo).
void write_profile(const KernelTimes& times, const MachineLimits& limits, const std::string& path,
                   std::FILE* table);

}  // namespace dojo
