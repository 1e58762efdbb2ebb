#include <iterator>
#include <set>

#include "dojo/compiler/library/folded_ring.h"
#include "dojo/compiler/library/gemm.h"
#include "dojo/compiler/library/live_grid.h"
#include "dojo/compiler/library/parts.h"

namespace dojo::compiler {

using namespace program;  // NOLINT: this file is written in the words of programs

namespace {

// A, whose blocks go to the left, or B, whose blocks go up.
struct Factor {
  AllocationId own{}, in{};
  SemaphoreId full{}, here{}, sent{}, room{};  // of each place of `in`
};

class Cannon {
 public:
  Cannon(const Target& target, const GemmSizes& sizes)
      : shape_(cannon_shape(target, sizes)),
        side_(shape_.grid.x),
        builder_("gemm, output-stationary", shape_.grid) {
    place_all(target.view, shape_.grid, &builder_);
    layout_ = builder_.layout("main");
    builder_.code(0, kCodeBytes);
    a_ = factor("a", sizes.factor, {shape_.block_m, shape_.panel});
    b_ = factor("b", sizes.factor, {shape_.panel, shape_.block_n});
    c_ = builder_.allocate("c", {}, {shape_.block_m, shape_.block_n}, {.is_output = true});
  }

  Program make() && {
    ClassBuilder c = builder_.node_class("block", layout_);
    c.on(all(shape_.grid));
    // In step k a node multiplies block p of A's row with block p of B's column, p being the sum of
    // its positions in the rings of its row and its column, and k. It begins with blocks that
    // others have.
    const Expr px = c.let("position_x", ring_position(x(), side_));
    const Expr py = c.let("position_y", ring_position(y(), side_));
    const auto ring = [&](const char* name, const Expr& position, int64_t steps) {
      return c.let(name, ring_coordinate_at(position, steps, side_));
    };
    const Expr left = ring("left", px, -1), right = ring("right", px, 1);
    const Expr above = ring("above", py, -1), below = ring("below", py, 1);
    const Expr a_first = ring("a_first", x() - py, 0), b_first = ring("b_first", y() - px, 0);
    ThreadBuilder multiplies = c.thread(0);
    const int64_t again = std::max<int64_t>(0, side_ - shape_.slots);
    const std::set<int64_t> cuts = {0, 1, again, side_ - 1, side_};
    for (auto begin = cuts.begin(), end = std::next(begin); end != cuts.end(); begin = end++)
      multiply(&multiplies, *begin, *end, *begin < again, *begin < side_ - 1, node(right, y()),
               node(x(), below));
    pass_on(&c, 2, a_, node(a_first, y()), node(left, y()));
    pass_on(&c, 3, b_, node(x(), b_first), node(x(), above));
    return std::move(builder_).finish();
  }

 private:
  Factor factor(const std::string& name, Element element, std::vector<int64_t> block) {
    const auto slots = static_cast<int32_t>(shape_.slots);
    Factor f;
    f.own = builder_.allocate(name, element, block, {.is_input = true});
    f.in = builder_.allocate(name + "_in", element, {slots, block[0], block[1]});
    f.full = builder_.semaphore(name + "_full", 0, slots);
    f.here = builder_.semaphore(name + "_here", 0, slots);
    f.sent = builder_.semaphore(name + "_sent", 0, slots);
    f.room = builder_.semaphore(name + "_room", 0, slots);
    return f;
  }

  // Steps [begin, end). `passes`: the blocks are sent on, and that has to be over before their
  // places are given back to the neighbours that they came from.
  void multiply(ThreadBuilder* t, int64_t begin, int64_t end, bool gives_back, bool passes,
                const Where& a_from, const Where& b_from) {
    const std::vector<Expr> k = t->begin_loop("k", end - begin, {{"slot", begin, 1, shape_.slots}});
    const Expr& slot = k[1];
    t->wait({a_.here, slot});
    t->wait({b_.here, slot});
    t->matmul(shape_.block_m, shape_.block_n, shape_.panel, c_, Block(a_.in, {{slot, 1}, {}, {}}),
              Block(b_.in, {{slot, 1}, {}, {}}), {.adds = begin > 0});
    if (passes) {
      t->wait({a_.sent, slot});
      t->wait({b_.sent, slot});
    }
    if (gives_back) {
      t->signal(a_from, {a_.room, slot});
      t->signal(b_from, {b_.room, slot});
    }
    t->end_loop();
  }

  // Sends the own block to where it is first needed, then each that comes to the neighbour, which
  // has it one step later.
  void pass_on(ClassBuilder* c, size_t thread, const Factor& f, const Where& first,
               const Where& next) {
    ThreadBuilder t = c->thread(thread);
    t.copy_to(first, {{Block(f.in, {{0, 1}, {}, {}}), f.own}}, {.there = {f.full, 0}});
    const auto steps = [&](int64_t begin, int64_t end, bool waits) {
      if (begin >= end) return;
      const std::vector<Expr> k =
          t.begin_loop("k", end - begin,
                       {{"slot", begin, 1, shape_.slots}, {"next", begin + 1, 1, shape_.slots}});
      t.wait({f.full, k[1]});
      t.signal(here(), {f.here, k[1]});
      if (waits) t.wait({f.room, k[2]});
      t.copy_to(next, {{Block(f.in, {{k[2], 1}, {}, {}}), Block(f.in, {{k[1], 1}, {}, {}})}},
                {.here = {f.sent, k[1]}, .there = {f.full, k[2]}});
      t.end_loop();
    };
    const int64_t free = std::min<int64_t>(shape_.slots, side_) - 1;  // their places are empty
    steps(0, free, false);
    steps(free, side_ - 1, true);
    const int64_t last = (side_ - 1) % shape_.slots;
    t.wait({f.full, last});
    t.signal(here(), {f.here, last});
  }

  const GemmShape shape_;
  const int32_t side_;
  Builder builder_;
  LayoutId layout_ = kNoLayout;
  Factor a_, b_;
  AllocationId c_{};
};

}  // namespace

Program gemm_cannon(const Target& target, const GemmSizes& sizes) {
  return Cannon(target, sizes).make();
}

}  // namespace dojo::compiler
