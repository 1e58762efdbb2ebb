#include "dojo/compiler/library/gemm.h"
#include "dojo/compiler/library/gemm_builder.h"
#include "dojo/compiler/library/parts.h"
#include "dojo/compiler/library/straight_grid.h"

namespace dojo::compiler {

using namespace program;  // NOLINT: this file is written in the words of programs

namespace {

class Summa : private GemmBuilder {
 public:
  Summa(const Target& target, const GemmSizes& sizes)
      : GemmBuilder("gemm, summa", summa_shape(target, sizes)) {
    place_straight(target.view, shape_.grid, &builder_);
    begin_layout();
    a_ = factor("a", sizes.factor, {shape_.block_m, shape_.panel}, shape_.grid.x);
    b_ = factor("b", sizes.factor, {shape_.panel, shape_.block_n}, shape_.grid.y);
    allocate_c();
  }

  Program make() && {
    ClassBuilder c = builder_.node_class("block", layout_);
    c.on(all(shape_.grid));
    ThreadBuilder multiplies = c.thread(0);
    // A place that will be used again is given back.
    const int64_t again = std::max<int64_t>(0, shape_.panels - shape_.slots);
    for (const auto& [begin, end] : stretches({again, shape_.panels}))
      add_products(&multiplies, begin, end, begin < again);
    send(&c, 2, "a", a_, x(), nodes(0, shape_.grid.x, y(), 1));
    send(&c, 3, "b", b_, y(), nodes(x(), 1, 0, shape_.grid.y));
    return std::move(builder_).finish();
  }

 private:
  // A's panels along the rows, or B's along the columns.
  struct Factor {
    Panels panels;
    AllocationId own{};  // panels of this node
    SemaphoreId room{};  // of each place in the panel's owner: all have done with it
    int32_t nodes = 1;   // among which the panels are dealt out
  };

  Factor factor(const std::string& name, Element element, const std::vector<int64_t>& panel,
                int32_t nodes) {
    Factor f;
    f.own = builder_.allocate(name, element, {ceil_div(shape_.panels, nodes), panel[0], panel[1]},
                              {.is_input = true});
    f.panels.in = places(name + "_in", element, panel);
    f.panels.here = of_places(name + "_full");
    f.room = of_places(name + "_room");
    f.nodes = nodes;
    return f;
  }

  // Panels [begin, end).
  void add_products(ThreadBuilder* t, int64_t begin, int64_t end, bool gives_back) {
    // The owner of the panel that comes into this place next.
    const std::vector<Expr> k = t->begin_loop("k", end - begin,
                                              {{"slot", begin, 1, shape_.slots},
                                               {"next_a", begin + shape_.slots, 1, a_.nodes},
                                               {"next_b", begin + shape_.slots, 1, b_.nodes}});
    const Expr& slot = k[1];
    multiply(t, slot, a_.panels, b_.panels, begin > 0);
    if (gives_back) {
      t->signal(node(k[2], y()), {a_.room, slot});
      t->signal(node(x(), k[3]), {b_.room, slot});
    }
    t->end_loop();
  }

  // The node number `at` has panels at, at + nodes, ...; the first `free` of them find their places
  // empty and go in turn, for the others all nodes must have given them back.
  void send(ClassBuilder* c, size_t thread, const std::string& name, const Factor& f,
            const Expr& at, const Where& to) {
    const auto below = [&](int64_t panels) {  // how many of its panels are before that one
      return Formula(panels - at + (f.nodes - 1)) / f.nodes;
    };
    const Expr own = c->let(name + "_own", max(below(shape_.panels), 0));
    const Expr free = c->let(name + "_free", min(max(below(shape_.slots), 0), own));
    ThreadBuilder t = c->thread(thread);
    const auto panels = [&](const Expr& first, const Expr& count, bool waits) {
      const std::vector<Expr> k =
          t.begin_loop("k", count, {{"slot", at + f.nodes * first, f.nodes, shape_.slots}});
      if (waits)
        t.wait({f.room, k[1]}, f.nodes);
      else
        t.idle(shape_.gap * at);
      t.copy_to(
          to,
          {{Block(f.panels.in, {{k[1], 1}, {}, {}}), Block(f.own, {{first + k[0], 1}, {}, {}})}},
          {.there = {f.panels.here, k[1]}});
      t.end_loop();
    };
    panels(0, free, false);
    panels(free, own - free, true);
  }

  Factor a_, b_;
};

}  // namespace

Program gemm_summa(const Target& target, const GemmSizes& sizes) {
  return Summa(target, sizes).make();
}

}  // namespace dojo::compiler
