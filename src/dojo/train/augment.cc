#include "dojo/train/augment.h"

#include <array>

#include "dojo/base/check.h"
#include "dojo/train/augment_motion.h"
#include "dojo/train/augment_window.h"

namespace dojo {
namespace {

// One change of gain and offset for the whole clip.
void change_brightness(std::span<uint8_t> clip, double gain, double offset) {
  std::array<uint8_t, 256> table;
  for (size_t i = 0; i < table.size(); ++i)
    table[i] = to_u8(static_cast<float>(static_cast<double>(i) * gain + 255 * offset));
  for (uint8_t& v : clip) v = table[v];
}

}  // namespace

bool is_mirrored(const AugmentOptions& o, Random random) {
  return random.chance(o.flip);  // what draw_window() draws first
}

void augment_clip(const AugmentOptions& o, const ClipGeometry& g, Random random,
                  std::span<const uint8_t> in, std::span<uint8_t> out) {
  const int64_t in_bytes = g.in_height * g.in_width * 3, out_bytes = g.height * g.width * 3;
  DOJO_CHECK_EQ(static_cast<int64_t>(in.size()), g.frames * in_bytes);
  DOJO_CHECK_EQ(static_cast<int64_t>(out.size()), g.frames * out_bytes);
  const Window window = draw_window(o, g, random);
  const bool brighter = random.chance(o.brightness);
  const double gain = random.uniform(0.7, 1.3), offset = random.uniform(-0.1, 0.1);
  if (random.chance(o.synthetic)) {
    const uint8_t* still = in.data() + random.below(g.frames) * in_bytes;
    const bool reversed = random.chance(0.7);  // then a positive zoom drives forwards
    const Motion motion = draw_motion(g, random);
    for (int64_t t = 0; t < g.frames; ++t) {
      const int64_t steps = reversed ? -t : t - (g.frames - 1);
      show_moved(g, still, window, motion, static_cast<float>(steps), out.data() + t * out_bytes);
    }
  } else {
    const WindowView view(window, g);
    for (int64_t t = 0; t < g.frames; ++t)
      view.show(in.data() + t * in_bytes, out.data() + t * out_bytes);
  }
  if (brighter) change_brightness(out, gain, offset);
}

}  // namespace dojo
