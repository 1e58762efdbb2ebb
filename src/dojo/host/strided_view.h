// A value as elements of another one, its base, that is only rearranged (Reshape, Transpose,
// Slice): a kernel that knows the strides needs no copy. A dimension may need several strides:
// clips and heads together are one dimension of q, k and v, which lie side by side in their base.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dojo/graph/type.h"

namespace dojo::host {

class StridedView {
 public:
  // `count` places that lie `stride` elements apart.
  struct Factor {
    int64_t count, stride;
    bool operator==(const Factor&) const = default;
  };

  // All elements of a row-major value.
  explicit StridedView(const Shape& shape);

  // What the ops of the same names give; nullopt where no strides describe it.
  std::optional<StridedView> reshape(const Shape& shape) const;
  std::optional<StridedView> slice(size_t axis, int64_t begin, int64_t end) const;
  StridedView transpose(std::span<const int64_t> permutation) const;

  Shape shape() const;
  int64_t offset() const { return offset_; }
  // Of one dimension, the outermost first; none has the count 1, and no two could be one.
  const std::vector<Factor>& factors(size_t axis) const { return dims_[axis]; }
  // Where each index of the dimension lies, without offset().
  std::vector<int64_t> places(size_t axis) const;

 private:
  StridedView() = default;

  int64_t offset_ = 0;
  std::vector<std::vector<Factor>> dims_;
};

}  // namespace dojo::host
