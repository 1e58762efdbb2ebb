#include "dojo/graph/type.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dojo/base/error.h"

namespace dojo {

int64_t num_elements(const Shape& shape) {
  int64_t n = 1;
  for (int64_t d : shape) n *= d;
  return n;
}

void check_shape(const Shape& shape) {
  if (shape.size() > kMaxRank)
    throw Error(Category::kInput,
                fmt::format("a shape with {} dimensions; at most {}", shape.size(), kMaxRank));
  int64_t n = 1;
  for (int64_t d : shape) {
    if (d < 1)
      throw Error(Category::kInput,
                  fmt::format("a dimension of {} in {}; at least 1", d, to_string(shape)));
    if (d > kMaxElements / n)
      throw Error(Category::kInput,
                  fmt::format("{} has more than {} elements", to_string(shape), kMaxElements));
    n *= d;
  }
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }

std::string to_string(const Type& type) {
  return std::string(name(type.format)) + to_string(type.shape);
}

}  // namespace dojo
