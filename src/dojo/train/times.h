// Where the time of a run went, in seconds; also over its earlier sessions, as metrics.jsonl has
// it.
#pragma once

#include <string>

namespace dojo {

struct Times {
  double wait = 0, compute = 0, decode = 0, eval = 0;
  double elapsed = 0;
};

// The sums over the lines of metrics.jsonl, without those that sum up themselves ("final"). Lines
// that are damaged count nothing.
Times times_of(const std::string& metrics);

}  // namespace dojo
