// What the car's own telemetry says of clips: the labels of the task `ego` (model/ego.h).
//
// A clip's label is the value at the time of its last frame, on the straight line between the
// samples around it (telemetry/track.h); NaN where the telemetry does not reach. Rates are counted
// in the nominal interval: times `stretch`, how far the clip's frames are apart in nominal
// intervals.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dojo/model/ego.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/sampler.h"

namespace dojo {

// Reads the telemetry of the recordings. Those without a single label at their frames are put
// among the quarantined, with the reason. Throws Error(kInput) that says what is needed where none
// is left, Interrupted (base/interrupt.h).
void keep_labelled(FoundRecordings* found, bool quiet);

// The mean distance of a clip's frames in nominal intervals.
double stretch_of(const Recording& recording, const std::vector<int64_t>& frames,
                  double interval_seconds);

// Rates times the stretch, or with 1 / stretch back again; what is no rate stays.
EgoValues stretched(EgoValues values, double stretch);

// What the mirror image shows.
EgoValues mirrored(EgoValues values);

// Thread-safe.
class EgoLabels {
 public:
  // REQUIRES: the recordings are indexed, their telemetry is read.
  explicit EgoLabels(const std::vector<Recording>& recordings);

  EgoValues at(size_t recording, int64_t frame) const;

  // Over all frames that clips are taken from. A deviation of 0 becomes 1.
  EgoScale scale() const;

 private:
  struct Labels {
    int64_t first_frame = 0, end_frame = 0;
    std::vector<std::array<float, kEgoSignals.size()>> values;  // [frames]
  };
  std::vector<Labels> recordings_;
};

}  // namespace dojo
