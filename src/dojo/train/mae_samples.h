// What a run of the task `mae` learned, as pictures: RUN/samples/samples.json and PNG files beside
// it. For clips spread over the held-out recordings: the original, what the network saw, and what
// it made of that, a few frames of each from top to bottom.
#pragma once

#include <cstdint>
#include <string>

#include "dojo/train/mae_evaluate.h"

namespace dojo {

// `judge` holds the weights to show. Replaces what an earlier run left there, as samples.h says.
// Throws Error(kIo).
void write_mae_samples(const std::string& folder, MaeJudge& judge, int64_t examples = 8);

}  // namespace dojo
