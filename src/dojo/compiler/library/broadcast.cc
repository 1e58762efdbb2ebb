#include "dojo/compiler/library/broadcast.h"

#include "dojo/compiler/library/live_grid.h"
#include "dojo/compiler/library/parts.h"

namespace dojo::compiler {

using namespace program;  // NOLINT: this file is written in the words of programs

Program broadcast(const Target& target, const BroadcastSizes& sizes) {
  check_size("elements", sizes.elements, 1, 1 << 20);
  const Coord grid = largest_live_grid(target.view);
  Builder b("broadcast", grid);
  place_all(target.view, grid, &b);
  const LayoutId main = b.layout("main");
  b.code(0, kCodeBytes);
  const AllocationId data = b.allocate("data", sizes.element, {sizes.elements}, {.is_input = true});
  const AllocationId out = b.allocate("out", sizes.element, {sizes.elements}, {.is_output = true});
  const SemaphoreId full = b.semaphore("full");

  ClassBuilder root = b.node_class("root", main);
  root.on({{middle(grid).x}, {middle(grid).y}});
  root.thread(0).wait(full);
  root.thread(2).copy_to(to_all(grid), {{out, data}}, {.there = full});
  if (grid == Coord{1, 1}) return std::move(b).finish();
  ClassBuilder member = b.node_class("member", main);
  on_all_but(&member, grid, middle(grid));
  member.thread(0).wait(full);
  return std::move(b).finish();
}

}  // namespace dojo::compiler
