// The task `ego`: how the car itself moves, from a short clip of one of its cameras: speed, yaw
// rate and steering wheel angle at the time of the clip's last frame.
//
//   frame 0 ... T-1 --> MotionEncoder: one map a pair of neighbours (motion.h)
//                   --> the same 64 numbers of each map --> all pairs together --> 3 signals
//
// or, with a vision transformer (vit.h) instead of the MotionEncoder,
//
//   tubelets of 2 frames --> ViT --> of each pair of frames the mean of its tokens --> the same
//
// whose parameters, "encoder.*", are those of mae.h, so that they can start from such a run or from
// timm's files. It costs more and learns motion only from many clips.
//
// The head starts at zero and its outputs are counted in standard deviations from the mean of the
// training labels, so an untrained network predicts their mean, which is the baseline; of what
// changes its sign in a mirror, 0.
//
// Clips are seen at different frame rates. What moves between two frames is a way and a turn, not
// a rate, so the network sees every clip as if its frames were the nominal interval apart: a clip
// whose frames are k times as far apart is labelled with k times its speed and yaw rate, and an
// answer is divided by k. It is also what makes clips of varied intervals right. The steering
// wheel's angle belongs to the way's curvature and stays.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "dojo/model/options.h"
#include "dojo/model/task.h"
#include "dojo/model/vit.h"

namespace dojo {

struct EgoSignal {
  std::string_view name;      // of the track (docs/telemetry.md)
  std::string_view words;     // for people
  std::string_view unit;      // for people
  bool is_rate = false;       // grows with the interval between the frames, as said above
  bool changes_sign = false;  // in the mirror image
};

inline constexpr std::array<EgoSignal, 3> kEgoSignals = {{
    {"speed_mps", "speed", "m/s", true, false},
    {"yaw_rate_radps", "yaw rate", "rad/s", true, true},
    {"steering_wheel_deg", "steering wheel angle", "degrees", false, true},
}};
using EgoValues = std::array<double, kEgoSignals.size()>;  // NaN: not known

// How labels are distributed: of the frames that are trained on.
struct EgoScale {
  EgoValues mean{};
  EgoValues deviation = {1, 1, 1};                   // positive
  std::array<int64_t, kEgoSignals.size()> frames{};  // with this label; 0: it was not trained
};

// What the network answers before its first step: the mean, but 0 for what changes its sign in a
// mirror.
EgoValues untrained_answer(const EgoScale& scale);

enum class EgoNetwork { kMotion, kVit };
std::string_view name(EgoNetwork network);  // "motion", "vit"
std::optional<EgoNetwork> parse_ego_network(std::string_view name);

struct EgoOptions {
  EgoNetwork network = EgoNetwork::kMotion;
  int64_t batch = 16;
  int64_t frames = 4;   // T, at least 2; vit: a multiple of the tubelet's
  int64_t height = 64;  // multiples of 16; vit: of the patch
  int64_t width = 128;
  int64_t channels = 16;  // of the finest features, a multiple of 8; vit: of a token, one of 6
  // Of the transformer only, as in VitOptions.
  int64_t tubelet = 2;
  int64_t patch = 16;
  int64_t layers = 12;
  int64_t heads = 6;
};

// As networks.h has it: "ego" or "ego-vit".
std::string_view network_name(const EgoOptions& options);

// The usual size of a network: of vit that of the task mae.
EgoOptions ego_options(EgoNetwork network);

// Another width of the transformer, with heads as set_width() of mae.h chooses them.
void set_width(EgoOptions* options, int64_t channels);

// The architecture as text and back, as predict.h does it. Without a "network" it is motion.
ModelMetadata to_metadata(const EgoOptions& options);
EgoOptions ego_options_from(const ModelMetadata& metadata);

// Throws Error(kConfig) that says which option is wrong.
void check(const EgoOptions& options);

// data "clip" u8 [B,T,H,W,3]; "labels" f32 [B,3] in the units above, of the nominal interval, any
// finite number where not known; "known" f32 [B,3]: 1, or 0 where a label is not known. The loss is
// Huber's (quadratic up to one standard deviation) of the errors in standard deviations; each
// signal counts a third, as its mean over the clips that have it. Metric: "mean_loss", that of the
// untrained answer.
TaskGraph ego_training(Builder& b, const EgoOptions& options, const EgoScale& scale);

// data "clip" u8 [B,T,H,W,3] -> output "signals" f32 [B,3] of the nominal interval. The same
// parameter names. Mean of the answers for the clip and its mirror image.
Graph ego_inference(const EgoOptions& options, const EgoScale& scale);

}  // namespace dojo
