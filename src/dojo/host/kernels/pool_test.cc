#include "dojo/host/kernels/pool.h"

#include <algorithm>
#include <cmath>

#include "dojo/host/kernels/testing.h"

namespace dojo::kernels {
namespace {

TEST(Pool, AverageEqualsTheLoopAndItsGradientIsTheTranspose) {
  on_every_target([] {
    Random random(1);
    for (int trial = 0; trial < 30; ++trial) {
      const int64_t k = 1 + random.below(5);
      const AveragePool p{.n = 1 + random.below(3),
                          .h = k + random.below(12),
                          .w = k + random.below(40),
                          .c = 1 + random.below(20),
                          .kernel_h = k,
                          .kernel_w = 1 + random.below(k)};
      const int64_t oh = p.h / p.kernel_h, ow = p.w / p.kernel_w;
      const auto x = random_array(random, p.n * p.h * p.w * p.c),
                 dy = random_array(random, p.n * oh * ow * p.c);
      auto y = nan_array(p.n * oh * ow * p.c), dx = nan_array(p.n * p.h * p.w * p.c);
      std::vector<float> ey(y.size(), 0.0f), ex(x.size(), 0.0f);
      const float factor = 1.0f / static_cast<float>(p.kernel_h * p.kernel_w);
      for (int64_t i = 0; i < p.n * p.h * p.w * p.c; ++i) {
        const int64_t ch = i % p.c, ix = i / p.c % p.w, iy = i / p.c / p.w % p.h,
                      n = i / p.c / p.w / p.h;
        if (iy / p.kernel_h >= oh || ix / p.kernel_w >= ow) continue;
        const size_t o =
            static_cast<size_t>(((n * oh + iy / p.kernel_h) * ow + ix / p.kernel_w) * p.c + ch);
        ey[o] += x[static_cast<size_t>(i)] * factor;
        ex[static_cast<size_t>(i)] = dy[o] * factor;
      }
      average_pool(p, x.data(), y.data());
      average_pool_backward(p, dy.data(), dx.data());
      expect_near(y, ey, 1e-5);
      expect_near(dx, ex, 1e-6);
    }
  });
}

TEST(Pool, MaxEqualsTheLoopAndItsGradientGoesToTheFirstMaximum) {
  on_every_target([] {
    Random random(2);
    for (int trial = 0; trial < 30; ++trial) {
      MaxPool p{.n = 1 + random.below(9),
                .h = 3 + random.below(12),
                .w = 3 + random.below(12),
                .c = 1 + random.below(40)};
      if (trial % 2 == 1)
        p.kernel_h = 2, p.kernel_w = 3, p.stride_h = 1, p.stride_w = 3, p.pad_h = 0, p.pad_w = 2;
      p.out_h = (p.h + 2 * p.pad_h - p.kernel_h) / p.stride_h + 1;
      p.out_w = (p.w + p.pad_w - p.kernel_w) / p.stride_w + 1;
      auto x = random_array(random, p.n * p.h * p.w * p.c);
      for (float& v : x) v = std::round(v * 2);  // many ties
      if (trial % 5 == 0) x[x.size() / 2] = NAN;
      const int64_t out = p.n * p.out_h * p.out_w * p.c;
      const auto dy = random_array(random, out);
      auto y = nan_array(out), ey = y, dx = nan_array(p.n * p.h * p.w * p.c), dx2 = dx;
      std::vector<float> ex(x.size(), 0.0f);
      std::vector<int32_t> index(static_cast<size_t>(out));
      for (int64_t o = 0; o < out; ++o) {
        const int64_t ch = o % p.c, ox = o / p.c % p.out_w, oy = o / p.c / p.out_w % p.out_h,
                      n = o / p.c / p.out_w / p.out_h;
        int64_t best = -1;
        for (int64_t ky = 0; ky < p.kernel_h; ++ky) {
          for (int64_t kx = 0; kx < p.kernel_w; ++kx) {
            const int64_t iy = oy * p.stride_h - p.pad_h + ky, ix = ox * p.stride_w - p.pad_w + kx;
            if (iy < 0 || iy >= p.h || ix < 0 || ix >= p.w) continue;
            const int64_t at = ((n * p.h + iy) * p.w + ix) * p.c + ch;
            const float v = x[static_cast<size_t>(at)];
            if (best < 0 || std::isnan(v) || v > x[static_cast<size_t>(best)]) best = at;
          }
        }
        ey[static_cast<size_t>(o)] = x[static_cast<size_t>(best)];
        ex[static_cast<size_t>(best)] += dy[static_cast<size_t>(o)];
      }
      max_pool(p, x.data(), y.data(), index.data());
      max_pool_backward(p, dy.data(), index.data(), dx.data());
      max_pool_backward_from_x(p, x.data(), dy.data(), dx2.data());
      expect_near(y, ey, 0);
      expect_near(dx, ex, 1e-6);
      EXPECT_EQ(dx2, dx);
    }
  });
}

TEST(Pool, GlobalAverageIsTheMeanOverPixels) {
  on_every_target([] {
    Random random(3);
    const auto x = random_array(random, 3 * 35 * 17), dy = random_array(random, 3 * 17);
    auto y = nan_array(3 * 17), dx = nan_array(3 * 35 * 17);
    std::vector<float> ey(y.size(), 0.0f), ex(x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      const size_t o = i / 35 / 17 * 17 + i % 17;
      ey[o] += x[i] / 35;
      ex[i] = dy[o] / 35;
    }
    global_average_pool(3, 35, 17, x.data(), y.data());
    global_average_pool_backward(3, 35, 17, dy.data(), dx.data());
    expect_near(y, ey, 1e-6);
    expect_near(dx, ex, 1e-6);
  });
}

}  // namespace
}  // namespace dojo::kernels
