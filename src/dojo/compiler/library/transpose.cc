#include "dojo/compiler/library/transpose.h"

#include "dojo/compiler/library/live_grid.h"
#include "dojo/compiler/library/parts.h"

namespace dojo::compiler {

using namespace program;  // NOLINT: this file is written in the words of programs

namespace {

constexpr int64_t kThreads = program::kNumThreads;  // a thread waits for each column that it turns

}  // namespace

Program transpose(const Target& target, const TransposeSizes& sizes) {
  check_size("rows", sizes.rows, 1, 1 << 20);
  check_size("columns", sizes.columns, 1, 1 << 20);
  const Coord live = largest_live_grid(target.view);
  const int32_t side = std::min(live.x, live.y);
  const Coord grid{side, side};
  const int64_t rows = ceil_div(sizes.rows, side);
  const int64_t columns = round_up(ceil_div(sizes.columns, side), kTransposeColumns);
  const int64_t groups = columns / kTransposeColumns;

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
  for (int64_t t = 0; t < kThreads; ++t) {  // groups of columns by turns
    ThreadBuilder thread = c.thread(static_cast<size_t>(t));
    if (groups <= t) continue;
    thread.loop("k", ceil_div(groups - t, kThreads), [&](const Expr& k) {
      const Expr first = kThreads * kTransposeColumns * k + kTransposeColumns * t;
      thread.loop("j", kTransposeColumns, [&](const Expr& j) {
        thread.vector(VectorOp::kMove, Block(turned, {{first + j, 1}, {}}),
                      {Block(a, {{}, {first + j, 1}})});
      });
      thread.copy_to(node(y(), x()),
                     {{Block(out, {{first, kTransposeColumns}, {}}),
                       Block(turned, {{first, kTransposeColumns}, {}})}},
                     {.there = full});
    });
  }
  c.thread(0).wait(full, groups);
  return std::move(b).finish();
}

}  // namespace dojo::compiler
