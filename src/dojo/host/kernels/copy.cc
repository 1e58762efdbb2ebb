#include "dojo/host/kernels/copy.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "dojo/base/check.h"
#include "dojo/base/parallel_for.h"

namespace dojo::kernels {

namespace {

std::vector<int64_t> row_major(std::span<const int64_t> dims) {
  std::vector<int64_t> strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

struct Assign {
  template <class T>
  static void one(T& dst, T src) {
    dst = src;
  }
};
struct Add {
  static void one(float& dst, float src) { dst += src; }
};

// cols elements, of a number known to the compiler where it is small (the channels of images and
// flows).
template <class Op, int kCols, class T>
void copy_rows(const T* src, T* dst, int64_t rows, int64_t cols, int64_t src_row, int64_t dst_row,
               int64_t src_col, int64_t dst_col) {
  const int64_t n = kCols > 0 ? kCols : cols;
  for (int64_t r = 0; r < rows; ++r, src += src_row, dst += dst_row) {
    if (src_col == 1 && dst_col == 1) {
      if (kCols == 0 && std::is_same_v<Op, Assign>) {
        std::memcpy(dst, src, static_cast<size_t>(n) * sizeof(T));
      } else {
        for (int64_t c = 0; c < n; ++c) Op::one(dst[c], src[c]);
      }
    } else {
      for (int64_t c = 0; c < n; ++c) Op::one(dst[c * dst_col], src[c * src_col]);
    }
  }
}

template <class Op, class T>
void copy_plane(const T* src, T* dst, int64_t rows, int64_t cols, int64_t src_row, int64_t dst_row,
                int64_t src_col, int64_t dst_col) {
  switch (cols) {
    case 0:
      return;
    case 1:
      return copy_rows<Op, 1>(src, dst, rows, cols, src_row, dst_row, src_col, dst_col);
    case 2:
      return copy_rows<Op, 2>(src, dst, rows, cols, src_row, dst_row, src_col, dst_col);
    case 3:
      return copy_rows<Op, 3>(src, dst, rows, cols, src_row, dst_row, src_col, dst_col);
    case 4:
      return copy_rows<Op, 4>(src, dst, rows, cols, src_row, dst_row, src_col, dst_col);
    default:
      return copy_rows<Op, 0>(src, dst, rows, cols, src_row, dst_row, src_col, dst_col);
  }
}

constexpr int64_t kTile =
    32;  // a transposition goes by tiles, so that both sides use whole cache lines

// The last two dimensions are a plane, the one before them a stack of planes. A unit of work is a
// band of rows of one plane where planes are large, and several planes of a stack where they are
// small.
template <class Op, class T>
void run_copy(const StridedCopy& copy, const T* src, T* dst) {
  const size_t rank = copy.dims.size();
  struct Dim {
    int64_t size = 1, src = 0, dst = 0;
  };
  const auto from_last = [&](size_t i) {
    return i > rank
               ? Dim{}
               : Dim{copy.dims[rank - i], copy.src_strides[rank - i], copy.dst_strides[rank - i]};
  };
  const Dim col = from_last(1), row = from_last(2), plane = from_last(3);
  int64_t stacks = 1;
  for (size_t i = 0; i + 3 < rank; ++i) stacks *= copy.dims[i];
  if (stacks * plane.size * row.size * col.size == 0) return;

  const bool tiles = col.src != 1 && std::abs(row.src) == 1 && col.size > 4 && row.size > 4;
  const int64_t col_step = tiles ? kTile : col.size;
  const int64_t row_step =
      std::min(row.size, tiles ? kTile : std::max<int64_t>(1, 4096 / col.size));
  const int64_t plane_step =
      std::min(plane.size, std::max<int64_t>(1, 4096 / (row_step * col.size)));
  const int64_t bands = (row.size + row_step - 1) / row_step,
                groups = (plane.size + plane_step - 1) / plane_step;
  const int64_t grain = std::max<int64_t>(1, 32768 / (plane_step * row_step * col.size));
  parallel_for(stacks * groups * bands, grain, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t r = unit % bands * row_step, p0 = unit / bands % groups * plane_step;
      const T* s = src + copy.src_offset + r * row.src;
      T* d = dst + copy.dst_offset + r * row.dst;
      int64_t rest = unit / bands / groups;
      for (size_t i = rank > 3 ? rank - 3 : 0; i-- > 0; rest /= copy.dims[i]) {
        s += rest % copy.dims[i] * copy.src_strides[i];
        d += rest % copy.dims[i] * copy.dst_strides[i];
      }
      for (int64_t p = p0; p < std::min(plane.size, p0 + plane_step); ++p) {
        for (int64_t c = 0; c < col.size; c += col_step) {
          copy_plane<Op>(s + p * plane.src + c * col.src, d + p * plane.dst + c * col.dst,
                         std::min(row_step, row.size - r), std::min(col_step, col.size - c),
                         row.src, row.dst, col.src, col.dst);
        }
      }
    }
  });
}

}  // namespace

StridedCopy simplify(const StridedCopy& copy) {
  DOJO_CHECK(copy.dims.size() == copy.src_strides.size() &&
             copy.dims.size() == copy.dst_strides.size());
  struct Dim {
    int64_t size, src, dst;
  };
  std::vector<Dim> dims;
  for (size_t i = 0; i < copy.dims.size(); ++i) {
    if (copy.dims[i] != 1) dims.push_back({copy.dims[i], copy.src_strides[i], copy.dst_strides[i]});
  }
  std::stable_sort(dims.begin(), dims.end(),
                   [](const Dim& a, const Dim& b) { return std::abs(a.dst) > std::abs(b.dst); });
  std::vector<Dim> merged;
  for (const Dim& d : dims) {
    if (!merged.empty() && merged.back().src == d.src * d.size &&
        merged.back().dst == d.dst * d.size) {
      merged.back() = {merged.back().size * d.size, d.src, d.dst};
    } else {
      merged.push_back(d);
    }
  }
  // A dimension along which the source is contiguous comes second to last, for tiles.
  if (merged.size() > 2 && std::abs(merged.back().src) != 1) {
    const auto found = std::find_if(merged.begin(), merged.end() - 1,
                                    [](const Dim& d) { return std::abs(d.src) == 1; });
    if (found != merged.end() - 1) std::rotate(found, found + 1, merged.end() - 1);
  }
  StridedCopy out;
  out.src_offset = copy.src_offset;
  out.dst_offset = copy.dst_offset;
  for (const Dim& d : merged) {
    out.dims.push_back(d.size);
    out.src_strides.push_back(d.src);
    out.dst_strides.push_back(d.dst);
  }
  return out;
}

void copy_f32(const StridedCopy& copy, const float* src, float* dst) {
  run_copy<Assign>(copy, src, dst);
}
void copy_bf16(const StridedCopy& copy, const Bf16* src, Bf16* dst) {
  run_copy<Assign>(copy, src, dst);
}
void copy_u8(const StridedCopy& copy, const uint8_t* src, uint8_t* dst) {
  run_copy<Assign>(copy, src, dst);
}
void add_f32(const StridedCopy& copy, const float* src, float* dst) {
  run_copy<Add>(copy, src, dst);
}

StridedCopy channel_copy(int64_t rows, int64_t c, int64_t src_pitch, int64_t dst_pitch) {
  return simplify(
      {.dims = {rows, c}, .src_strides = {src_pitch, 1}, .dst_strides = {dst_pitch, 1}});
}

StridedCopy transpose_copy(std::span<const int64_t> dims, std::span<const int64_t> permutation) {
  DOJO_CHECK_EQ(dims.size(), permutation.size());
  const auto src = row_major(dims);
  StridedCopy copy;
  for (int64_t p : permutation) {
    copy.dims.push_back(dims[static_cast<size_t>(p)]);
    copy.src_strides.push_back(src[static_cast<size_t>(p)]);
  }
  copy.dst_strides = row_major(copy.dims);
  return simplify(copy);
}

StridedCopy expand_copy(std::span<const int64_t> from, std::span<const int64_t> to) {
  DOJO_CHECK_LE(from.size(), to.size());
  const auto own = row_major(from);
  const size_t skip = to.size() - from.size();
  StridedCopy copy{.dims = {to.begin(), to.end()},
                   .src_strides = std::vector<int64_t>(to.size(), 0),
                   .dst_strides = row_major(to)};
  for (size_t i = 0; i < from.size(); ++i) {
    DOJO_CHECK(from[i] == 1 || from[i] == to[skip + i]);
    if (from[i] != 1) copy.src_strides[skip + i] = own[i];
  }
  return simplify(copy);
}

StridedCopy slice_copy(std::span<const int64_t> dims, std::span<const int64_t> starts,
                       std::span<const int64_t> counts, std::span<const int64_t> steps) {
  StridedCopy copy = place_copy(dims, starts, counts, steps);
  std::swap(copy.src_strides, copy.dst_strides);
  std::swap(copy.src_offset, copy.dst_offset);
  return simplify(copy);
}

StridedCopy place_copy(std::span<const int64_t> dims, std::span<const int64_t> starts,
                       std::span<const int64_t> counts, std::span<const int64_t> steps) {
  DOJO_CHECK(dims.size() == starts.size() && dims.size() == counts.size() &&
             dims.size() == steps.size());
  StridedCopy copy{.dims = {counts.begin(), counts.end()},
                   .src_strides = row_major(counts),
                   .dst_strides = row_major(dims)};
  for (size_t i = 0; i < dims.size(); ++i) {
    DOJO_CHECK(counts[i] == 0 || (starts[i] >= 0 && starts[i] < dims[i]));
    const int64_t last = starts[i] + (counts[i] - 1) * steps[i];
    DOJO_CHECK(counts[i] == 0 || (last >= 0 && last < dims[i]));
    copy.dst_offset += starts[i] * copy.dst_strides[i];
    copy.dst_strides[i] *= steps[i];
  }
  return simplify(copy);
}

StridedCopy depth_to_space_copy(int64_t n, int64_t h, int64_t w, int64_t c, int64_t block,
                                DepthOrder order) {
  DOJO_CHECK_EQ(c % (block * block), 0);
  const int64_t k = c / (block * block);
  // dims: n, h, w, block row, block column, channel of the result
  StridedCopy copy{
      .dims = {n, h, w, block, block, k},
      .src_strides = {h * w * c, w * c, c, block, 1, block * block},
      .dst_strides = {h * w * c, block * w * block * k, block * k, w * block * k, k, 1}};
  if (order == DepthOrder::kDCR) copy.src_strides = {h * w * c, w * c, c, block * k, k, 1};
  return simplify(copy);
}

StridedCopy space_to_depth_copy(int64_t n, int64_t h, int64_t w, int64_t c, int64_t block,
                                DepthOrder order) {
  DOJO_CHECK(h % block == 0 && w % block == 0);
  StridedCopy copy = depth_to_space_copy(n, h / block, w / block, c * block * block, block, order);
  std::swap(copy.src_strides, copy.dst_strides);
  return simplify(copy);
}

void concat_channels(int64_t rows, std::span<const ChannelPart> parts, float* y) {
  int64_t pitch = 0;
  for (const ChannelPart& part : parts) pitch += part.c;
  if (pitch == 0) return;
  constexpr int64_t kRows =
      64;  // the piece of y that all parts are written into stays in the first-level cache
  parallel_for((rows + kRows - 1) / kRows, std::max<int64_t>(1, 32768 / (kRows * pitch)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t r = begin * kRows; r < std::min(rows, end * kRows); r += kRows) {
                   const int64_t n = std::min(kRows, rows - r);
                   float* to = y + r * pitch;
                   for (const ChannelPart& part : parts) {
                     copy_plane<Assign>(part.data + r * part.c, to, n, part.c, part.c, pitch, 1, 1);
                     to += part.c;
                   }
                 }
               });
}

void fill_f32(float* dst, int64_t n, float value) {
  parallel_for(n, 65536,
               [&](int64_t begin, int64_t end) { std::fill(dst + begin, dst + end, value); });
}

void frame_to_float(const FrameToFloat& f, const uint8_t* x, float* y) {
  const int64_t stride = f.y_stride == 0 ? f.frame_size : f.y_stride;
  for (int64_t b = 0; b < f.b; ++b) {
    u8_to_f32(x + (b * f.t + f.frame) * f.frame_size, y + b * stride, f.frame_size, f.scale,
              f.offset);
  }
}

void u8_to_f32(const uint8_t* x, float* y, int64_t n, float scale, float offset) {
  parallel_for(n, 65536, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = static_cast<float>(x[i]) * scale + offset;
  });
}

void f32_to_u8(const float* x, uint8_t* y, int64_t n, float scale, float offset) {
  parallel_for(n, 65536, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float v = x[i] * scale + offset;
      const float bounded = v > 0 ? (v < 255 ? v : 255.0f) : 0.0f;  // NaN: 0
      y[i] = static_cast<uint8_t>(std::nearbyint(bounded));
    }
  });
}

}  // namespace dojo::kernels
