#include "dojo/train/augment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "dojo/base/check.h"

namespace dojo {
namespace {

// The part of a decoded frame that a clip shows, in pixels of the decoded frame.
struct Window {
  double x = 0, y = 0, width = 0, height = 0;
  bool mirrored = false, upside_down = false;
};

Window draw_window(const AugmentOptions& o, const ClipGeometry& g, Random& random) {
  Window w;
  w.mirrored = random.chance(o.flip);
  w.upside_down = random.chance(o.flip_vertical);
  const double zoom = random.chance(o.crop) ? random.uniform(1, o.max_zoom) : 1;
  w.width = static_cast<double>(g.in_width) / zoom;
  w.height = static_cast<double>(g.in_height) / zoom;
  w.x = random.uniform(0, static_cast<double>(g.in_width) - w.width);
  w.y = random.uniform(0, static_cast<double>(g.in_height) - w.height);
  return w;
}

// Resampling along one axis with a triangle filter, widened when shrinking so that nothing is
// skipped. One entry an output pixel.
struct Taps {
  int64_t first = 0;
  std::vector<float> weights;  // sum 1
};

std::vector<Taps> make_taps(int64_t in, int64_t out, double begin, double length, bool reversed) {
  const double scale = length / static_cast<double>(out), radius = std::max(1.0, scale);
  std::vector<Taps> taps(static_cast<size_t>(out));
  for (int64_t i = 0; i < out; ++i) {
    const double centre = begin + (static_cast<double>(i) + 0.5) * scale - 0.5;
    Taps& t = taps[static_cast<size_t>(reversed ? out - 1 - i : i)];
    const int64_t first = static_cast<int64_t>(std::floor(centre - radius)) + 1;
    const int64_t last = static_cast<int64_t>(std::ceil(centre + radius)) - 1;
    t.first = std::clamp<int64_t>(first, 0, in - 1);
    t.weights.assign(static_cast<size_t>(std::clamp<int64_t>(last, 0, in - 1) - t.first + 1), 0);
    double sum = 0;
    for (int64_t j = first; j <= last; ++j)
      sum += std::max(0.0, 1 - std::abs(static_cast<double>(j) - centre) / radius);
    for (int64_t j = first; j <= last; ++j) {
      const double w = std::max(0.0, 1 - std::abs(static_cast<double>(j) - centre) / radius) / sum;
      t.weights[static_cast<size_t>(std::clamp<int64_t>(j, 0, in - 1) - t.first)] +=
          static_cast<float>(w);
    }
  }
  return taps;
}

uint8_t to_u8(float v) { return static_cast<uint8_t>(std::clamp(v + 0.5f, 0.0f, 255.0f)); }

// [in_height,in_width,3] -> [height,width,3]
void resample(const uint8_t* in, int64_t in_width, const std::vector<Taps>& rows,
              const std::vector<Taps>& columns, uint8_t* out) {
  const size_t width = columns.size();
  std::vector<float> line(static_cast<size_t>(in_width * 3));
  for (const Taps& row : rows) {
    std::fill(line.begin(), line.end(), 0.0f);
    for (size_t k = 0; k < row.weights.size(); ++k) {
      const uint8_t* source = in + (row.first + static_cast<int64_t>(k)) * in_width * 3;
      const float weight = row.weights[k];
      for (size_t i = 0; i < line.size(); ++i) line[i] += weight * static_cast<float>(source[i]);
    }
    for (size_t x = 0; x < width; ++x) {
      float r = 0, g = 0, b = 0;
      const float* p = line.data() + columns[x].first * 3;
      for (float weight : columns[x].weights) {
        r += weight * p[0];
        g += weight * p[1];
        b += weight * p[2];
        p += 3;
      }
      *out++ = to_u8(r);
      *out++ = to_u8(g);
      *out++ = to_u8(b);
    }
  }
}

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

// A smooth random surface in [0,1]: 4x8 random heights, interpolated with smooth steps.
std::vector<float> smooth_noise(int64_t height, int64_t width, Random& random) {
  constexpr int64_t kRows = 4, kColumns = 8;
  std::array<float, kRows * kColumns> heights;
  for (float& v : heights) v = static_cast<float>(random.uniform());
  const auto place = [](int64_t i, int64_t n, int64_t cells) {
    const double p = std::clamp(
        (static_cast<double>(i) + 0.5) / static_cast<double>(n) * static_cast<double>(cells) - 0.5,
        0.0, static_cast<double>(cells - 1));
    const int64_t cell = std::min(static_cast<int64_t>(p), cells - 2);
    const double f = p - static_cast<double>(cell);
    return std::pair(cell, static_cast<float>(f * f * (3 - 2 * f)));
  };
  std::vector<float> out;
  out.reserve(static_cast<size_t>(height * width));
  for (int64_t y = 0; y < height; ++y) {
    const auto [cy, fy] = place(y, height, kRows);
    for (int64_t x = 0; x < width; ++x) {
      const auto [cx, fx] = place(x, width, kColumns);
      const float* top = heights.data() + cy * kColumns + cx;
      const float* bottom = top + kColumns;
      out.push_back((top[0] * (1 - fx) + top[1] * fx) * (1 - fy) +
                    (bottom[0] * (1 - fx) + bottom[1] * fx) * fy);
    }
  }
  return out;
}

Motion draw_motion(const ClipGeometry& g, Random& random) {
  const double height = static_cast<double>(g.height), width = static_cast<double>(g.width);
  const double focus_x = random.uniform(0.2, 0.8) * width,
               focus_y = random.uniform(0.3, 0.7) * height;
  const double zoom = (random.chance(0.75) ? 1 : -0.3) * random.uniform(0, 0.1);
  const double roll = 0.01 * random.normal();
  const double shift_x = 3.0 / 256 * width * random.normal(),
               shift_y = 1.2 / 128 * height * random.normal();
  const double ground = random.uniform(0, 2), relief = random.uniform();
  const std::vector<float> noise = smooth_noise(g.height, g.width, random);
  Motion m;
  m.dx.resize(noise.size());
  m.dy.resize(noise.size());
  for (int64_t y = 0; y < g.height; ++y)
    for (int64_t x = 0; x < g.width; ++x) {
      const size_t i = static_cast<size_t>(y * g.width + x);
      const double px = static_cast<double>(x) - focus_x, py = static_cast<double>(y) - focus_y;
      const double inverse_depth = 0.3 + std::max(0.0, py / height) * ground + relief * noise[i];
      m.dx[i] = static_cast<float>((px * zoom + shift_x) * inverse_depth - py * roll);
      m.dy[i] = static_cast<float>((py * zoom + shift_y) * inverse_depth + px * roll);
    }
  const int64_t movers = random.chance(0.5) ? 0 : 1 + random.below(3);
  for (int64_t i = 0; i < movers; ++i)
    m.movers.push_back({.x = static_cast<float>(random.uniform(0, width)),
                        .y = static_cast<float>(random.uniform(0.2, 0.9) * height),
                        .radius_x = static_cast<float>(random.uniform(0.03, 0.15) * width),
                        .radius_y = static_cast<float>(random.uniform(0.04, 0.2) * height),
                        .dx = static_cast<float>(3.0 / 256 * width * random.normal()),
                        .dy = static_cast<float>(0.8 / 128 * height * random.normal())});
  return m;
}

// The still frame after `steps` steps of the motion: out(p) = still(p + steps * motion(p)), seen
// through the window.
void render_step(const ClipGeometry& g, const uint8_t* still, const Window& w, const Motion& m,
                 float steps, uint8_t* out) {
  const float scale_x =
      static_cast<float>(w.width / static_cast<double>(g.width)) * (w.mirrored ? -1.0f : 1.0f);
  const float scale_y =
      static_cast<float>(w.height / static_cast<double>(g.height)) * (w.upside_down ? -1.0f : 1.0f);
  const float origin_x =
      static_cast<float>(w.mirrored ? w.x + w.width : w.x) + 0.5f * scale_x - 0.5f;
  const float origin_y =
      static_cast<float>(w.upside_down ? w.y + w.height : w.y) + 0.5f * scale_y - 0.5f;
  const float max_x = static_cast<float>(g.in_width - 1),
              max_y = static_cast<float>(g.in_height - 1);
  for (int64_t y = 0; y < g.height; ++y)
    for (int64_t x = 0; x < g.width; ++x) {
      const size_t i = static_cast<size_t>(y * g.width + x);
      float px = static_cast<float>(x) + steps * m.dx[i],
            py = static_cast<float>(y) + steps * m.dy[i];
      for (const Mover& mover : m.movers) {
        const float fx = static_cast<float>(x) + steps * mover.dx,
                    fy = static_cast<float>(y) + steps * mover.dy;
        const float ex = (fx - mover.x) / mover.radius_x, ey = (fy - mover.y) / mover.radius_y;
        if (ex * ex + ey * ey < 1) px = fx, py = fy;
      }
      const float sx = std::clamp(origin_x + px * scale_x, 0.0f, max_x),
                  sy = std::clamp(origin_y + py * scale_y, 0.0f, max_y);
      const int64_t x0 = static_cast<int64_t>(sx), y0 = static_cast<int64_t>(sy);
      const int64_t right = x0 + 1 < g.in_width ? 3 : 0,
                    below = y0 + 1 < g.in_height ? 3 * g.in_width : 0;
      const float fx = sx - static_cast<float>(x0), fy = sy - static_cast<float>(y0);
      const uint8_t* p = still + (y0 * g.in_width + x0) * 3;
      for (int64_t c = 0; c < 3; ++c) {
        const float top =
            static_cast<float>(p[c]) * (1 - fx) + static_cast<float>(p[c + right]) * fx;
        const float bottom = static_cast<float>(p[c + below]) * (1 - fx) +
                             static_cast<float>(p[c + below + right]) * fx;
        *out++ = to_u8(top * (1 - fy) + bottom * fy);
      }
    }
}

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
      render_step(g, still, window, motion, static_cast<float>(steps), out.data() + t * out_bytes);
    }
  } else {
    const auto rows = make_taps(g.in_height, g.height, window.y, window.height, window.upside_down);
    const auto columns = make_taps(g.in_width, g.width, window.x, window.width, window.mirrored);
    for (int64_t t = 0; t < g.frames; ++t)
      resample(in.data() + t * in_bytes, g.in_width, rows, columns, out.data() + t * out_bytes);
  }
  if (brighter) change_brightness(out, gain, offset);
}

}  // namespace dojo
