#include "dojo/emulate/probes.h"

#include <array>
#include <set>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/compiler/library/live_grid.h"
#include "dojo/compiler/library/parts.h"
#include "dojo/program/builder.h"
#include "dojo/program/node_map.h"

namespace dojo::emulate {

using namespace program;  // NOLINT: this file is written in the words of programs
using compiler::kCodeBytes;
using compiler::Target;

namespace {

Region only(Coord c) { return {{c.x, 1}, {c.y, 1}}; }

void on_live_nodes(const Target& target, ClassBuilder* c) {
  for_each_node(compiler::whole(target.view), [&](Coord node) {
    if (target.view.is_live(node)) c->on(only(node));
  });
}

// A node that lives, between two others in its row that do.
Coord between_live_nodes(const Target& target) {
  for (int32_t y = 0; y < target.view.grid.y; ++y)
    for (int32_t x = 1; x + 1 < target.view.grid.x; ++x)
      if (target.view.is_live({x - 1, y}) && target.view.is_live({x, y}) &&
          target.view.is_live({x + 1, y}))
        return {x, y};
  throw Error(Category::kInput, "the machine has no three nodes beside each other");
}

}  // namespace

Program products(const Target& target, const ProductSizes& sizes) {
  Builder builder("products", target.view.grid);
  const LayoutId main = builder.layout("main");
  builder.code(0, kCodeBytes);
  const AllocationId a =
      builder.allocate("a", sizes.factor, {sizes.m, sizes.k}, {.is_input = true});
  const AllocationId b =
      builder.allocate("b", sizes.factor, {sizes.k, sizes.n}, {.is_input = true});
  const AllocationId c = builder.allocate("c", {}, {sizes.m, sizes.n}, {.is_output = true});
  ClassBuilder node_class = builder.node_class("each", main);
  on_live_nodes(target, &node_class);
  node_class.thread(0).matmul(sizes.m, sizes.n, sizes.k, c, a, b);
  return std::move(builder).finish();
}

Program multiply_adds(const Target& target, int64_t elements, int64_t times) {
  Builder builder("multiply-adds", target.view.grid);
  const LayoutId main = builder.layout("main");
  builder.code(0, kCodeBytes);
  ClassBuilder node_class = builder.node_class("each", main);
  on_live_nodes(target, &node_class);
  // Two threads, so that one's instruction follows the other's at once.
  for (const size_t t : {0, 1}) {
    const auto name = [&](const char* prefix) { return prefix + std::to_string(t); };
    const AllocationId x = builder.allocate(name("x"), {}, {elements}, {.is_input = true});
    const AllocationId y = builder.allocate(name("y"), {}, {elements}, {.is_input = true});
    const AllocationId z = builder.allocate(name("z"), {}, {elements}, {.is_output = true});
    ThreadBuilder thread = node_class.thread(t);
    thread.loop("k", times / 2, [&](const Expr&) {
      thread.vector(VectorOp::kMultiplyAdd, z, {Block(x), 0.5F, Block(y)});
    });
  }
  return std::move(builder).finish();
}

SramProbe sram_traffic(const Target& target, int64_t bytes, int64_t times) {
  SramProbe probe;
  probe.node = between_live_nodes(target);
  const Coord west{probe.node.x - 1, probe.node.y}, east{probe.node.x + 1, probe.node.y};
  const Element bf16{ElementKind::kBF16};
  const std::vector<int64_t> shape{bytes / size_bytes(bf16)};
  Builder builder("all of an SRAM", target.view.grid);
  const LayoutId main = builder.layout("main");
  builder.code(0, kCodeBytes);
  const AllocationId out = builder.allocate("out", bf16, shape, {.is_input = true});
  const AllocationId in = builder.allocate("in", bf16, shape);
  std::array<std::array<AllocationId, 3>, 2> sums;
  for (const size_t t : {0, 1})
    for (const size_t i : {0, 1, 2})
      sums[t][i] = builder.allocate(std::string("abc").substr(i, 1) + std::to_string(t), bf16,
                                    shape, {.is_input = i < 2, .is_output = i == 2});
  const auto send = [&](ClassBuilder* c, size_t t) {
    ThreadBuilder thread = c->thread(t);
    thread.loop("k", times, [&](const Expr&) { thread.copy_to(node(x() + 1, y()), {{in, out}}); });
  };
  ClassBuilder busy = builder.node_class("busy", main);
  busy.on(only(probe.node));
  for (const size_t t : {0, 1}) {
    ThreadBuilder thread = busy.thread(t);
    thread.loop("k", times / 2, [&](const Expr&) {
      thread.vector(VectorOp::kAdd, sums[t][2], {Block(sums[t][0]), Block(sums[t][1])});
    });
  }
  send(&busy, 2);
  ClassBuilder sender = builder.node_class("sender", main);
  sender.on(only(west));
  send(&sender, 0);
  ClassBuilder receiver = builder.node_class("receiver", main);
  receiver.on(only(east));
  probe.program = std::move(builder).finish();
  probe.loaded_bytes = times * 3 * bytes;
  probe.stored_bytes = times * 2 * bytes;
  return probe;
}

Program transfers(const Target& target, std::span<const Way> ways, int64_t bytes, int64_t times) {
  const Element bf16{ElementKind::kBF16};
  Builder builder("transfers", target.view.grid);
  const LayoutId main = builder.layout("main");
  builder.code(0, kCodeBytes);
  const std::vector<int64_t> shape{bytes / size_bytes(bf16)};
  const AllocationId out = builder.allocate("out", bf16, shape, {.is_input = true});
  const AllocationId in = builder.allocate("in", bf16, shape);
  ClassBuilder sender = builder.node_class("sender", main);
  const Expr to_x = sender.argument("to_x"), to_y = sender.argument("to_y");
  std::set<std::pair<int32_t, int32_t>> senders;
  for (const Way& way : ways) {
    sender.on(only(way.from), {way.to.x, way.to.y});
    senders.emplace(way.from.x, way.from.y);
  }
  ThreadBuilder thread = sender.thread(0);
  thread.loop("k", times, [&](const Expr&) { thread.copy_to(node(to_x, to_y), {{in, out}}); });
  // Where a message ends a node must be of some class.
  std::vector<Region> receivers;
  for (const Way& way : ways)
    if (senders.emplace(way.to.x, way.to.y).second) receivers.push_back(only(way.to));
  if (!receivers.empty()) {
    ClassBuilder receiver = builder.node_class("receiver", main);
    for (const Region& region : receivers) receiver.on(region);
  }
  return std::move(builder).finish();
}

}  // namespace dojo::emulate
