// Synthetic motion of one still frame (augment.h): the camera's through a random smooth world, and
// that of a few things in it.
#pragma once

#include <cstdint>
#include <vector>

#include "dojo/base/random.h"
#include "dojo/train/augment.h"
#include "dojo/train/augment_window.h"

namespace dojo {

// Something in the world with a motion of its own: an ellipse of the still frame that moves over
// it.
struct Mover {
  float x, y, radius_x, radius_y;  // pixels of the clip; where it is in the still frame
  float dx, dy;                    // pixels a step
};

// The displacement of the still frame for one step, in pixels of the clip, and what moves on its
// own.
struct Motion {
  std::vector<float> dx, dy;  // [H,W]
  std::vector<Mover> movers;
};

Motion draw_motion(const ClipGeometry& geometry, Random& random);

// The still frame [in_height,in_width,3] after `steps` steps of the motion, seen through the
// window: out(p) = still(p + steps * motion(p)), [height,width,3].
void show_moved(const ClipGeometry& geometry, const uint8_t* still, const Window& window,
                const Motion& motion, float steps, uint8_t* out);

}  // namespace dojo
