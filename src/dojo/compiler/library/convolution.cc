#include "dojo/compiler/library/convolution.h"

#include "dojo/base/error.h"
#include "dojo/compiler/library/live_grid.h"
#include "dojo/compiler/library/parts.h"

namespace dojo::compiler {

using namespace program;  // NOLINT: this file is written in the words of programs

namespace {

int32_t largest_divisor(int64_t size, int32_t most) {
  int32_t divisor = most;
  while (size % divisor != 0) --divisor;
  return divisor;
}

class Convolution {
 public:
  Convolution(const Target& target, const ConvolutionSizes& sizes)
      : sizes_(sizes),
        grid_(convolution_grid(target, sizes)),
        h_(sizes.rows / grid_.y),
        w_(sizes.columns / grid_.x),
        builder_("convolution 3 x 3", grid_) {
    place_all(target.view, grid_, &builder_);
    layout_ = builder_.layout("main");
    builder_.code(0, kCodeBytes);
    const Element f = sizes.factor;
    image_ = builder_.allocate("image", f, {h_, w_, sizes.channels}, {.is_input = true});
    weights_ =
        builder_.allocate("weights", f, {3, 3, sizes.channels, sizes.outputs}, {.is_input = true});
    tile_ = builder_.allocate("tile", f, {h_ + 2, w_ + 2, sizes.channels});
    sums_ = builder_.allocate("sums", {}, {h_, w_, sizes.outputs});
    result_ = builder_.allocate("result", f, {h_, w_, sizes.outputs}, {.is_output = true});
    come_ = builder_.semaphore("come");
    border_ = builder_.semaphore("border");
  }

  Program make() && {
    ClassBuilder c = builder_.node_class("member", layout_);
    c.on(all(grid_));
    has_west_ = c.let("has_west", min(x(), 1));
    has_east_ = c.let("has_east", min(grid_.x - 1 - x(), 1));
    has_north_ = c.let("has_north", min(y(), 1));
    has_south_ = c.let("has_south", min(grid_.y - 1 - y(), 1));

    ThreadBuilder multiplies = c.thread(0);
    product(&multiplies, image_, 1, 1, false);
    // Of the tile itself and of each neighbour that there is.
    const Expr columns = c.let("columns", has_west_ + has_east_ + 1);
    const Expr rows = c.let("rows", has_north_ + has_south_ + 1);
    const Expr edges = c.let(
        "edges", Formula::apply(ArgumentStep::Op::kMultiply, Formula(columns), Formula(rows)));
    multiplies.wait(come_, edges);
    multiplies.wait(border_);
    for (int64_t dy = 0; dy < 3; ++dy)
      for (int64_t dx = 0; dx < 3; ++dx)
        if (dy != 1 || dx != 1)
          product(&multiplies, Block(tile_, {{dy, h_}, {dx, w_}, {}}), dy, dx, true);
    multiplies.vector(VectorOp::kMove, result_, {Block(sums_)});

    ThreadBuilder clears = c.thread(1);
    clear_border(&clears);
    ThreadBuilder sends = c.thread(2);
    send_edges(&c, &sends);
    return std::move(builder_).finish();
  }

 private:
  void product(ThreadBuilder* t, const Block& left, int64_t dy, int64_t dx, bool adds) {
    t->matmul(h_ * w_, sizes_.outputs, sizes_.channels, sums_, left,
              Block(weights_, {{dy, 1}, {dx, 1}, {}, {}}), {.adds = adds});
  }

  // Halo that nobody sends: that of nodes at the edge of the image.
  void clear_border(ThreadBuilder* t) {
    const auto clear = [&](const Expr& has, const Block& strip) {
      when(t, 1 - has, [&] { t->vector(VectorOp::kMove, strip, {0.0F}); });
    };
    clear(has_west_, Block(tile_, {{}, {0, 1}, {}}));
    clear(has_east_, Block(tile_, {{}, {w_ + 1, 1}, {}}));
    clear(has_north_, Block(tile_, {{0, 1}, {}, {}}));
    clear(has_south_, Block(tile_, {{h_ + 1, 1}, {}, {}}));
    t->signal(here(), border_);
  }

  void send_edges(ClassBuilder* c, ThreadBuilder* t) {
    // Along one side: what a neighbour at -1, 0 or 1 needs of the tile, and where it has it.
    struct Edge {
      Slice mine, theirs;
    };
    const auto edge = [](int64_t way, int64_t size) -> Edge {
      if (way < 0) return {{0, 1}, {size + 1, 1}};
      if (way > 0) return {{size - 1, 1}, {0, 1}};
      return {{0, size}, {1, size}};
    };
    for (int64_t dy = -1; dy <= 1; ++dy)
      for (int64_t dx = -1; dx <= 1; ++dx) {
        const Edge rows = edge(dy, h_), columns = edge(dx, w_);
        const BlockPair pair{Block(tile_, {rows.theirs, columns.theirs, {}}),
                             Block(image_, {rows.mine, columns.mine, {}})};
        if (dx == 0 && dy == 0) continue;
        const Expr& across = dx < 0 ? has_west_ : has_east_;
        const Expr& down = dy < 0 ? has_north_ : has_south_;
        Expr has = dy == 0 ? across : down;
        if (dx != 0 && dy != 0)
          has =
              c->let(std::string(dy < 0 ? "has_north_" : "has_south_") + (dx < 0 ? "west" : "east"),
                     min(Formula(across), down));
        when(t, has, [&] { t->copy_to(node(x() + dx, y() + dy), {pair}, {.there = come_}); });
      }
    t->copy_here({{Block(tile_, {{1, h_}, {1, w_}, {}}), image_}}, come_);
  }

  const ConvolutionSizes sizes_;
  const Coord grid_;
  const int64_t h_, w_;  // of a tile
  Builder builder_;
  LayoutId layout_ = kNoLayout;
  AllocationId image_{}, weights_{}, tile_{}, sums_{}, result_{};
  SemaphoreId come_{}, border_{};
  Expr has_west_ = 0, has_east_ = 0, has_north_ = 0, has_south_ = 0;
};

}  // namespace

Coord convolution_grid(const Target& target, const ConvolutionSizes& sizes) {
  check_size("rows", sizes.rows, 1, 1 << 16);
  check_size("columns", sizes.columns, 1, 1 << 16);
  check_size("channels", sizes.channels, 1, 1 << 16);
  check_size("outputs", sizes.outputs, 1, 1 << 16);
  if (!is_factor(sizes.factor))
    throw Error(Category::kInput, "a factor is " + to_string(sizes.factor), "",
                "the matrix unit takes bf16 and cfloat8");
  const Coord live = largest_live_grid(target.view);
  return {largest_divisor(sizes.columns, live.x), largest_divisor(sizes.rows, live.y)};
}

Program convolution(const Target& target, const ConvolutionSizes& sizes) {
  return Convolution(target, sizes).make();
}

}  // namespace dojo::compiler
