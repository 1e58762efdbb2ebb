// The part of the report that says how to repeat a run: its command, version and seed, and, a click
// away, its options and recordings.
#pragma once

#include <string>

#include "dojo/report/run_data.h"

namespace dojo::report {

std::string how_to_repeat(const RunData& run);

}  // namespace dojo::report
