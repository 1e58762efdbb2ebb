// The part of the report that says where the time of a run went, why it waited, and how much memory
// it took.
#pragma once

#include <string>

#include "dojo/report/run_data.h"

namespace dojo::report {

// Of a run that is not finished what its steps tell; "" where nothing does.
std::string time_and_memory(const RunData& run);

}  // namespace dojo::report
