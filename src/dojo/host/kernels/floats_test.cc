// Kernels that take values of f32 or bf16: of bf16 they make what they make of the same values in
// f32, rounded once. Also on processors that multiply no bf16.
#include "dojo/host/kernels/floats.h"

#include <array>

#include "dojo/host/kernels/layer_norm.h"
#include "dojo/host/kernels/norm_rows.h"
#include "dojo/host/kernels/reduce.h"
#include "dojo/host/kernels/softmax.h"
#include "dojo/host/kernels/testing.h"

namespace dojo::kernels {
namespace {

// The same numbers in both formats.
struct Both {
  std::vector<float> f32;
  std::vector<Bf16> bf16;

  Both(Random& random, int64_t n) : f32(random_array(random, n)) {
    for (float& x : f32) {
      x = round_to_bf16(x);
      bf16.push_back(static_cast<Bf16>(bf16_code(x)));
    }
  }
};

// A result that is written in both formats.
struct Results {
  explicit Results(int64_t n) : f32(nan_array(n)), bf16(static_cast<size_t>(n)) {}
  std::vector<float> f32;
  std::vector<Bf16> bf16;

  void expect_rounded() const {
    for (size_t i = 0; i < f32.size(); ++i)
      ASSERT_EQ(value_of(bf16[i]), round_to_bf16(f32[i])) << "at " << i << ": " << f32[i];
  }
};

TEST(Floats, SoftmaxAndItsGradient) {
  on_every_target([] {
    Random random(1);
    for (int64_t c : {1, 7, 16, 33, 196, 5000}) {
      const Both x(random, 5 * c), dy(random, 5 * c);
      Results y(5 * c), dx(5 * c);
      softmax(5, c, x.f32.data(), y.f32.data());
      softmax(5, c, x.bf16.data(), y.bf16.data());
      y.expect_rounded();
      softmax_backward(5, c, x.f32.data(), dy.f32.data(), dx.f32.data());
      softmax_backward(5, c, x.bf16.data(), dy.bf16.data(), dx.bf16.data());
      dx.expect_rounded();
    }
  });
}

TEST(Floats, LayerNormAndItsGradient) {
  on_every_target([] {
    Random random(2);
    for (int64_t c : {2, 16, 33, 384}) {
      const int64_t rows = 9, n = rows * c;
      const Both x(random, n), dy(random, n);
      const auto scale = random_array(random, c), bias = random_array(random, c);
      Results y(n), dx(n);
      std::vector<float> mean[2], inverse[2], dscale[2], dbias[2];
      for (size_t i : {0, 1}) {
        mean[i] = inverse[i] = nan_array(rows);
        dscale[i] = dbias[i] = nan_array(c);
      }
      std::vector<float> scratch(static_cast<size_t>(layer_norm_scratch_floats(rows, c)));
      layer_norm_forward(rows, c, 1e-5f, x.f32.data(), scale.data(), bias.data(), y.f32.data(),
                         mean[0].data(), inverse[0].data());
      layer_norm_forward(rows, c, 1e-5f, x.bf16.data(), scale.data(), bias.data(), y.bf16.data(),
                         mean[1].data(), inverse[1].data());
      y.expect_rounded();
      layer_norm_backward(rows, c, x.f32.data(), scale.data(), mean[0].data(), inverse[0].data(),
                          dy.f32.data(), dx.f32.data(), dscale[0].data(), dbias[0].data(),
                          scratch.data());
      layer_norm_backward(rows, c, x.bf16.data(), scale.data(), mean[1].data(), inverse[1].data(),
                          dy.bf16.data(), dx.bf16.data(), dscale[1].data(), dbias[1].data(),
                          scratch.data());
      dx.expect_rounded();
      EXPECT_EQ(mean[0], mean[1]);
      EXPECT_EQ(dscale[0], dscale[1]);
      EXPECT_EQ(dbias[0], dbias[1]);
    }
  });
}

TEST(Floats, RowsOfNorms) {
  on_every_target([] {
    Random random(3);
    for (int64_t c : {1, 16, 37, 64})
      for (Activation activation : {Activation::kNone, Activation::kRelu, Activation::kGelu}) {
        const int64_t rows = 11, n = rows * c;
        const Both x(random, n), dy(random, n);
        const auto a = random_array(random, c), b = random_array(random, c),
                   p = random_array(random, c), q = random_array(random, c),
                   s = random_array(random, c);
        std::vector<double> sums[2], squares[2], totals[2], dots[2];
        for (size_t i : {0, 1})
          for (auto* list : {&sums[i], &squares[i], &totals[i], &dots[i]})
            list->assign(static_cast<size_t>(c), 0);
        sum_rows(x.f32.data(), rows, c, a.data(), sums[0].data(), squares[0].data());
        sum_rows(x.bf16.data(), rows, c, a.data(), sums[1].data(), squares[1].data());
        EXPECT_EQ(sums[0], sums[1]);
        EXPECT_EQ(squares[0], squares[1]);
        Results y(n), dx(n);
        scale_rows(activation, x.f32.data(), rows, c, a.data(), b.data(), y.f32.data());
        scale_rows(activation, x.bf16.data(), rows, c, a.data(), b.data(), y.bf16.data());
        y.expect_rounded();
        sum_gradient_rows(activation, x.f32.data(), dy.f32.data(), rows, c, a.data(), b.data(),
                          p.data(), totals[0].data(), dots[0].data());
        sum_gradient_rows(activation, x.bf16.data(), dy.bf16.data(), rows, c, a.data(), b.data(),
                          p.data(), totals[1].data(), dots[1].data());
        EXPECT_EQ(totals[0], totals[1]);
        EXPECT_EQ(dots[0], dots[1]);
        scale_gradient_rows(activation, x.f32.data(), dy.f32.data(), rows, c, a.data(), b.data(),
                            p.data(), q.data(), s.data(), dx.f32.data());
        scale_gradient_rows(activation, x.bf16.data(), dy.bf16.data(), rows, c, a.data(), b.data(),
                            p.data(), q.data(), s.data(), dx.bf16.data());
        dx.expect_rounded();
      }
  });
}

TEST(Floats, Reductions) {
  on_every_target([] {
    Random random(4);
    for (Reduce kind : {Reduce::kSum, Reduce::kMean, Reduce::kMax, Reduce::kMin,
                        Reduce::kSumOfSquares, Reduce::kSumOfAbs})
      for (auto [outer, middle, inner] :
           {std::array<int64_t, 3>{3, 17, 1}, {1, 5, 40}, {4, 9, 33}, {1, 2000, 1}}) {
        const Both x(random, outer * middle * inner);
        auto a = nan_array(outer * inner), b = a;
        reduce(kind, outer, middle, inner, x.f32.data(), a.data());
        reduce(kind, outer, middle, inner, x.bf16.data(), b.data());
        EXPECT_EQ(a, b) << static_cast<int>(kind) << " " << middle;
      }
  });
}

}  // namespace
}  // namespace dojo::kernels
