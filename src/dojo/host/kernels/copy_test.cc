#include "dojo/host/kernels/copy.h"

#include <cmath>

#include "dojo/host/kernels/testing.h"

namespace dojo::kernels {
namespace {

using Dims = std::vector<int64_t>;

Dims row_major(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

// Calls body(index) for each index of dims in row-major order.
void for_each_index(const Dims& dims, const std::function<void(const Dims&)>& body) {
  for (int64_t i = 0; i < num_elements_of(dims); ++i) {
    Dims index(dims.size());
    int64_t rest = i;
    for (size_t l = dims.size(); l-- > 0; rest /= dims[l]) index[l] = rest % dims[l];
    body(index);
  }
}

int64_t dot(const Dims& a, const Dims& b) {
  int64_t sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

Dims random_dims(Random& random, int64_t max_rank, int64_t max_size) {
  Dims dims(static_cast<size_t>(random.below(max_rank + 1)));
  for (int64_t& d : dims) d = 1 + random.below(max_size);
  return dims;
}

TEST(Copy, TransposeMovesEachElement) {
  Random random(1);
  for (int trial = 0; trial < 100; ++trial) {
    const Dims dims = random_dims(random, 5, trial % 10 == 0 ? 20 : 7);
    Dims permutation(dims.size());
    for (size_t i = 0; i < dims.size(); ++i) {
      permutation[i] = static_cast<int64_t>(i);
      std::swap(permutation[i],
                permutation[static_cast<size_t>(random.below(static_cast<int64_t>(i) + 1))]);
    }
    const auto x = random_array(random, num_elements_of(dims));
    auto y = nan_array(num_elements_of(dims)), expected = y;
    Dims out(dims.size());
    for (size_t i = 0; i < dims.size(); ++i) out[i] = dims[static_cast<size_t>(permutation[i])];
    for_each_index(out, [&](const Dims& index) {
      Dims from(dims.size());
      for (size_t i = 0; i < dims.size(); ++i) from[static_cast<size_t>(permutation[i])] = index[i];
      expected[static_cast<size_t>(dot(index, row_major(out)))] =
          x[static_cast<size_t>(dot(from, row_major(dims)))];
    });
    copy_f32(transpose_copy(dims, permutation), x.data(), y.data());
    ASSERT_EQ(y, expected);
  }
}

TEST(Copy, LargeTransposesGoByTiles) {
  Random random(2);
  const int64_t n = 3, c = 37, hw = 1234;
  const auto x = random_array(random, n * c * hw);
  const int threads_before = num_threads();
  for (int threads : {1, 3}) {
    set_num_threads(threads);
    auto y = nan_array(n * c * hw);
    copy_f32(transpose_copy(Dims{n, c, hw}, Dims{0, 2, 1}), x.data(), y.data());
    for (int64_t i = 0; i < n * c * hw; ++i) {
      const int64_t ch = i % c, p = i / c % hw, image = i / c / hw;
      ASSERT_EQ(y[static_cast<size_t>(i)], x[static_cast<size_t>((image * c + ch) * hw + p)]);
    }
  }
  set_num_threads(threads_before);
}

TEST(Copy, ExpandRepeatsDimensionsOfOne) {
  Random random(3);
  for (int trial = 0; trial < 60; ++trial) {
    const Dims to = random_dims(random, 4, 8);
    Dims from(to.begin() + random.below(static_cast<int64_t>(to.size()) + 1), to.end());
    for (int64_t& d : from) d = random.chance(0.5) ? 1 : d;
    const auto x = random_array(random, num_elements_of(from));
    auto y = nan_array(num_elements_of(to)), expected = y;
    for_each_index(to, [&](const Dims& index) {
      int64_t at = 0;
      for (size_t i = 0; i < from.size(); ++i) {
        if (from[i] != 1) at += index[to.size() - from.size() + i] * row_major(from)[i];
      }
      expected[static_cast<size_t>(dot(index, row_major(to)))] = x[static_cast<size_t>(at)];
    });
    copy_f32(expand_copy(from, to), x.data(), y.data());
    ASSERT_EQ(y, expected);
  }
}

TEST(Copy, SliceAndPlaceAreInverse) {
  Random random(4);
  for (int trial = 0; trial < 100; ++trial) {
    const Dims dims = random_dims(random, 4, 9);
    Dims starts, counts, steps;
    for (int64_t d : dims) {
      const int64_t step = random.chance(0.5) ? 1 : random.chance(0.5) ? -1 : 2;
      const int64_t start = random.below(d);
      const int64_t most = step > 0 ? (d - 1 - start) / step + 1 : start + 1;
      starts.push_back(start), steps.push_back(step), counts.push_back(1 + random.below(most));
    }
    const auto x = random_array(random, num_elements_of(dims));
    auto y = nan_array(num_elements_of(counts)), expected = y;
    std::vector<float> back(x.size(), 0.0f), expected_back = back;
    for_each_index(counts, [&](const Dims& index) {
      Dims from = index;
      for (size_t i = 0; i < dims.size(); ++i) from[i] = starts[i] + index[i] * steps[i];
      const size_t at = static_cast<size_t>(dot(from, row_major(dims)));
      expected[static_cast<size_t>(dot(index, row_major(counts)))] = x[at];
      expected_back[at] = 2 * x[at];
    });
    copy_f32(slice_copy(dims, starts, counts, steps), x.data(), y.data());
    ASSERT_EQ(y, expected);
    copy_f32(place_copy(dims, starts, counts, steps), y.data(), back.data());
    add_f32(place_copy(dims, starts, counts, steps), y.data(), back.data());
    ASSERT_EQ(back, expected_back);
  }
}

TEST(Copy, ChannelCopyJoinsChannels) {
  Random random(5);
  const int64_t rows = 1000;
  const auto a = random_array(random, rows * 3), b = random_array(random, rows * 20);
  auto y = nan_array(rows * 23);
  copy_f32(channel_copy(rows, 3, 3, 23), a.data(), y.data());
  copy_f32(channel_copy(rows, 20, 20, 23), b.data(), y.data() + 3);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < 23; ++c)
      ASSERT_EQ(y[r * 23 + c], c < 3 ? a[r * 3 + c] : b[r * 20 + c - 3]);
  }
}

TEST(Copy, ConcatChannelsEqualsTheLoop) {
  Random random(8);
  for (int64_t rows : {1, 63, 64, 5000}) {
    std::vector<std::vector<float>> arrays;
    std::vector<ChannelPart> parts;
    int64_t pitch = 0;
    for (int64_t c : {3, 1, 2, 0, 17, 4, 32}) {
      arrays.push_back(random_array(random, rows * c));
      parts.push_back({arrays.back().data(), c});
      pitch += c;
    }
    auto y = nan_array(rows * pitch);
    concat_channels(rows, parts, y.data());
    for (int64_t r = 0; r < rows; ++r) {
      int64_t at = r * pitch;
      for (const ChannelPart& part : parts) {
        for (int64_t c = 0; c < part.c; ++c)
          ASSERT_EQ(y[static_cast<size_t>(at++)], part.data[r * part.c + c]);
      }
    }
  }
}

TEST(Copy, DepthToSpaceFollowsOnnxInBothOrders) {
  Random random(6);
  const int64_t n = 2, h = 3, w = 5, block = 2, k = 3, c = k * block * block;
  const auto x = random_array(random, n * h * w * c);
  for (DepthOrder order : {DepthOrder::kDCR, DepthOrder::kCRD}) {
    auto y = nan_array(n * h * w * c);
    copy_f32(depth_to_space_copy(n, h, w, c, block, order), x.data(), y.data());
    for_each_index({n, h * block, w * block, k}, [&](const Dims& i) {
      const int64_t by = i[1] % block, bx = i[2] % block;
      const int64_t channel = order == DepthOrder::kDCR ? (by * block + bx) * k + i[3]
                                                        : (i[3] * block + by) * block + bx;
      ASSERT_EQ(y[static_cast<size_t>(dot(i, row_major({n, h * block, w * block, k})))],
                x[static_cast<size_t>(
                    dot({i[0], i[1] / block, i[2] / block, channel}, row_major({n, h, w, c})))]);
    });
    auto back = nan_array(n * h * w * c);
    copy_f32(space_to_depth_copy(n, h * block, w * block, k, block, order), y.data(), back.data());
    ASSERT_EQ(back, x);
  }
}

TEST(Copy, FramesBecomeFloats) {
  Random random(7);
  const int64_t b = 3, t = 4, size = 5 * 7 * 3;
  std::vector<uint8_t> x(static_cast<size_t>(b * t * size));
  for (uint8_t& v : x) v = static_cast<uint8_t>(random.below(256));
  auto y = nan_array(b * size);
  frame_to_float({.b = b, .t = t, .frame_size = size, .frame = 2, .scale = 0.5f, .offset = 1},
                 x.data(), y.data());
  for (int64_t i = 0; i < b * size; ++i) {
    ASSERT_EQ(y[static_cast<size_t>(i)],
              0.5f * x[static_cast<size_t>((i / size * t + 2) * size + i % size)] + 1);
  }
}

TEST(Copy, FloatsBecomeBytesRoundedAndSaturated) {
  const std::vector<float> x = {-1,     0,   0.4f, 0.5f, 1.5f,     2.5f,
                                254.6f, 255, 300,  NAN,  INFINITY, -INFINITY};
  std::vector<uint8_t> y(x.size());
  f32_to_u8(x.data(), y.data(), static_cast<int64_t>(x.size()));
  EXPECT_EQ(y, (std::vector<uint8_t>{0, 0, 0, 0, 2, 2, 255, 255, 255, 0, 255, 0}));
}

}  // namespace
}  // namespace dojo::kernels
