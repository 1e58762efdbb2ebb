#include "dojo/host/kernels/norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "dojo/base/check.h"
#include "dojo/base/parallel_for.h"
#include "dojo/host/kernels/norm_rows.h"

namespace dojo::kernels {
namespace {

// The rows of each image are cut into pieces by their number only, so that sums do not depend on
// the number of threads.
struct Pieces {
  int64_t rows, count;
  explicit Pieces(int64_t all_rows)
      : rows(all_rows), count(std::clamp<int64_t>(all_rows / 256, 1, 64)) {}
  int64_t begin(int64_t p) const { return rows * p / count; }
};

void for_each_piece(const Norm& norm, const Pieces& pieces, const auto& body) {
  const int64_t work = std::max<int64_t>(1, norm.rows / pieces.count * norm.c);
  parallel_for(norm.n * pieces.count, std::max<int64_t>(1, 16384 / work),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i)
                   body(i, i / pieces.count, pieces.begin(i % pieces.count),
                        pieces.begin(i % pieces.count + 1));
               });
}

void check(const Norm& norm) {
  DOJO_CHECK(norm.groups > 0 && norm.c % norm.groups == 0);
  DOJO_CHECK_LT(0, norm.rows);
}

// Adds up the pieces of an image, `count` sums of each; returns where the totals are.
double* total_of(std::vector<double>& sums, const Pieces& pieces, int64_t image, int64_t count) {
  double* total = &sums[static_cast<size_t>(image * pieces.count * count)];
  for (int64_t p = 1; p < pieces.count; ++p)
    for (int64_t i = 0; i < count; ++i) total[i] += total[p * count + i];
  return total;
}

double inverse_deviation(const Norm& norm, float variance) {
  return 1 / std::sqrt(static_cast<double>(variance) + norm.epsilon);
}

// y = activation(a x + b) for each image and channel.
struct Coefficients {
  std::vector<float> a, b;
  Coefficients(const Norm& norm, const float* scale, const float* bias, const float* mean,
               const float* variance)
      : a(static_cast<size_t>(norm.n * norm.c)), b(a.size()) {
    const int64_t per_group = norm.c / norm.groups;
    for (int64_t i = 0; i < norm.n * norm.c; ++i) {
      const int64_t ch = i % norm.c, g = i / norm.c * norm.groups + ch / per_group;
      const double factor = inverse_deviation(norm, variance[g]) * scale[ch];
      a[static_cast<size_t>(i)] = static_cast<float>(factor);
      b[static_cast<size_t>(i)] = static_cast<float>(bias[ch] - factor * mean[g]);
    }
  }
};

}  // namespace

void norm_apply(const Norm& norm, FloatsIn x, const float* scale, const float* bias,
                const float* mean, const float* variance, FloatsOut y) {
  check(norm);
  const Coefficients k(norm, scale, bias, mean, variance);
  for_each_piece(norm, Pieces(norm.rows), [&](int64_t, int64_t image, int64_t r0, int64_t r1) {
    const int64_t at = (image * norm.rows + r0) * norm.c;
    scale_rows(norm.activation, x + at, r1 - r0, norm.c, &k.a[static_cast<size_t>(image * norm.c)],
               &k.b[static_cast<size_t>(image * norm.c)], y + at);
  });
}

void norm_forward(const Norm& norm, FloatsIn x, const float* scale, const float* bias, FloatsOut y,
                  float* mean, float* variance) {
  check(norm);
  const Pieces pieces(norm.rows);
  std::vector<double> sums(static_cast<size_t>(norm.n * pieces.count * norm.c * 2));
  std::vector<float> shifts(static_cast<size_t>(norm.n * norm.c));  // the first row of each image
  for (int64_t i = 0; i < norm.n * norm.c; ++i)
    shifts[static_cast<size_t>(i)] = x[i / norm.c * norm.rows * norm.c + i % norm.c];
  for_each_piece(norm, pieces, [&](int64_t i, int64_t image, int64_t r0, int64_t r1) {
    double* sum = &sums[static_cast<size_t>(i * norm.c * 2)];
    sum_rows(x + (image * norm.rows + r0) * norm.c, r1 - r0, norm.c,
             &shifts[static_cast<size_t>(image * norm.c)], sum, sum + norm.c);
  });

  std::vector<float> own_mean, own_variance;
  if (mean == nullptr)
    own_mean.resize(static_cast<size_t>(norm.n * norm.groups)), mean = own_mean.data();
  if (variance == nullptr)
    own_variance.resize(static_cast<size_t>(norm.n * norm.groups)), variance = own_variance.data();
  const int64_t per_group = norm.c / norm.groups;
  const double rows = static_cast<double>(norm.rows), count = rows * static_cast<double>(per_group);
  for (int64_t image = 0; image < norm.n; ++image) {
    const double* total = total_of(sums, pieces, image, norm.c * 2);
    const float* shift = &shifts[static_cast<size_t>(image * norm.c)];
    for (int64_t g = 0; g < norm.groups; ++g) {
      double sum = 0, square = 0;
      for (int64_t ch = g * per_group; ch < (g + 1) * per_group; ++ch)
        sum += total[ch] + rows * shift[ch];
      const double mu = sum / count;
      for (int64_t ch = g * per_group; ch < (g + 1) * per_group; ++ch) {
        const double off = mu - shift[ch];  // sum of (x - mu)^2 from the sums about the shift
        square += total[norm.c + ch] - 2 * off * total[ch] + rows * off * off;
      }
      mean[image * norm.groups + g] = static_cast<float>(mu);
      variance[image * norm.groups + g] =
          static_cast<float>(square < 0 ? 0 : square / count);  // a NaN stays
    }
  }
  norm_apply(norm, x, scale, bias, mean, variance, y);
}

void norm_backward(const Norm& norm, FloatsIn x, const float* scale, const float* bias,
                   const float* mean, const float* variance, FloatsIn dy, FloatsOut dx,
                   float* dscale, float* dbias) {
  check(norm);
  const Pieces pieces(norm.rows);
  const int64_t per_group = norm.c / norm.groups;
  const Coefficients k(norm, scale, bias, mean, variance);
  std::vector<float> channel_mean(static_cast<size_t>(norm.n * norm.c));
  for (int64_t i = 0; i < norm.n * norm.c; ++i) {
    channel_mean[static_cast<size_t>(i)] = mean[i / norm.c * norm.groups + i % norm.c / per_group];
  }
  std::vector<double> sums(static_cast<size_t>(norm.n * pieces.count * norm.c * 2));
  for_each_piece(norm, pieces, [&](int64_t i, int64_t image, int64_t r0, int64_t r1) {
    const int64_t at = (image * norm.rows + r0) * norm.c;
    const size_t ch = static_cast<size_t>(image * norm.c);
    double* sum = &sums[static_cast<size_t>(i * norm.c * 2)];
    sum_gradient_rows(norm.activation, x + at, dy + at, r1 - r0, norm.c, &k.a[ch], &k.b[ch],
                      &channel_mean[ch], sum, sum + norm.c);
  });

  std::vector<float> p(static_cast<size_t>(norm.n * norm.c)), q(p.size()), s(p.size());
  std::vector<double> all_scale(static_cast<size_t>(norm.c)), all_bias(all_scale.size());
  const double count = static_cast<double>(norm.rows * per_group);
  for (int64_t image = 0; image < norm.n; ++image) {
    const double* total = total_of(sums, pieces, image, norm.c * 2);
    for (int64_t g = 0; g < norm.groups; ++g) {
      const double inverse = inverse_deviation(norm, variance[image * norm.groups + g]);
      const double mu = mean[image * norm.groups + g];
      double m1 = 0, m2 = 0;  // means of scale * g and of scale * g * normalised x
      for (int64_t ch = g * per_group; ch < (g + 1) * per_group; ++ch) {
        const double dot = total[norm.c + ch] * inverse;
        all_bias[static_cast<size_t>(ch)] += total[ch];
        all_scale[static_cast<size_t>(ch)] += dot;
        m1 += scale[ch] * total[ch] / count;
        m2 += scale[ch] * dot / count;
      }
      for (int64_t ch = g * per_group; ch < (g + 1) * per_group; ++ch) {
        const size_t i = static_cast<size_t>(image * norm.c + ch);
        p[i] = static_cast<float>(inverse * scale[ch]);
        q[i] = static_cast<float>(-inverse * inverse * m2);
        s[i] = static_cast<float>(inverse * (inverse * m2 * mu - m1));
      }
    }
  }
  for (int64_t ch = 0; ch < norm.c; ++ch) {
    if (dscale != nullptr) dscale[ch] = static_cast<float>(all_scale[static_cast<size_t>(ch)]);
    if (dbias != nullptr) dbias[ch] = static_cast<float>(all_bias[static_cast<size_t>(ch)]);
  }
  if (!dx) return;
  for_each_piece(norm, pieces, [&](int64_t, int64_t image, int64_t r0, int64_t r1) {
    const int64_t at = (image * norm.rows + r0) * norm.c;
    const size_t ch = static_cast<size_t>(image * norm.c);
    scale_gradient_rows(norm.activation, x + at, dy + at, r1 - r0, norm.c, &k.a[ch], &k.b[ch],
                        &p[ch], &q[ch], &s[ch], dx + at);
  });
}

}  // namespace dojo::kernels
