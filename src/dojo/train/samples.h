// What a run learned, as pictures: RUN/samples/samples.json and PNG files beside it. Next-frame
// examples spread over the held-out recordings, then one sequence of predictions that are fed back.
#pragma once

#include <cstdint>
#include <string>

#include "dojo/train/evaluate.h"

namespace dojo {

struct SampleOptions {
  int64_t examples = 12;
  int64_t horizons = 4;  // of the sequence
};

// `evaluator` holds the weights to show. Replaces the pictures that an earlier samples.json in
// the folder names; other files in it stay. Throws Error(kIo).
void write_samples(const std::string& folder, Evaluator& evaluator,
                   const SampleOptions& options = {});

}  // namespace dojo
