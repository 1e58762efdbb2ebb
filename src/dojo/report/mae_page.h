// The parts of the report that only the task mae has: how well the hidden parts of clips are filled
// in, beside each patch's mean, in figures and in pictures.
#pragma once

#include <string>

#include "dojo/report/run_data.h"

namespace dojo::report {

std::string mae_headline(const EvalLine& result);
std::string mae_tiles(const EvalLine& result);

// "" for a run that has none of them.
std::string mae_samples(const RunData& run);  // pictures of held-out clips
std::string mae_recordings(const EvalLine& result);

inline constexpr const char* kMaeFooter =
    "Errors are mean squared errors of the hidden patches’ values, after each colour of each patch "
    "was given mean 0 and deviation 1; predicting each patch’s mean has an error of just below 1. "
    "What is learned is the encoder: its weights are a start for other tasks.";

}  // namespace dojo::report
