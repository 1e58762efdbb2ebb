#include "dojo/train/augment_window.h"

#include <cmath>

namespace dojo {

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

WindowView::WindowView(const Window& w, const ClipGeometry& g)
    : in_width_(g.in_width),
      rows_(make_taps(g.in_height, g.height, w.y, w.height, w.upside_down)),
      columns_(make_taps(g.in_width, g.width, w.x, w.width, w.mirrored)) {}

std::vector<WindowView::Taps> WindowView::make_taps(int64_t in, int64_t out, double begin,
                                                    double length, bool reversed) {
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

void WindowView::show(const uint8_t* frame, uint8_t* out) const {
  const size_t width = columns_.size();
  std::vector<float> line(static_cast<size_t>(in_width_ * 3));
  for (const Taps& row : rows_) {
    std::fill(line.begin(), line.end(), 0.0f);
    for (size_t k = 0; k < row.weights.size(); ++k) {
      const uint8_t* source = frame + (row.first + static_cast<int64_t>(k)) * in_width_ * 3;
      const float weight = row.weights[k];
      for (size_t i = 0; i < line.size(); ++i) line[i] += weight * static_cast<float>(source[i]);
    }
    for (size_t x = 0; x < width; ++x) {
      float r = 0, g = 0, b = 0;
      const float* p = line.data() + columns_[x].first * 3;
      for (float weight : columns_[x].weights) {
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

}  // namespace dojo
