// What part of the decoded frames a clip shows, and which way round (augment.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "dojo/base/random.h"
#include "dojo/train/augment.h"

namespace dojo {

// In pixels of the decoded frame.
struct Window {
  double x = 0, y = 0, width = 0, height = 0;
  bool mirrored = false, upside_down = false;
};

Window draw_window(const AugmentOptions& options, const ClipGeometry& geometry, Random& random);

// Shows frames through a window, at the size of the clip.
class WindowView {
 public:
  WindowView(const Window& window, const ClipGeometry& geometry);
  void show(const uint8_t* frame,
            uint8_t* out) const;  // [in_height,in_width,3] -> [height,width,3]

 private:
  // Resampling along one axis with a triangle filter, widened when shrinking so that nothing is
  // skipped. One entry an output pixel.
  struct Taps {
    int64_t first = 0;
    std::vector<float> weights;  // sum 1
  };
  static std::vector<Taps> make_taps(int64_t in, int64_t out, double begin, double length,
                                     bool reversed);

  int64_t in_width_;
  std::vector<Taps> rows_, columns_;
};

// To the nearest.
inline uint8_t to_u8(float v) { return static_cast<uint8_t>(std::clamp(v + 0.5f, 0.0f, 255.0f)); }

}  // namespace dojo
