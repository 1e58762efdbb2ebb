// Where the time of a run went, in seconds; also over its earlier sessions, as metrics.jsonl has
// it.
#pragma once

#include <string>

#include "dojo/video/loader.h"

namespace dojo {

struct Times {
  double wait = 0, compute = 0, decode = 0, eval = 0;
  WaitCauses waited_for;
  double elapsed = 0;
};

// The sums over the lines of metrics.jsonl, without those that sum up themselves ("final"). Lines
// that are damaged count nothing.
Times times_of(const std::string& metrics);

// How the causes are called in metrics.jsonl.
struct NamedCause {
  const char* name;
  double WaitCauses::*seconds;
};
inline constexpr NamedCause kWaitCauses[] = {{"indexing", &WaitCauses::indexing},
                                             {"decoding", &WaitCauses::decoding},
                                             {"copies", &WaitCauses::copies},
                                             {"assembling", &WaitCauses::assembling}};

}  // namespace dojo
