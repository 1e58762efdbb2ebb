// The part of the report that tells where the time of a step went, kernel by kernel, beside what
// the machine can do at most: a roofline (Williams, Waterman, Patterson, 2009) and a table.
#pragma once

#include <string>

#include "dojo/report/run_data.h"

namespace dojo::report {

// "" for a run without a profile.
std::string roofline(const RunData& run);

}  // namespace dojo::report
