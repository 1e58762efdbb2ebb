#include "dojo/compiler/library/transpose.h"

#include "dojo/compiler/library/live_grid.h"
#include "dojo/compiler/library/parts.h"

namespace dojo::compiler {

using namespace program;  // NOLINT: this file is written in the words of programs

namespace {

constexpr int64_t kColumns = 8;  // that are turned before they are sent

}  // namespace

Program transpose(const Target& target, const TransposeSizes& sizes) {
  check_size("rows", sizes.rows, 1, 1 << 20);
  check_size("columns", sizes.columns, 1, 1 << 20);
  const Region machine = whole(target.view);
  const Coord live = largest_live_grid(target.view, {&machine, 1});
  const int32_t side = std::min(live.x, live.y);
  const Coord grid{side, side};
  const int64_t rows = ceil_div(sizes.rows, side);
  const int64_t columns = round_up(ceil_div(sizes.columns, side), kColumns);
  const int64_t groups = columns / kColumns;

  Builder b("transpose", grid);
  place_all(target.view, grid, &b);
  const LayoutId main = b.layout("main");
  b.code(0, kCodeBytes);
  const AllocationId a = b.allocate("a", sizes.element, {rows, columns}, {.is_input = true});
  const AllocationId turned = b.allocate("turned", sizes.element, {columns, rows});
  const AllocationId out = b.allocate("b", sizes.element, {columns, rows}, {.is_output = true});
  const SemaphoreId full = b.semaphore("full");

  ClassBuilder c = b.node_class("member", main);
  c.on(all(grid));
  for (int64_t t = 0; t < 2; ++t) {  // groups of columns by turns
    ThreadBuilder thread = c.thread(static_cast<size_t>(t));
    if (groups <= t) continue;
    thread.loop("k", (groups - t + 1) / 2, [&](const Expr& k) {
      const Expr first = 2 * kColumns * k + kColumns * t;
      thread.loop("j", kColumns, [&](const Expr& j) {
        thread.vector(VectorOp::kMove, Block(turned, {{first + j, 1}, {}}),
                      {Block(a, {{}, {first + j, 1}})});
      });
      thread.copy_to(
          node(y(), x()),
          {{Block(out, {{first, kColumns}, {}}), Block(turned, {{first, kColumns}, {}})}},
          {.there = full});
    });
  }
  c.thread(2).wait(full, groups);
  return std::move(b).finish();
}

}  // namespace dojo::compiler
