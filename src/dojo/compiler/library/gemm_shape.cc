#include <algorithm>

#include "dojo/base/error.h"
#include "dojo/compiler/library/gemm.h"
#include "dojo/compiler/library/live_grid.h"
#include "dojo/compiler/library/parts.h"

namespace dojo::compiler {

using program::Coord;

namespace {

constexpr int64_t kMostSlots = 16;

void check(const GemmSizes& sizes) {
  check_size("m", sizes.m, 1, 1 << 20);
  check_size("n", sizes.n, 1, 1 << 20);
  check_size("k", sizes.k, 1, 1 << 20);
  if (sizes.panel) check_size("panel", *sizes.panel, 1, 1 << 16);
  if (sizes.slots) check_size("slots", *sizes.slots, 2, kMostSlots);
  if (!is_factor(sizes.factor))
    throw Error(Category::kInput, "a factor is " + to_string(sizes.factor), "",
                "the matrix unit takes bf16 and cfloat8");
}

// The side of C's block, and how many nodes it takes to hold all.
std::pair<int64_t, int32_t> block(int64_t size, int64_t nodes, int64_t unit) {
  const int64_t side = round_up(ceil_div(size, nodes), unit);
  return {side, static_cast<int32_t>(ceil_div(size, side))};
}

// Cycles of the matrix unit for a panel of A and one of B.
int64_t product_cycles(const Target& target, const GemmShape& shape) {
  return shape.block_m / target.matrix_rows * shape.block_n / target.matrix_columns *
         ceil_div(shape.panel, target.matrix_depth);
}

// Places for panels: for the one that is multiplied, the next one, and those that are under way
// while the word goes to their owner that there is room and the panel comes back: so many `ways`
// across the machine.
int64_t slots(const Target& target, const GemmSizes& sizes, const GemmShape& shape,
              int64_t own_panels, int64_t ways) {
  const int64_t size = size_bytes(sizes.factor);
  const auto bytes = [&](int64_t elements, int64_t each) {
    return round_up(elements * each, target.view.flit_bytes);
  };
  const int64_t stays = kCodeBytes + bytes(shape.block_m * shape.block_n, 4) +
                        bytes(own_panels * (shape.block_m + shape.block_n) * shape.panel, size) +
                        4 * target.view.flit_bytes;
  const int64_t pair = (shape.block_m + shape.block_n) * shape.panel * size;
  const int64_t room = (target.view.sram_bytes - stays) / pair;
  const int64_t wanted = sizes.slots.value_or(
      std::min({shape.panels, kMostSlots,
                2 + ceil_div(ways * target.across_cycles, product_cycles(target, shape))}));
  return std::max<int64_t>(2, std::min(wanted, room));  // verify() says if not even 2 fit
}

// Multicasts of both factors cross each other, and go around disabled nodes: half as long again as
// the port takes for a panel of each. Where there is much to multiply, more does no harm.
int64_t gap(const Target& target, const GemmSizes& sizes, const GemmShape& shape) {
  const auto flits = [&](int64_t side) {
    return ceil_div(side * shape.panel * size_bytes(sizes.factor), target.view.flit_bytes);
  };
  return std::max(ceil_div(3 * (flits(shape.block_m) + flits(shape.block_n)), 2),
                  product_cycles(target, shape) / 2);
}

}  // namespace

GemmShape summa_shape(const Target& target, const GemmSizes& sizes) {
  check(sizes);
  const program::Region machine = whole(target.view);
  const Coord live = largest_live_grid(target.view, {&machine, 1});
  GemmShape shape;
  std::tie(shape.block_m, shape.grid.y) = block(sizes.m, live.y, target.matrix_rows);
  std::tie(shape.block_n, shape.grid.x) = block(sizes.n, live.x, target.matrix_columns);
  shape.panel = std::min(sizes.panel.value_or(64), round_up(sizes.k, target.matrix_depth));
  shape.panels = ceil_div(sizes.k, shape.panel);
  // The word takes one, and a multicast, whose copies wait at disabled nodes, two at most.
  shape.slots =
      slots(target, sizes, shape,
            ceil_div(shape.panels, shape.grid.x) + ceil_div(shape.panels, shape.grid.y), 3);
  shape.gap = gap(target, sizes, shape);
  return shape;
}

GemmShape cannon_shape(const Target& target, const GemmSizes& sizes) {
  check(sizes);
  const program::Region machine = whole(target.view);
  const Coord live = largest_live_grid(target.view, {&machine, 1});
  // The fewest nodes on a side that have as little work each as all of them would.
  const int64_t most = std::min(live.x, live.y);
  const auto [block_m, rows] = block(sizes.m, most, target.matrix_rows);
  const auto [block_n, columns] = block(sizes.n, most, target.matrix_columns);
  const int32_t side = std::max(rows, columns);
  GemmShape shape;
  shape.grid = {side, side};
  shape.block_m = round_up(ceil_div(sizes.m, side), target.matrix_rows);
  shape.block_n = round_up(ceil_div(sizes.n, side), target.matrix_columns);
  shape.panel = round_up(ceil_div(sizes.k, side), target.matrix_depth);
  shape.panels = side;
  shape.slots = slots(target, sizes, shape, 1, 2);
  return shape;
}

}  // namespace dojo::compiler
