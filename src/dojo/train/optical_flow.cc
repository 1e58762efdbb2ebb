#include "dojo/train/optical_flow.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "dojo/base/check.h"

namespace dojo {
namespace {

// One plane of floats.
struct Image {
  int64_t height = 0, width = 0;
  std::vector<float> data;

  Image(int64_t h, int64_t w) : height(h), width(w), data(static_cast<size_t>(h * w)) {}
  float* row(int64_t y) { return data.data() + y * width; }
  const float* row(int64_t y) const { return data.data() + y * width; }
};

int64_t clamp_index(int64_t i, int64_t n) { return std::clamp<int64_t>(i, 0, n - 1); }

// Separable convolution with a symmetric kernel given from its centre outwards; the border repeats.
Image blur(const Image& in, const std::vector<float>& kernel) {
  const int64_t radius = static_cast<int64_t>(kernel.size()) - 1, h = in.height, w = in.width;
  Image rows(h, w), out(h, w);
  std::vector<float> padded(static_cast<size_t>(w + 2 * radius));
  for (int64_t y = 0; y < h; ++y) {
    for (int64_t x = -radius; x < w + radius; ++x)
      padded[static_cast<size_t>(x + radius)] = in.row(y)[clamp_index(x, w)];
    const float* p = padded.data() + radius;
    float* o = rows.row(y);
    for (int64_t x = 0; x < w; ++x) o[x] = kernel[0] * p[x];
    for (int64_t k = 1; k <= radius; ++k)
      for (int64_t x = 0; x < w; ++x)
        o[x] += kernel[static_cast<size_t>(k)] * (p[x - k] + p[x + k]);
  }
  for (int64_t y = 0; y < h; ++y) {
    float* o = out.row(y);
    const float* centre = rows.row(y);
    for (int64_t x = 0; x < w; ++x) o[x] = kernel[0] * centre[x];
    for (int64_t k = 1; k <= radius; ++k) {
      const float *above = rows.row(clamp_index(y - k, h)),
                  *below = rows.row(clamp_index(y + k, h));
      for (int64_t x = 0; x < w; ++x)
        o[x] += kernel[static_cast<size_t>(k)] * (above[x] + below[x]);
    }
  }
  return out;
}

std::vector<float> gaussian(double sigma) {
  const int radius = std::max(1, static_cast<int>(std::ceil(2.5 * sigma)));
  std::vector<float> kernel;
  double sum = 0;
  for (int k = 0; k <= radius; ++k) {
    const double v = std::exp(-0.5 * k * k / (sigma * sigma));
    kernel.push_back(static_cast<float>(v));
    sum += k == 0 ? v : 2 * v;
  }
  for (float& v : kernel) v = static_cast<float>(v / sum);
  return kernel;
}

float sample(const Image& image, float x, float y) {
  x = std::clamp(x, 0.0f, static_cast<float>(image.width - 1));
  y = std::clamp(y, 0.0f, static_cast<float>(image.height - 1));
  const int64_t x0 = static_cast<int64_t>(x), y0 = static_cast<int64_t>(y);
  const int64_t x1 = std::min(x0 + 1, image.width - 1), y1 = std::min(y0 + 1, image.height - 1);
  const float fx = x - static_cast<float>(x0), fy = y - static_cast<float>(y0);
  const float *top = image.row(y0), *bottom = image.row(y1);
  return (top[x0] * (1 - fx) + top[x1] * fx) * (1 - fy) +
         (bottom[x0] * (1 - fx) + bottom[x1] * fx) * fy;
}

// Bilinear, pixel centres at half-integers, so that a level covers the same area as the one below.
Image resize(const Image& in, int64_t height, int64_t width) {
  Image out(height, width);
  const float sy = static_cast<float>(in.height) / static_cast<float>(height);
  const float sx = static_cast<float>(in.width) / static_cast<float>(width);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      out.row(y)[x] = sample(in, (static_cast<float>(x) + 0.5f) * sx - 0.5f,
                             (static_cast<float>(y) + 0.5f) * sy - 0.5f);
  return out;
}

Image median3x3(const Image& in) {
  Image out(in.height, in.width);
  for (int64_t y = 0; y < in.height; ++y)
    for (int64_t x = 0; x < in.width; ++x) {
      std::array<float, 9> v;
      size_t n = 0;
      for (int64_t dy = -1; dy <= 1; ++dy)
        for (int64_t dx = -1; dx <= 1; ++dx)
          v[n++] = in.row(clamp_index(y + dy, in.height))[clamp_index(x + dx, in.width)];
      std::nth_element(v.begin(), v.begin() + 4, v.end());
      out.row(y)[x] = v[4];
    }
  return out;
}

Image multiply(const Image& a, const Image& b) {
  Image out(a.height, a.width);
  for (size_t i = 0; i < a.data.size(); ++i) out.data[i] = a.data[i] * b.data[i];
  return out;
}

// Corrects the flow (u, v) of one level in place.
void refine(const Image& from, const Image& to, const FlowOptions& o, Image& u, Image& v) {
  constexpr float kRidge =
      1e-4f;  // keeps flat regions, where nothing can be seen, at the coarser level's motion
  const int64_t h = from.height, w = from.width;
  const std::vector<float> window = gaussian(o.window_sigma);
  for (int iteration = 0; iteration < o.iterations; ++iteration) {
    Image warped(h, w), gx(h, w), gy(h, w), difference(h, w);
    for (int64_t y = 0; y < h; ++y)
      for (int64_t x = 0; x < w; ++x)
        warped.row(y)[x] =
            sample(to, static_cast<float>(x) + u.row(y)[x], static_cast<float>(y) + v.row(y)[x]);
    for (int64_t y = 0; y < h; ++y)
      for (int64_t x = 0; x < w; ++x) {
        const auto mean_at = [&](int64_t yy, int64_t xx) {
          yy = clamp_index(yy, h), xx = clamp_index(xx, w);
          return 0.5f * (warped.row(yy)[xx] + from.row(yy)[xx]);
        };
        gx.row(y)[x] = 0.5f * (mean_at(y, x + 1) - mean_at(y, x - 1));
        gy.row(y)[x] = 0.5f * (mean_at(y + 1, x) - mean_at(y - 1, x));
        difference.row(y)[x] = from.row(y)[x] - warped.row(y)[x];
      }
    const Image xx = blur(multiply(gx, gx), window), xy = blur(multiply(gx, gy), window),
                yy = blur(multiply(gy, gy), window);
    const Image xd = blur(multiply(gx, difference), window),
                yd = blur(multiply(gy, difference), window);
    for (size_t i = 0; i < u.data.size(); ++i) {
      const float a = xx.data[i] + kRidge, b = xy.data[i], c = yy.data[i] + kRidge;
      const float determinant = a * c - b * b;
      const float du = (c * xd.data[i] - b * yd.data[i]) / determinant;
      const float dv = (a * yd.data[i] - b * xd.data[i]) / determinant;
      u.data[i] += std::clamp(du, -1.0f, 1.0f);
      v.data[i] += std::clamp(dv, -1.0f, 1.0f);
    }
    u = median3x3(u);
    v = median3x3(v);
  }
}

Image scaled(Image image, float factor) {
  for (float& x : image.data) x *= factor;
  return image;
}

}  // namespace

std::vector<float> optical_flow(std::span<const float> from, std::span<const float> to,
                                int64_t height, int64_t width, const FlowOptions& options) {
  DOJO_CHECK_EQ(static_cast<int64_t>(from.size()), height * width);
  DOJO_CHECK_EQ(static_cast<int64_t>(to.size()), height * width);
  std::vector<Image> a, b;
  a.emplace_back(height, width);
  b.emplace_back(height, width);
  a[0].data.assign(from.begin(), from.end());
  b[0].data.assign(to.begin(), to.end());
  const std::vector<float> antialias = gaussian(0.8);
  while (std::min(a.back().height, a.back().width) / 2 >= options.min_side) {
    const int64_t h = a.back().height / 2, w = a.back().width / 2;
    a.push_back(resize(blur(a.back(), antialias), h, w));
    b.push_back(resize(blur(b.back(), antialias), h, w));
  }
  Image u(a.back().height, a.back().width), v = u;
  for (size_t level = a.size(); level-- > 0;) {
    if (u.width != a[level].width || u.height != a[level].height) {
      const float sx = static_cast<float>(a[level].width) / static_cast<float>(u.width);
      const float sy = static_cast<float>(a[level].height) / static_cast<float>(u.height);
      u = scaled(resize(u, a[level].height, a[level].width), sx);
      v = scaled(resize(v, a[level].height, a[level].width), sy);
    }
    refine(a[level], b[level], options, u, v);
  }
  std::vector<float> flow(static_cast<size_t>(height * width * 2));
  for (size_t i = 0; i < u.data.size(); ++i) {
    flow[2 * i] = u.data[i];
    flow[2 * i + 1] = v.data[i];
  }
  return flow;
}

std::vector<float> flow_extrapolate(std::span<const float> previous, std::span<const float> last,
                                    int64_t height, int64_t width, const FlowOptions& options) {
  const size_t pixels = static_cast<size_t>(height * width);
  DOJO_CHECK_EQ(previous.size(), pixels * 3);
  DOJO_CHECK_EQ(last.size(), pixels * 3);
  const auto grey = [&](std::span<const float> rgb) {  // BT.601 luma
    std::vector<float> y(pixels);
    for (size_t i = 0; i < pixels; ++i)
      y[i] = 0.299f * rgb[3 * i] + 0.587f * rgb[3 * i + 1] + 0.114f * rgb[3 * i + 2];
    return y;
  };
  const std::vector<float> flow = optical_flow(grey(last), grey(previous), height, width, options);
  std::vector<float> next(pixels * 3);
  for (size_t c = 0; c < 3; ++c) {
    Image plane(height, width);
    for (size_t i = 0; i < pixels; ++i) plane.data[i] = last[3 * i + c];
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) {
        const size_t i = static_cast<size_t>(y * width + x);
        next[3 * i + c] = sample(plane, static_cast<float>(x) + flow[2 * i],
                                 static_cast<float>(y) + flow[2 * i + 1]);
      }
  }
  return next;
}

}  // namespace dojo
