#include "dojo/compiler/library/folded_ring.h"
#include "dojo/compiler/library/gemm.h"
#include "dojo/compiler/library/gemm_builder.h"
#include "dojo/compiler/library/live_grid.h"
#include "dojo/compiler/library/parts.h"

namespace dojo::compiler {

using namespace program;  // NOLINT: this file is written in the words of programs

namespace {

class Cannon : private GemmBuilder {
 public:
  Cannon(const Target& target, const GemmSizes& sizes)
      : GemmBuilder("gemm, output-stationary", cannon_shape(target, sizes)), side_(shape_.grid.x) {
    place_all(target.view, shape_.grid, &builder_);
    begin_layout();
    a_ = factor("a", sizes.factor, {shape_.block_m, shape_.panel});
    b_ = factor("b", sizes.factor, {shape_.panel, shape_.block_n});
    allocate_c();
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
    for (const auto& [begin, end] : stretches({again, side_ - 1, side_}))
      add_products(&multiplies, begin, end, begin < again, begin < side_ - 1, node(right, y()),
                   node(x(), below));
    pass_on(&c, 2, a_, node(a_first, y()), node(left, y()));
    pass_on(&c, 3, b_, node(x(), b_first), node(x(), above));
    return std::move(builder_).finish();
  }

 private:
  // A, whose blocks go to the left, or B, whose blocks go up.
  struct Factor {
    Panels panels;
    AllocationId own{};
    SemaphoreId full{}, sent{}, room{};  // of each place
  };

  Factor factor(const std::string& name, Element element, const std::vector<int64_t>& block) {
    Factor f;
    f.own = builder_.allocate(name, element, block, {.is_input = true});
    f.panels.in = places(name + "_in", element, block);
    f.full = of_places(name + "_full");
    f.panels.here = of_places(name + "_here");
    f.sent = of_places(name + "_sent");
    f.room = of_places(name + "_room");
    return f;
  }

  // Steps [begin, end). `passes`: the blocks are sent on, and that has to be over before their
  // places are given back to the neighbours that they came from.
  void add_products(ThreadBuilder* t, int64_t begin, int64_t end, bool gives_back, bool passes,
                    const Where& a_from, const Where& b_from) {
    const std::vector<Expr> k = t->begin_loop("k", end - begin, {{"slot", begin, 1, shape_.slots}});
    const Expr& slot = k[1];
    multiply(t, slot, a_.panels, b_.panels, begin > 0);
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
    t.copy_to(first, {{Block(f.panels.in, {{0, 1}, {}, {}}), f.own}}, {.there = {f.full, 0}});
    const auto steps = [&](int64_t begin, int64_t end, bool waits) {
      if (begin >= end) return;
      const std::vector<Expr> k =
          t.begin_loop("k", end - begin,
                       {{"slot", begin, 1, shape_.slots}, {"next", begin + 1, 1, shape_.slots}});
      t.wait({f.full, k[1]});
      t.signal(here(), {f.panels.here, k[1]});
      if (waits) t.wait({f.room, k[2]});
      t.copy_to(
          next,
          {{Block(f.panels.in, {{k[2], 1}, {}, {}}), Block(f.panels.in, {{k[1], 1}, {}, {}})}},
          {.here = {f.sent, k[1]}, .there = {f.full, k[2]}});
      t.end_loop();
    };
    const int64_t free = std::min<int64_t>(shape_.slots, side_) - 1;  // their places are empty
    steps(0, free, false);
    steps(free, side_ - 1, true);
    const int64_t last = (side_ - 1) % shape_.slots;
    t.wait({f.full, last});
    t.signal(here(), {f.panels.here, last});
  }

  const int32_t side_;
  Factor a_, b_;
};

}  // namespace

Program gemm_cannon(const Target& target, const GemmSizes& sizes) {
  return Cannon(target, sizes).make();
}

}  // namespace dojo::compiler
