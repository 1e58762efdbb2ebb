#include "dojo/host/strided_view.h"

#include <algorithm>

#include "dojo/base/check.h"

namespace dojo::host {
namespace {

using Factor = StridedView::Factor;

int64_t count_of(const std::vector<Factor>& factors) {
  int64_t n = 1;
  for (const Factor& f : factors) n *= f.count;
  return n;
}

// Adds the next inner factor.
void append(Factor f, std::vector<Factor>& to) {
  if (f.count == 1) return;
  if (!to.empty() && to.back().stride == f.count * f.stride)
    to.back() = {to.back().count * f.count, f.stride};
  else
    to.push_back(f);
}

}  // namespace

StridedView::StridedView(const Shape& shape) : dims_(shape.size()) {
  int64_t stride = 1;
  for (size_t axis = shape.size(); axis-- > 0; stride *= shape[axis])
    append({shape[axis], stride}, dims_[axis]);
}

std::optional<StridedView> StridedView::reshape(const Shape& shape) const {
  std::vector<Factor> left;  // the innermost last
  for (const auto& dim : dims_) left.insert(left.end(), dim.begin(), dim.end());
  StridedView result;
  result.offset_ = offset_;
  result.dims_.resize(shape.size());
  for (size_t axis = shape.size(); axis-- > 0;) {
    std::vector<Factor> inner_first;
    for (int64_t wanted = shape[axis]; wanted > 1;) {
      DOJO_CHECK(!left.empty());
      Factor& f = left.back();
      if (wanted % f.count == 0) {
        inner_first.push_back(f);
        wanted /= f.count;
        left.pop_back();
      } else if (f.count % wanted == 0) {
        inner_first.push_back({wanted, f.stride});
        f = {f.count / wanted, f.stride * wanted};
        wanted = 1;
      } else {
        return std::nullopt;
      }
    }
    for (size_t i = inner_first.size(); i-- > 0;) append(inner_first[i], result.dims_[axis]);
  }
  DOJO_CHECK(left.empty());
  return result;
}

StridedView StridedView::transpose(std::span<const int64_t> permutation) const {
  StridedView result;
  result.offset_ = offset_;
  for (int64_t axis : permutation) result.dims_.push_back(dims_[static_cast<size_t>(axis)]);
  return result;
}

std::optional<StridedView> StridedView::slice(size_t axis, int64_t begin, int64_t end) const {
  const int64_t count = count_of(dims_[axis]);
  DOJO_CHECK(0 <= begin && begin < end && end <= count);
  StridedView result = *this;
  if (end - begin == count) return result;
  if (dims_[axis].size() > 1) return std::nullopt;
  const int64_t stride = dims_[axis][0].stride;
  result.offset_ += begin * stride;
  result.dims_[axis].clear();
  append({end - begin, stride}, result.dims_[axis]);
  return result;
}

Shape StridedView::shape() const {
  Shape shape;
  for (const auto& dim : dims_) shape.push_back(count_of(dim));
  return shape;
}

std::vector<int64_t> StridedView::places(size_t axis) const {
  std::vector<int64_t> places = {0};
  for (const Factor& f : dims_[axis]) {
    std::vector<int64_t> finer;
    for (int64_t place : places)
      for (int64_t i = 0; i < f.count; ++i) finer.push_back(place + i * f.stride);
    places = std::move(finer);
  }
  return places;
}

}  // namespace dojo::host
