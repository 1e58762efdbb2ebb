#include <iterator>
#include <set>

#include "dojo/compiler/library/gemm.h"
#include "dojo/compiler/library/live_grid.h"
#include "dojo/compiler/library/parts.h"

namespace dojo::compiler {

using namespace program;  // NOLINT: this file is written in the words of programs

namespace {

// A's panels along the rows, or B's along the columns.
struct Factor {
  AllocationId own{}, in{};    // panels of this node; places for those that come
  SemaphoreId full{}, room{};  // of each place: it has come; in its owner: all have done with it
  int32_t nodes = 1;           // among which the panels are dealt out
};

class Summa {
 public:
  Summa(const Target& target, const GemmSizes& sizes)
      : shape_(summa_shape(target, sizes)), builder_("gemm, summa", shape_.grid) {
    place_all(target.view, shape_.grid, &builder_);
    layout_ = builder_.layout("main");
    builder_.code(0, kCodeBytes);
    a_ = factor("a", sizes.factor, {shape_.block_m, shape_.panel}, shape_.grid.x);
    b_ = factor("b", sizes.factor, {shape_.panel, shape_.block_n}, shape_.grid.y);
    c_ = builder_.allocate("c", {}, {shape_.block_m, shape_.block_n}, {.is_output = true});
  }

  Program make() && {
    ClassBuilder c = builder_.node_class("block", layout_);
    c.on(all(shape_.grid));
    ThreadBuilder multiplies = c.thread(0);
    // The first product makes c, the others add to it. A place that will be used again is given
    // back.
    const int64_t again = std::max<int64_t>(0, shape_.panels - shape_.slots);
    const std::set<int64_t> cuts = {0, 1, again, shape_.panels};
    for (auto begin = cuts.begin(), end = std::next(begin); end != cuts.end(); begin = end++)
      multiply(&multiplies, *begin, *end, *begin < again);
    send(&c, 2, "a", a_, x(), nodes(0, shape_.grid.x, y(), 1));
    send(&c, 3, "b", b_, y(), nodes(x(), 1, 0, shape_.grid.y));
    return std::move(builder_).finish();
  }

 private:
  Factor factor(const std::string& name, Element element, std::vector<int64_t> panel,
                int32_t nodes) {
    const auto shape = [&](int64_t count) {
      return std::vector<int64_t>{count, panel[0], panel[1]};
    };
    const auto slots = static_cast<int32_t>(shape_.slots);
    Factor f;
    f.own =
        builder_.allocate(name, element, shape(ceil_div(shape_.panels, nodes)), {.is_input = true});
    f.in = builder_.allocate(name + "_in", element, shape(slots));
    f.full = builder_.semaphore(name + "_full", 0, slots);
    f.room = builder_.semaphore(name + "_room", 0, slots);
    f.nodes = nodes;
    return f;
  }

  // Panels [begin, end).
  void multiply(ThreadBuilder* t, int64_t begin, int64_t end, bool gives_back) {
    // The owner of the panel that comes into this place next.
    const std::vector<Expr> k = t->begin_loop("k", end - begin,
                                              {{"slot", begin, 1, shape_.slots},
                                               {"next_a", begin + shape_.slots, 1, a_.nodes},
                                               {"next_b", begin + shape_.slots, 1, b_.nodes}});
    const Expr& slot = k[1];
    t->wait({a_.full, slot});
    t->wait({b_.full, slot});
    t->matmul(shape_.block_m, shape_.block_n, shape_.panel, c_, Block(a_.in, {{slot, 1}, {}, {}}),
              Block(b_.in, {{slot, 1}, {}, {}}), {.adds = begin > 0});
    if (gives_back) {
      t->signal(node(k[2], y()), {a_.room, slot});
      t->signal(node(x(), k[3]), {b_.room, slot});
    }
    t->end_loop();
  }

  // The node number `at` has panels at, at + nodes, ...; the first `free` of them find their places
  // empty, for the others all nodes must have given them back.
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
      if (waits) t.wait({f.room, k[1]}, f.nodes);
      t.copy_to(to, {{Block(f.in, {{k[1], 1}, {}, {}}), Block(f.own, {{first + k[0], 1}, {}, {}})}},
                {.there = {f.full, k[1]}});
      t.end_loop();
    };
    panels(0, free, false);
    panels(free, own - free, true);
  }

  const GemmShape shape_;
  Builder builder_;
  LayoutId layout_ = kNoLayout;
  Factor a_, b_;
  AllocationId c_{};
};

}  // namespace

Program gemm_summa(const Target& target, const GemmSizes& sizes) {
  return Summa(target, sizes).make();
}

}  // namespace dojo::compiler
