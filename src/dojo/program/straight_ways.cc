#include "dojo/program/straight_ways.h"

#include <algorithm>

namespace dojo::program {

StraightWays::StraightWays(const MachineView& machine)
    : columns_(static_cast<size_t>(machine.grid.x)), x_first_(machine.x_first) {
  const auto rows = static_cast<size_t>(machine.grid.y);
  west_.assign(rows * (columns_ + 1), 0);
  north_.assign((rows + 1) * columns_, 0);
  for (size_t y = 0; y < rows; ++y)
    for (size_t x = 0; x < columns_; ++x) {
      const bool live = machine.is_live({static_cast<int32_t>(x), static_cast<int32_t>(y)});
      west_[y * (columns_ + 1) + x + 1] = west_[y * (columns_ + 1) + x] + !live;
      north_[(y + 1) * columns_ + x] = north_[y * columns_ + x] + !live;
    }
}

bool StraightWays::is_free(Coord from, Coord to) const {
  return x_first_ ? row_is_free(from.y, from.x, to.x) && column_is_free(to.x, from.y, to.y)
                  : column_is_free(from.x, from.y, to.y) && row_is_free(to.y, from.x, to.x);
}

bool StraightWays::row_is_free(int32_t y, int32_t from, int32_t to) const {
  const int32_t* row = &west_[static_cast<size_t>(y) * (columns_ + 1)];
  return row[std::max(from, to) + 1] == row[std::min(from, to)];
}

bool StraightWays::column_is_free(int32_t x, int32_t from, int32_t to) const {
  const auto before = [&](int32_t y) {
    return north_[static_cast<size_t>(y) * columns_ + static_cast<size_t>(x)];
  };
  return before(std::max(from, to) + 1) == before(std::min(from, to));
}

}  // namespace dojo::program
