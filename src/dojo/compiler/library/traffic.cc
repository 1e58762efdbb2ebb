#include "dojo/compiler/library/traffic.h"

#include "dojo/base/error.h"
#include "dojo/compiler/library/live_grid.h"
#include "dojo/compiler/library/parts.h"

namespace dojo::compiler {

using namespace program;  // NOLINT: this file is written in the words of programs

namespace {

Coord grid_of(const Target& target, const TrafficSizes& sizes) {
  check_size("bytes", sizes.bytes, 4, 1 << 20);
  check_size("messages", sizes.messages, 1, 1 << 20);
  check_size("gap", sizes.gap, 0, 1 << 20);
  if (sizes.bytes % 4 != 0) throw Error(Category::kInput, "bytes is no multiple of 4");
  return largest_live_grid(target.view);
}

constexpr Element kWord = {ElementKind::kI32};

void idle(ThreadBuilder* t, const TrafficSizes& sizes) {
  if (sizes.gap > 0) t->idle(sizes.gap);
}

// Programs in which each node receives from one.
struct Pairs {
  Pairs(const char* name, const Target& target, const TrafficSizes& pair_sizes, Coord pair_grid)
      : sizes(pair_sizes), grid(pair_grid), b(name, grid) {
    place_all(target.view, grid, &b);
    main = b.layout("main");
    b.code(0, kCodeBytes);
    out = b.allocate("out", kWord, {sizes.bytes / 4}, {.is_input = true});
    in = b.allocate("in", kWord, {sizes.messages, sizes.bytes / 4}, {.is_output = true});
    full = b.semaphore("full");
  }

  Program make(ClassBuilder* c, const Where& to) && {
    c->on(all(grid));
    ThreadBuilder sends = c->thread(2);
    sends.loop("k", sizes.messages, [&](const Expr& k) {
      sends.copy_to(to, {{Block(in, {{k, 1}, {}}), out}}, {.there = full});
      idle(&sends, sizes);
    });
    c->thread(0).wait(full, sizes.messages);
    return std::move(b).finish();
  }

  TrafficSizes sizes;
  Coord grid;
  Builder b;
  LayoutId main = kNoLayout;
  AllocationId out{}, in{};
  SemaphoreId full{};
};

}  // namespace

Program traffic_transpose(const Target& target, const TrafficSizes& sizes) {
  const Coord live = grid_of(target, sizes);
  const int32_t side = std::min(live.x, live.y);
  Pairs pairs("traffic, transpose", target, sizes, {side, side});
  ClassBuilder c = pairs.b.node_class("member", pairs.main);
  return std::move(pairs).make(&c, node(y(), x()));
}

Program traffic_neighbour(const Target& target, const TrafficSizes& sizes) {
  Pairs pairs("traffic, neighbour", target, sizes, grid_of(target, sizes));
  ClassBuilder c = pairs.b.node_class("member", pairs.main);
  const Expr right = c.let("right", Formula(x() + 1) % pairs.grid.x);
  return std::move(pairs).make(&c, node(right, y()));
}

// Message number k goes dx columns to the right and dy rows down, around the edges. Over all k each
// pair (dx, dy) comes once, in the same order in each node, but beginning elsewhere. A way (dx, dy)
// leads from one sender only to each node: that is the message's place there.
Program traffic_uniform(const Target& target, const TrafficSizes& sizes) {
  const Coord grid = grid_of(target, sizes);
  check_size("messages", sizes.messages, 1, int64_t{grid.x} * grid.y);
  const bool to_all_nodes = sizes.messages == int64_t{grid.x} * grid.y;
  Builder b("traffic, uniform", grid);
  place_all(target.view, grid, &b);
  const LayoutId main = b.layout("main");
  b.code(0, kCodeBytes);
  const AllocationId out = b.allocate("out", kWord, {sizes.bytes / 4}, {.is_input = true});
  const AllocationId in =
      b.allocate("in", kWord, {grid.y, grid.x, sizes.bytes / 4}, {.is_output = to_all_nodes});
  ClassBuilder c = b.node_class("member", main);
  c.on(all(grid));
  // A square modulo a prime, of a number that no two nodes share: as good as drawn for this.
  const Expr h = c.let("h", Formula(x() + grid.x * y() + 1) % 4093);
  const Expr drawn = c.let(
      "drawn", Formula::apply(ArgumentStep::Op::kMultiply, Formula(h), Formula(7919 * h)) % 65521);
  const Expr dx = c.let("first_dx", Formula(drawn) % grid.x);
  const Expr dy = c.let("first_dy", Formula(drawn) / grid.x % grid.y);

  ThreadBuilder t = c.thread(2);
  // A row of ways: all dx for one dy.
  const auto row = [&](int64_t messages, const Expr& row_dy, const Expr& row_y) {
    const std::vector<Expr> k =
        t.begin_loop("k", messages, {{"dx", dx, 1, grid.x}, {"to_x", x() + dx, 1, grid.x}});
    t.copy_to(node(k[2], row_y), {{Block(in, {{row_dy, 1}, {k[1], 1}, {}}), out}});
    idle(&t, sizes);
    t.end_loop();
  };
  const auto rows = [&](int64_t begin, int64_t count, int64_t messages) {
    if (count == 0 || messages == 0) return;
    const std::vector<Expr> j = t.begin_loop(
        "j", count, {{"dy", dy + begin, 1, grid.y}, {"to_y", y() + dy + begin, 1, grid.y}});
    row(messages, j[1], j[2]);
    t.end_loop();
  };
  rows(0, sizes.messages / grid.x, grid.x);
  rows(sizes.messages / grid.x, 1, sizes.messages % grid.x);
  return std::move(b).finish();
}

Program traffic_hotspot(const Target& target, const TrafficSizes& sizes) {
  const Coord grid = grid_of(target, sizes), hot = middle(grid);
  Builder b("traffic, hotspot", grid);
  place_all(target.view, grid, &b);
  const LayoutId main = b.layout("main");
  b.code(0, kCodeBytes);
  const AllocationId out = b.allocate("out", kWord, {sizes.bytes / 4}, {.is_input = true});
  const LayoutId hot_layout = b.layout("hot");
  b.code(0, kCodeBytes);
  const AllocationId in =
      b.allocate("in", kWord, {grid.y, grid.x, sizes.messages, sizes.bytes / 4});
  const SemaphoreId full = b.semaphore("full");
  ClassBuilder c = b.node_class("hot", hot_layout);
  c.on({{hot.x}, {hot.y}});
  c.thread(0).wait(full, (int64_t{grid.x} * grid.y - 1) * sizes.messages);
  if (grid == Coord{1, 1}) return std::move(b).finish();
  ClassBuilder member = b.node_class("member", main);
  on_all_but(&member, grid, hot);
  ThreadBuilder t = member.thread(2);
  t.loop("k", sizes.messages, [&](const Expr& k) {
    t.copy_to(node(hot.x, hot.y).of(hot_layout),
              {{Block(in, {{y(), 1}, {x(), 1}, {k, 1}, {}}), out}}, {.there = full});
    idle(&t, sizes);
  });
  return std::move(b).finish();
}

}  // namespace dojo::compiler
