// The parts of the report that only the task predict has: how far off predicted frames are, beside
// copying the last frame and optical flow, in figures and in pictures.
#pragma once

#include <string>

#include "dojo/report/run_data.h"

namespace dojo::report {

std::string predict_headline(const EvalLine& result);
std::string predict_tiles(const EvalLine& result);

// "" for a run that has none of them.
std::string predict_samples(const RunData& run);       // pictures of held-out clips
std::string predict_horizons(const EvalLine& result);  // by how far ahead
std::string predict_recordings(const EvalLine& result);

inline constexpr const char* kPredictFooter =
    "Errors are mean squared errors of pixel values between 0 and 1. Copy-last repeats the last "
    "frame; optical flow moves it on as it moved before. Both need no training.";

}  // namespace dojo::report
