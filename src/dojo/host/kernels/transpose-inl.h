// Columns of a matrix as vectors, for kernels that turn one; included once for each vector target
// (hence no #pragma once).
#if defined(DOJO_HOST_KERNELS_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DOJO_HOST_KERNELS_TRANSPOSE_INL_H_
#undef DOJO_HOST_KERNELS_TRANSPOSE_INL_H_
#else
#define DOJO_HOST_KERNELS_TRANSPOSE_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// FourColumns(): columns[c] has the elements from[r * stride + c] of as many rows as a vector has
// lanes.
#if HWY_TARGET == HWY_SCALAR

template <class D>
HWY_INLINE void FourColumns(D d, const float* from, int64_t stride, hn::Vec<D> columns[4]) {
  for (int c = 0; c < 4; ++c) columns[c] = hn::LoadU(d, from + c);
}

#else

// Four elements of every fourth row, a row in each block of 128 bits.
template <class D>
HWY_INLINE hn::Vec<D> FourOfRows(D d, const float* from, int64_t stride) {
  if constexpr (hn::MaxLanes(D()) <= 4) {
    return hn::LoadU(d, from);
  } else {
    const hn::Half<D> half;
    const int64_t rows = static_cast<int64_t>(hn::Lanes(half));
    return hn::Combine(d, FourOfRows(half, from + rows * stride, stride),
                       FourOfRows(half, from, stride));
  }
}

template <class D>
HWY_INLINE void FourColumns(D d, const float* from, int64_t stride, hn::Vec<D> columns[4]) {
  const hn::Repartition<double, D> pairs;
  const auto row0 = FourOfRows(d, from, stride), row1 = FourOfRows(d, from + stride, stride),
             row2 = FourOfRows(d, from + 2 * stride, stride),
             row3 = FourOfRows(d, from + 3 * stride, stride);
  const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, row0, row1)),
             low23 = hn::BitCast(pairs, hn::InterleaveLower(d, row2, row3)),
             high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, row0, row1)),
             high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, row2, row3));
  columns[0] = hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23));
  columns[1] = hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23));
  columns[2] = hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23));
  columns[3] = hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23));
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
