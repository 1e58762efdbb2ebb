#include "dojo/graph/ops/window.h"

#include "dojo/graph/ops/nn_rules.h"

namespace dojo::ops {
namespace {

// Of any size in a window: keeps the arithmetic below far from overflow.
constexpr int64_t kLargest = 1 << 24;

Shape read_sizes(const OpCall& call, std::string_view name, size_t count, int64_t otherwise,
                 int64_t smallest) {
  Shape sizes = call.integers(name, Shape(count, otherwise));
  if (sizes.size() != count)
    bad(fmt::format("{} must have {} numbers, seen {}", name, count, to_string(sizes)));
  for (int64_t size : sizes) {
    if (size < smallest || size > kLargest) {
      bad(fmt::format("{} must be in {} .. {}, seen {}", name, smallest, kLargest,
                      to_string(sizes)));
    }
  }
  return sizes;
}

}  // namespace

Space space_of(const Shape& shape) {
  Space space{1, 1, 1};
  const size_t rank = shape.size() - 2;
  for (size_t i = 0; i < rank; ++i) space[3 - rank + i] = shape[2 + i];
  return space;
}

Window Window::read(const OpCall& call, const Shape& kernel) {
  Window w;
  w.rank = kernel.size();
  if (w.rank < 1 || w.rank > 3)
    bad(fmt::format("1 to 3 spatial dimensions are known, kernel is {}", to_string(kernel)));
  const Shape strides = read_sizes(call, "strides", w.rank, 1, 1);
  const Shape dilations = read_sizes(call, "dilations", w.rank, 1, 1);
  const Shape pads = read_sizes(call, "pads", 2 * w.rank, 0, 0);
  for (size_t i = 0; i < w.rank; ++i) {
    const size_t d = 3 - w.rank + i;
    if (kernel[i] < 1 || kernel[i] > kLargest)
      bad(fmt::format("kernel sizes must be in 1 .. {}, seen {}", kLargest, to_string(kernel)));
    w.kernel[d] = kernel[i];
    w.stride[d] = strides[i];
    w.dilation[d] = dilations[i];
    w.begin[d] = pads[i];
    w.end[d] = pads[w.rank + i];
  }
  double places = 1;  // in double: the product of three may be beyond 64 bits
  for (int64_t size : w.kernel) places *= static_cast<double>(size);
  if (places > static_cast<double>(kMaxElements))
    bad(fmt::format("a window of more than {} places: {}", kMaxElements, to_string(kernel)));
  return w;
}

Shape Window::output_space(const Shape& input) const {
  if (input.size() != rank + 2) {
    bad(fmt::format("a kernel of {} dimensions needs an input of {}, seen {}", rank, rank + 2,
                    to_string(input)));
  }
  const Space in = space_of(input);
  Shape out;
  for (size_t d = 3 - rank; d < 3; ++d) {
    const int64_t padded = in[d] + begin[d] + end[d], reach = dilation[d] * (kernel[d] - 1) + 1;
    if (padded < reach) {
      bad(fmt::format("the window reaches over {} places, the padded input {} has {}", reach,
                      to_string(input), padded));
    }
    out.push_back((padded - reach) / stride[d] + 1);
  }
  return out;
}

}  // namespace dojo::ops
