#include "dojo/compiler/library/batch_norm.h"

#include <vector>

#include "dojo/compiler/library/live_grid.h"
#include "dojo/compiler/library/parts.h"

namespace dojo::compiler {

using namespace program;  // NOLINT: this file is written in the words of programs

namespace {

constexpr float kEpsilon = 1e-5F;

// The dies of the machine, row by row.
std::vector<Region> dies_of(const Target& target) {
  const machine::Level level = std::min(machine::Level::kDie, target.level);
  const machine::Coord die = target.topology.span(level), size = target.topology.size();
  std::vector<Region> dies;
  for (int32_t y = 0; y < size.y; y += die.y)
    for (int32_t x = 0; x < size.x; x += die.x) dies.push_back({{x, die.x}, {y, die.y}});
  return dies;
}

class BatchNorm {
 public:
  BatchNorm(const Target& target, const BatchNormSizes& sizes)
      : sizes_(sizes),
        dies_(dies_of(target)),
        die_(largest_live_grid(target.view, dies_)),
        across_(target.view.grid.x / dies_[0].x.count),
        down_(static_cast<int32_t>(std::ssize(dies_)) / across_),
        grid_{across_ * die_.x, down_ * die_.y},
        builder_("batch norm", grid_) {
    check_size("positions", sizes.positions, 1, 1 << 16);
    check_size("channels", sizes.channels, 1, 1 << 16);
    for (int32_t d = 0; d < std::ssize(dies_); ++d)
      for (const Placement& place :
           place_live_grid(target.view, dies_[static_cast<size_t>(d)], die_,
                           {d % across_ * die_.x, d / across_ * die_.y}))
        builder_.place(place);
    allocate();
  }

  Program make() && {
    // Who adds up for how many: nobody, a row, a row and a die, all three. Each role has what the
    // one before it has, and one sum more.
    for (int sums = 0; sums <= 3; ++sums) make_class(sums);
    return std::move(builder_).finish();
  }

 private:
  void allocate() {
    const int64_t channels = sizes_.channels;
    const Element bf16{ElementKind::kBF16};
    layout_ = builder_.layout("main");
    builder_.code(0, kCodeBytes);
    const auto f32 = [&](const char* name, std::vector<int64_t> shape) {
      return builder_.allocate(name, {}, std::move(shape));
    };
    data_ = builder_.allocate("data", bf16, {sizes_.positions, channels}, {.is_input = true});
    gamma_ = builder_.allocate("gamma", {}, {channels}, {.is_input = true});
    beta_ = builder_.allocate("beta", {}, {channels}, {.is_input = true});
    result_ = builder_.allocate("result", bf16, {sizes_.positions, channels}, {.is_output = true});
    squares_ = f32("squares", {sizes_.positions, channels});
    // Sums of x, then of x^2: of this node, of a row, of a die, of all.
    const char* const names[] = {"mine", "row_sum", "die_sum", "sum"};
    for (size_t i = 0; i < 4; ++i) sums_[i] = f32(names[i], {2, channels});
    const char* const come[] = {"row_in", "die_in", "in"};
    const int64_t members[] = {die_.x, die_.y, std::ssize(dies_)};
    for (size_t i = 0; i < 3; ++i) {
      in_[i] = f32(come[i], {members[i], 2, channels});
      full_[i] = builder_.semaphore(std::string(come[i]) + "_full");
    }
    total_ = f32("total", {2, channels});
    total_full_ = builder_.semaphore("total_full");
    scale_ = f32("scale", {1, channels});
    shift_ = f32("shift", {1, channels});
  }

  // Nodes that add up `sums` times: in a row all but its head, of the heads all but the die's, ...
  void on(ClassBuilder* c, int sums) const {
    const Coord head = middle(die_), root = middle({across_, down_});
    for (int32_t j = 0; j < down_; ++j)
      for (int32_t i = 0; i < across_; ++i) {
        const Coord first{i * die_.x, j * die_.y};
        const auto add = [&](Range x_range, Range y_range) {
          if (x_range.count < 1 || y_range.count < 1) return;
          c->on(
              {{first.x + x_range.start, x_range.count}, {first.y + y_range.start, y_range.count}});
        };
        const bool is_root = root == Coord{i, j};
        if (sums == 0) {
          add({0, head.x}, {0, die_.y});
          add({head.x + 1, die_.x - head.x - 1}, {0, die_.y});
        } else if (sums == 1) {
          add({head.x, 1}, {0, head.y});
          add({head.x, 1}, {head.y + 1, die_.y - head.y - 1});
        } else if (is_root == (sums == 3)) {
          add({head.x, 1}, {head.y, 1});
        }
      }
  }

  bool is_empty(int sums) const {
    return (sums == 0 && die_.x == 1) || (sums == 1 && die_.y == 1) ||
           (sums == 2 && dies_.size() == 1);
  }

  void make_class(int sums) {
    if (is_empty(sums)) return;
    const char* const names[] = {"member", "head_of_row", "head_of_die", "root"};
    ClassBuilder c = builder_.node_class(names[sums], layout_);
    on(&c, sums);
    const Expr column = c.let("column", Formula(x()) % die_.x);
    const Expr row = c.let("row", Formula(y()) % die_.y);
    const Expr die_x = c.let("die_x", Formula(x()) / die_.x);
    const Expr die_y = c.let("die_y", Formula(y()) / die_.y);
    // To whom the sums of each kind go, and as which of those that come there.
    const Coord head = middle(die_), root = middle({across_, down_});
    const Expr head_x = x() - column + head.x, head_y = y() - row + head.y;
    const struct {
      Where to;
      Expr number;
    } ways[] = {
        {node(head_x, y()), column},
        {node(head_x, head_y), row},
        {node(root.x * die_.x + head.x, root.y * die_.y + head.y), across_ * die_y + die_x}};

    ThreadBuilder t = c.thread(0);
    add_own(&t);
    for (int i = 0; i <= std::min(sums, 2); ++i) {
      const auto at = static_cast<size_t>(i);
      t.copy_to(ways[i].to, {{Block(in_[at], {{ways[i].number, 1}, {}, {}}), sums_[at]}},
                {.there = full_[at]});
      if (i == sums) break;
      t.wait(full_[at], builder_.so_far().allocation(in_[at]).shape[0]);
      t.vector(VectorOp::kSumRows, sums_[at + 1], {Block(in_[at])});
    }
    if (sums == 3) t.copy_to(to_all(grid_), {{total_, sums_[3]}}, {.there = total_full_});
    t.wait(total_full_);
    normalise(&t);
  }

  void add_own(ThreadBuilder* t) {
    t->vector(VectorOp::kSumRows, Block(sums_[0], {{0, 1}, {}}), {Block(data_)});
    t->vector(VectorOp::kMultiply, squares_, {Block(data_), Block(data_)});
    t->vector(VectorOp::kSumRows, Block(sums_[0], {{1, 1}, {}}), {Block(squares_)});
  }

  // result = data * scale + shift, with scale = gamma / sqrt(variance + epsilon) and
  // shift = beta - mean * scale. What is needed only on the way is where it ends.
  void normalise(ThreadBuilder* t) {
    const auto positions = static_cast<float>(int64_t{grid_.x} * grid_.y * sizes_.positions);
    const Block mean(total_, {{0, 1}, {}}), squares(total_, {{1, 1}, {}});
    t->vector(VectorOp::kDivide, total_, {Block(total_), positions});
    t->vector(VectorOp::kMultiply, scale_, {mean, mean});
    t->vector(VectorOp::kSubtract, scale_, {squares, Block(scale_)});
    t->vector(VectorOp::kAdd, scale_, {Block(scale_), kEpsilon});
    t->vector(VectorOp::kRsqrt, scale_, {Block(scale_)});
    t->vector(VectorOp::kMultiply, scale_, {Block(scale_), Block(gamma_)});
    t->vector(VectorOp::kMultiply, shift_, {mean, Block(scale_)});
    t->vector(VectorOp::kSubtract, shift_, {Block(beta_), Block(shift_)});
    const auto for_all = [&](AllocationId of) { return Block(of, {{0, sizes_.positions, 0}, {}}); };
    t->vector(VectorOp::kMultiplyAdd, result_, {Block(data_), for_all(scale_), for_all(shift_)});
  }

  const BatchNormSizes sizes_;
  const std::vector<Region> dies_;
  const Coord die_;              // nodes of each
  const int32_t across_, down_;  // dies
  const Coord grid_;
  Builder builder_;
  LayoutId layout_ = kNoLayout;
  AllocationId data_{}, gamma_{}, beta_{}, result_{}, squares_{}, total_{}, scale_{}, shift_{};
  std::array<AllocationId, 4> sums_{};
  std::array<AllocationId, 3> in_{};
  std::array<SemaphoreId, 3> full_{};
  SemaphoreId total_full_{};
};

}  // namespace

Coord batch_norm_die(const Target& target) {
  return largest_live_grid(target.view, dies_of(target));
}

Program batch_norm(const Target& target, const BatchNormSizes& sizes) {
  return BatchNorm(target, sizes).make();
}

}  // namespace dojo::compiler
