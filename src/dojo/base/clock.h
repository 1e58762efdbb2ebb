// The clock for how long something takes.
#pragma once

namespace dojo {

// Seconds from a moment that stays the same while the process runs; never goes back.
double steady_seconds();

}  // namespace dojo
