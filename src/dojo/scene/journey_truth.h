// The exact truth of a journey as text and as telemetry: one source for both. Inside of teslacam.h.
#pragma once

#include <string>

#include "dojo/scene/journey_plan.h"
#include "dojo/scene/world.h"
#include "dojo/video/telemetry/vehicle_state.h"

namespace dojo::scene {

// When a camera exposes the frame of this number, seconds from the journey's begin.
double time_of(const Journey& journey, int64_t frame, size_t camera);

// What the car says of itself in a frame. The place is an offset from one in the open sea.
VehicleState state_of(const Journey& journey, const VehicleTruth& truth, int64_t frame);

// The columns of the car in all tables, and a row of them.
extern const char* const kStateColumns;
std::string state_row(const VehicleTruth& truth, const VehicleState& state);

std::string vehicle_table(const Journey& journey, const World& world);  // vehicle.csv
std::string cameras_text(const Journey& journey, const World& world);   // cameras.json

}  // namespace dojo::scene
