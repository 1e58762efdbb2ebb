#include "dojo/host/strided_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "dojo/base/random.h"

namespace dojo::host {
namespace {

// The elements of the base in the order of the view.
std::vector<int64_t> elements(const StridedView& view) {
  std::vector<int64_t> result = {view.offset()};
  for (size_t axis = 0; axis < view.shape().size(); ++axis) {
    std::vector<int64_t> finer;
    for (int64_t element : result)
      for (int64_t place : view.places(axis)) finer.push_back(element + place);
    result = std::move(finer);
  }
  return result;
}

// Numbers that are moved as the ops do it.
struct Array {
  Shape shape;
  std::vector<int64_t> elements;

  Array transpose(const std::vector<int64_t>& permutation) const {
    Array result;
    for (int64_t axis : permutation) result.shape.push_back(shape[static_cast<size_t>(axis)]);
    std::vector<int64_t> index(shape.size(), 0);
    for (size_t n = 0; n < elements.size(); ++n) {
      size_t from = 0;
      for (size_t axis = 0; axis < shape.size(); ++axis) {
        const size_t place = static_cast<size_t>(
            std::find(permutation.begin(), permutation.end(), int64_t(axis)) - permutation.begin());
        from = from * size_t(shape[axis]) + size_t(index[place]);
      }
      result.elements.push_back(elements[from]);
      for (size_t axis = shape.size(); axis-- > 0;) {
        if (++index[axis] < result.shape[axis]) break;
        index[axis] = 0;
      }
    }
    return result;
  }

  Array slice(size_t axis, int64_t begin, int64_t end) const {
    Array result{shape, {}};
    result.shape[axis] = end - begin;
    int64_t inner = 1;
    for (size_t d = axis + 1; d < shape.size(); ++d) inner *= shape[d];
    for (size_t n = 0; n < elements.size(); ++n) {
      const int64_t i = int64_t(n) / inner % shape[axis];
      if (begin <= i && i < end) result.elements.push_back(elements[n]);
    }
    return result;
  }
};

TEST(StridedView, IsWhatRandomReshapesTransposesAndSlicesGive) {
  int known = 0, unknown = 0;
  for (uint64_t trial = 0; trial < 500; ++trial) {
    Random random(3, stream_id("strided_view"), trial);
    Array array;
    for (int64_t axis = 0, rank = 1 + random.below(5); axis < rank; ++axis)
      array.shape.push_back(1 + random.below(6));
    array.elements.resize(static_cast<size_t>(num_elements(array.shape)));
    std::iota(array.elements.begin(), array.elements.end(), 0);
    std::optional<StridedView> view(array.shape);
    for (int64_t step = 0, steps = 1 + random.below(6); step < steps && view; ++step) {
      const size_t rank = array.shape.size();
      const int64_t kind = random.below(3);
      if (kind == 0) {
        std::vector<int64_t> permutation(rank);
        std::iota(permutation.begin(), permutation.end(), 0);
        for (size_t i = rank; i > 1; --i)
          std::swap(permutation[i - 1], permutation[size_t(random.below(int64_t(i)))]);
        array = array.transpose(permutation);
        view = view->transpose(permutation);
      } else if (kind == 1) {
        const size_t axis = size_t(random.below(int64_t(rank)));
        const int64_t begin = random.below(array.shape[axis]);
        const int64_t end = begin + 1 + random.below(array.shape[axis] - begin);
        array = array.slice(axis, begin, end);
        view = view->slice(axis, begin, end);
      } else {  // two dimensions become one, or one two
        const size_t axis = size_t(random.below(int64_t(rank)));
        int64_t part = 1 + random.below(array.shape[axis]);
        if (axis + 1 < rank && random.chance(0.5)) {
          array.shape[axis] *= array.shape[axis + 1];
          array.shape.erase(array.shape.begin() + int64_t(axis) + 1);
        } else {
          while (array.shape[axis] % part != 0) --part;
          array.shape[axis] /= part;
          array.shape.insert(array.shape.begin() + int64_t(axis) + 1, part);
        }
        view = view->reshape(array.shape);
      }
    }
    if (!view) {
      ++unknown;
      continue;
    }
    ++known;
    EXPECT_EQ(view->shape(), array.shape);
    EXPECT_EQ(elements(*view), array.elements);
  }
  EXPECT_GT(known, 300);
  EXPECT_GT(unknown, 0);
}

TEST(StridedView, QueriesOfAllHeadsLieInTheProductThatMadeThem) {
  // [clips * tokens, q k v of heads of d], clips 2, tokens 7, heads 3, d 4.
  const auto parts = StridedView({14, 36}).reshape({2, 7, 3, 3, 4});
  ASSERT_TRUE(parts);
  const auto heads = parts->transpose(std::vector<int64_t>{2, 0, 3, 1, 4}).reshape({3, 6, 7, 4});
  ASSERT_TRUE(heads);
  const auto keys = heads->slice(0, 1, 2)->reshape({6, 7, 4});
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->offset(), 12);
  EXPECT_EQ(keys->places(0), (std::vector<int64_t>{0, 4, 8, 252, 256, 260}));
  EXPECT_EQ(keys->factors(1), (std::vector<StridedView::Factor>{{7, 36}}));
  EXPECT_EQ(keys->factors(2), (std::vector<StridedView::Factor>{{4, 1}}));
}

}  // namespace
}  // namespace dojo::host
