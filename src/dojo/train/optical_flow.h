// Classical optical flow without any learning, as a baseline that a person understands: the motion
// between the last two frames goes on. Dense pyramidal Lucas-Kanade (Lucas and Kanade 1981; Bouguet
// 2000): from coarse to fine, each pixel's motion is corrected by least squares over a Gaussian
// window, then a median filter removes outliers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace dojo {

struct FlowOptions {
  int iterations = 4;         // corrections at each level
  double window_sigma = 2.5;  // pixels of the level
  int min_side = 12;          // the coarsest level's shorter side is at least this
};

// Returns the flow [H,W,2] in pixels (dx, dy) with from(p) = to(p + flow(p)). `from` and `to` are
// grey, [H,W] in [0,1].
std::vector<float> optical_flow(std::span<const float> from, std::span<const float> to,
                                int64_t height, int64_t width, const FlowOptions& options = {});

// The next frame if the motion from `previous` to `last` goes on: last(p + flow(p)) with flow from
// `last` back to `previous`. Frames are RGB, [H,W,3] in [0,1]. Bilinear sampling, border padding.
std::vector<float> flow_extrapolate(std::span<const float> previous, std::span<const float> last,
                                    int64_t height, int64_t width, const FlowOptions& options = {});

}  // namespace dojo
