#include "dojo/host/kernels/winograd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "dojo/host/kernels/testing.h"

namespace dojo::kernels {
namespace {

constexpr double kBound = 1e-5;  // seen: 4e-6, for weights over thousands of pixels

// The three sums as they are defined, in double.
struct Oracle {
  std::vector<double> y, dx, dw, dbias;
  Oracle(const WinogradConv& v, const std::vector<float>& x, const std::vector<float>& w,
         const std::vector<float>& bias, const std::vector<float>& dy)
      : y(dy.size()), dx(x.size()), dw(w.size()), dbias(bias.size()) {
    for (int64_t n = 0; n < v.n; ++n)
      for (int64_t i = 0; i < v.out_h; ++i)
        for (int64_t j = 0; j < v.out_w; ++j) {
          const int64_t at_y = ((n * v.out_h + i) * v.out_w + j) * v.m;
          for (int64_t o = 0; o < v.m; ++o) {
            y[static_cast<size_t>(at_y + o)] = double(bias[static_cast<size_t>(o)]);
            dbias[static_cast<size_t>(o)] += double(dy[static_cast<size_t>(at_y + o)]);
          }
          for (int64_t k = 0; k < 9; ++k) {
            const int64_t row = i + k / 3 - v.top, column = j + k % 3 - v.left;
            if (row < 0 || row >= v.h || column < 0 || column >= v.w) continue;
            const int64_t at_x = ((n * v.h + row) * v.w + column) * v.c;
            for (int64_t c = 0; c < v.c; ++c)
              for (int64_t o = 0; o < v.m; ++o) {
                const size_t iw = static_cast<size_t>((k * v.c + c) * v.m + o);
                const size_t ix = static_cast<size_t>(at_x + c), iy = static_cast<size_t>(at_y + o);
                y[iy] += double(x[ix]) * double(w[iw]);
                dx[ix] += double(dy[iy]) * double(w[iw]);
                dw[iw] += double(x[ix]) * double(dy[iy]);
              }
          }
        }
  }
};

// The root mean square error, over that of what is right.
double error_of(const std::vector<float>& a, const std::vector<double>& right) {
  double errors = 0, squares = 0;
  for (size_t i = 0; i < right.size(); ++i) {
    errors += (double(a[i]) - right[i]) * (double(a[i]) - right[i]);
    squares += right[i] * right[i];
  }
  return std::sqrt(errors / squares);  // NaN where a value was not written
}

// y, dx, dw, dbias of the kernels, each compared with the oracle.
std::vector<std::vector<float>> compared(const WinogradConv& v, const Oracle& right,
                                         const std::vector<float>& x, const std::vector<float>& w,
                                         const std::vector<float>& bias,
                                         const std::vector<float>& dy) {
  auto y = nan_array(std::ssize(dy)), dx = nan_array(std::ssize(x)), dw = nan_array(std::ssize(w)),
       dbias = nan_array(v.m),
       scratch =
           nan_array(std::max(winograd_scratch_floats(v, false), winograd_scratch_floats(v, true)));
  winograd_forward(v, x.data(), w.data(), bias.data(), y.data(), scratch.data());
  winograd_input_grad(v, dy.data(), w.data(), dx.data(), scratch.data());
  winograd_weight_grad(v, x.data(), dy.data(), dw.data(), dbias.data(), scratch.data());
  EXPECT_LT(error_of(y, right.y), kBound);
  EXPECT_LT(error_of(dx, right.dx), kBound);
  EXPECT_LT(error_of(dw, right.dw), kBound);
  EXPECT_LT(error_of(dbias, right.dbias), kBound);
  return {y, dx, dw, dbias};
}

TEST(Winograd, EqualsTheDirectSumsForward_ByInput_AndByWeight) {
  Random random(1);
  for (int round = 0; round < 70; ++round) {
    WinogradConv v{.n = 1 + random.below(3),
                   .h = 1 + random.below(14),
                   .w = 1 + random.below(14),
                   .c = 16 * (1 + random.below(4)),
                   .m = 16 * (1 + random.below(4)),
                   .top = random.below(3),
                   .left = random.below(3)};
    v.out_h = v.h + v.top + random.below(3) - 2;  // 0 to 2 zeros behind the image
    v.out_w = v.w + v.left + random.below(3) - 2;
    if (v.out_h < 1 || v.out_w < 1) continue;
    ASSERT_TRUE(winograd_knows(v));
    const auto x = random_array(random, v.n * v.h * v.w * v.c),
               w = random_array(random, 9 * v.c * v.m), bias = random_array(random, v.m),
               dy = random_array(random, v.n * v.out_h * v.out_w * v.m);
    const Oracle right(v, x, w, bias, dy);
    on_every_target([&] { compared(v, right, x, w, bias, dy); });
  }
}

TEST(Winograd, ManyBlocksGiveTheSameBytesAgain) {
  Random random(2);
  const WinogradConv v{
      .n = 3, .h = 33, .w = 62, .c = 32, .out_h = 33, .out_w = 62, .m = 48, .top = 1, .left = 1};
  const auto x = random_array(random, v.n * v.h * v.w * v.c),
             w = random_array(random, 9 * v.c * v.m), bias = random_array(random, v.m),
             dy = random_array(random, v.n * v.h * v.w * v.m);
  const Oracle right(v, x, w, bias, dy);
  on_every_target([&] {
    std::vector<std::vector<float>> made;
    for (int again = 0; again < 2; ++again) {
      for (auto& result : compared(v, right, x, w, bias, dy)) made.push_back(std::move(result));
    }
    for (size_t i = 0; i < 4; ++i) EXPECT_EQ(made[i], made[i + 4]);
  });
}

TEST(Winograd, SaysWhatItDoesNotKnow) {
  const WinogradConv v{
      .n = 1, .h = 8, .w = 8, .c = 16, .out_h = 8, .out_w = 8, .m = 16, .top = 1, .left = 1};
  EXPECT_TRUE(winograd_knows(v));
  for (auto change : {+[](WinogradConv& o) { o.c = 3; }, +[](WinogradConv& o) { o.m = 24; },
                      +[](WinogradConv& o) { o.top = 3; }, +[](WinogradConv& o) { o.left = -1; }}) {
    WinogradConv other = v;
    change(other);
    EXPECT_FALSE(winograd_knows(other));
  }
}

}  // namespace
}  // namespace dojo::kernels
