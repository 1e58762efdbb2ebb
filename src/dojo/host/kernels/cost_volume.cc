// Images are taken apart into planes, b with its border repeated `radius` times around it, so that
// every shift is a loop over neighbouring floats (cost_volume_rows.h). One image is one piece of
// work.
#include "dojo/host/kernels/cost_volume.h"

#include <algorithm>

#include "dojo/base/parallel_for.h"
#include "dojo/host/kernels/cost_volume_rows.h"

namespace dojo::kernels {
namespace {

// The scratch memory of one image.
struct Scratch {
  int64_t side, shifts, padded_w, padded_h, plane, padded_plane;
  float *a, *b, *db, *row, *da;  // [c,h,w]; [c,h+2r,w+2r] twice; [(2r+1)^2,w]; [w]

  static int64_t floats(const CostVolume& v) {
    const int64_t side = 2 * v.radius + 1;
    return v.c * v.h * v.w + 2 * v.c * (v.h + 2 * v.radius) * (v.w + 2 * v.radius) +
           (side * side + 1) * v.w;
  }

  Scratch(const CostVolume& v, float* memory)
      : side(2 * v.radius + 1),
        shifts(side * side),
        padded_w(v.w + 2 * v.radius),
        padded_h(v.h + 2 * v.radius),
        plane(v.h * v.w),
        padded_plane(padded_h * padded_w),
        a(memory),
        b(a + v.c * plane),
        db(b + v.c * padded_plane),
        row(db + v.c * padded_plane),
        da(row + shifts * v.w) {}

  void load(const CostVolume& v, const float* image_a, const float* image_b) {
    for (int64_t c = 0; c < v.c; ++c) {
      for (int64_t i = 0; i < plane; ++i) a[c * plane + i] = image_a[i * v.c + c];
      for (int64_t y = 0; y < padded_h; ++y) {
        const float* from = image_b + std::clamp<int64_t>(y - v.radius, 0, v.h - 1) * v.w * v.c + c;
        float* to = b + c * padded_plane + y * padded_w;
        for (int64_t x = 0; x < v.w; ++x) to[v.radius + x] = from[x * v.c];
        std::fill(to, to + v.radius, from[0]);
        std::fill(to + v.radius + v.w, to + padded_w, from[(v.w - 1) * v.c]);
      }
    }
  }
};

int64_t pitch(const CostVolume& v) {
  return v.y_pitch ? v.y_pitch : (2 * v.radius + 1) * (2 * v.radius + 1);
}

}  // namespace

int64_t scratch_floats(const CostVolume& v) { return v.n * Scratch::floats(v); }

void cost_volume(const CostVolume& v, const float* a, const float* b, float* y, float* scratch) {
  parallel_for(v.n, 1, [&](int64_t begin, int64_t end) {
    const float scale = 1 / static_cast<float>(v.c);
    for (int64_t n = begin; n < end; ++n) {
      Scratch s(v, scratch + n * Scratch::floats(v));
      s.load(v, a + n * s.plane * v.c, b + n * s.plane * v.c);
      for (int64_t row = 0; row < v.h; ++row) {
        for (int64_t shift = 0; shift < s.shifts; ++shift)
          distance_row(s.a + row * v.w, s.plane,
                       s.b + (row + shift / s.side) * s.padded_w + shift % s.side, s.padded_plane,
                       v.c, v.w, s.row + shift * v.w);
        float* out = y + (n * v.h + row) * v.w * pitch(v);
        for (int64_t x = 0; x < v.w; ++x, out += pitch(v))
          for (int64_t shift = 0; shift < s.shifts; ++shift)
            out[shift] = scale * s.row[shift * v.w + x];
      }
    }
  });
}

void cost_volume_backward(const CostVolume& v, const float* dy, const float* a, const float* b,
                          float* da, float* db, float* scratch) {
  parallel_for(v.n, 1, [&](int64_t begin, int64_t end) {
    const float scale = 1 / static_cast<float>(v.c);
    for (int64_t n = begin; n < end; ++n) {
      Scratch s(v, scratch + n * Scratch::floats(v));
      s.load(v, a + n * s.plane * v.c, b + n * s.plane * v.c);
      std::fill(s.db, s.db + v.c * s.padded_plane, 0.0f);
      for (int64_t row = 0; row < v.h; ++row) {
        const float* in = dy + (n * v.h + row) * v.w * pitch(v);
        for (int64_t x = 0; x < v.w; ++x, in += pitch(v))
          for (int64_t shift = 0; shift < s.shifts; ++shift)
            s.row[shift * v.w + x] = scale * in[shift];
        for (int64_t c = 0; c < v.c; ++c) {
          std::fill(s.da, s.da + v.w, 0.0f);
          const int64_t place = c * s.padded_plane + row * s.padded_w;
          distance_row_backward(s.a + c * s.plane + row * v.w, s.b + place, s.row, s.side,
                                s.padded_w, v.w, s.da, s.db + place);
          float* out = da + ((n * v.h + row) * v.w) * v.c + c;
          for (int64_t x = 0; x < v.w; ++x) out[x * v.c] = s.da[x];
        }
      }
      // What fell on the repeated border belongs to the border itself.
      float* image = db + n * s.plane * v.c;
      std::fill(image, image + s.plane * v.c, 0.0f);
      for (int64_t c = 0; c < v.c; ++c)
        for (int64_t y = 0; y < s.padded_h; ++y) {
          float* to = image + std::clamp<int64_t>(y - v.radius, 0, v.h - 1) * v.w * v.c + c;
          const float* from = s.db + c * s.padded_plane + y * s.padded_w;
          for (int64_t x = 0; x < v.w; ++x) to[x * v.c] += from[v.radius + x];
          for (int64_t x = 0; x < v.radius; ++x) {
            to[0] += from[x];
            to[(v.w - 1) * v.c] += from[v.radius + v.w + x];
          }
        }
    }
  });
}

}  // namespace dojo::kernels
