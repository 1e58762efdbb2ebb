#include "dojo/host/kernels/box_filter.h"

#include <gtest/gtest.h>

#include <vector>

#include "dojo/base/random.h"

namespace dojo::kernels {
namespace {

TEST(BoxFilter, EqualsTheObviousLoops) {
  Random random(1);
  for (int round = 0; round < 30; ++round) {
    const BoxFilter f{.n = 1 + random.below(3),
                      .h = 1 + random.below(6),
                      .w = 1 + random.below(9),
                      .c = 1 + random.below(5),
                      .kernel_h = 1 + 2 * random.below(3),
                      .kernel_w = 1 + 2 * random.below(3)};
    const auto at = [&](int64_t n, int64_t h, int64_t w, int64_t c) {
      return static_cast<size_t>(((n * f.h + h) * f.w + w) * f.c + c);
    };
    std::vector<float> x(static_cast<size_t>(f.n * f.h * f.w * f.c)), y(x.size()),
        scratch(static_cast<size_t>(scratch_floats(f)));
    for (float& v : x) v = static_cast<float>(random.uniform(-1, 1));
    box_filter(f, x.data(), y.data(), scratch.data());
    for (int64_t n = 0; n < f.n; ++n)
      for (int64_t h = 0; h < f.h; ++h)
        for (int64_t w = 0; w < f.w; ++w)
          for (int64_t c = 0; c < f.c; ++c) {
            double sum = 0;
            for (int64_t i = h - f.kernel_h / 2; i <= h + f.kernel_h / 2; ++i)
              for (int64_t j = w - f.kernel_w / 2; j <= w + f.kernel_w / 2; ++j)
                if (i >= 0 && i < f.h && j >= 0 && j < f.w) sum += double(x[at(n, i, j, c)]);
            ASSERT_NEAR(y[at(n, h, w, c)], sum / double(f.kernel_h * f.kernel_w), 1e-6);
          }
  }
}

}  // namespace
}  // namespace dojo::kernels
