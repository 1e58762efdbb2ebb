// The parts of the report that only the task ego has: how far off speed, yaw rate and steering
// wheel angle are, beside predicting the mean. All but the headline is "" for a run of
// another task.
#pragma once

#include <string>
#include <vector>

#include "dojo/report/run_data.h"

namespace dojo::report {

std::string ego_headline(const EvalLine& result);
std::string ego_tiles(const EvalLine& result);
// `evals`: one for each step, ascending.
std::string ego_curves(const std::vector<const EvalLine*>& evals);
std::string ego_tables(const EvalLine& result);  // by signal, by camera, by recording
std::string ego_drives(const RunData& run);      // truth and answer, as clouds and over time

inline constexpr const char* kEgoFooter =
    "Errors are absolute differences between the network’s answer for a clip and what the car’s "
    "telemetry says at the time of the clip’s last frame, averaged over clips. Predicting the mean "
    "answers each clip with the mean of the recordings that were trained on.";

}  // namespace dojo::report
