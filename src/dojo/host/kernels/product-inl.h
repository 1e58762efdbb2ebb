// Where the panels of product.h lie, for kernels that make them; included once for each vector
// target (hence no #pragma once).
#if defined(DOJO_HOST_KERNELS_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DOJO_HOST_KERNELS_PRODUCT_INL_H_
#undef DOJO_HOST_KERNELS_PRODUCT_INL_H_
#else
#define DOJO_HOST_KERNELS_PRODUCT_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace dojo::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// 16 floats at most, so that 16 columns are a whole number of vectors.
using PanelTag = hn::CappedTag<float, 16>;

// A divisor of 16, or a multiple.
HWY_INLINE int64_t Panel() { return 2 * static_cast<int64_t>(hn::Lanes(PanelTag())); }

// The columns of the panel that has column `i`.
HWY_INLINE int64_t PanelWidth(int64_t columns, int64_t i) {
  return std::min(Panel(), columns - i / Panel() * Panel());
}

// Where column `i` of a row lies.
HWY_INLINE float* PanelPlace(float* panels, int64_t columns, int64_t rows, int64_t row, int64_t i) {
  const int64_t first = i / Panel() * Panel();
  return panels + first * rows + row * PanelWidth(columns, i) + (i - first);
}

}  // namespace HWY_NAMESPACE
}  // namespace dojo::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
