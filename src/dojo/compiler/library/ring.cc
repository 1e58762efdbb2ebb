#include "dojo/compiler/library/ring.h"

#include <fmt/format.h>

#include <array>
#include <functional>

#include "dojo/compiler/library/live_grid.h"
#include "dojo/compiler/library/parts.h"

namespace dojo::compiler {

using namespace program;  // NOLINT: this file is written in the words of programs

namespace {

constexpr int32_t kSlots = 2;  // places of a ring for parts that come, used in turn
constexpr int32_t kAhead = 4;  // parts that the all-gather sends ahead of the word that one came

// One direction round a ring, that of two threads.
struct Way {
  int64_t lane = 0;
  int64_t step = 1;  // of coordinates, from a node to the next
};

// The landing place and the counters of a ring, a row's or a column's, one way round.
struct Ring {
  AllocationId in{};
  SemaphoreId full{}, room{}, added{};  // of the reduce-scatter
  SemaphoreId came{}, credit{};         // of the all-gather
};

class RingProgram {
 public:
  RingProgram(const Target& target, const RingSizes& sizes)
      : grid_(grid_of(target)), builder_("all-reduce in rings", grid_) {
    check_size("elements", sizes.elements, 1, 1 << 20);
    place_all(target.view, grid_, &builder_);
    const int64_t part = ceil_div(sizes.elements, int64_t{2} * grid_.x * grid_.y);
    layout_ = builder_.layout("main");
    builder_.code(0, kCodeBytes);
    sums_ = builder_.allocate("sums", {}, {2, grid_.x, grid_.y, part},
                              {.is_input = true, .is_output = true});
    for (const size_t lane : {0, 1}) {
      row_[lane] = ring(fmt::format("row_{}", lane), grid_.y * part);
      column_[lane] = ring(fmt::format("column_{}", lane), part);
    }
  }

  Program make() && {
    ClassBuilder c = builder_.node_class("member", layout_);
    c.on(all(grid_));
    for (const Way& way : {Way{0, 1}, Way{1, -1}}) {
      const auto neighbour = [&](const char* name, const Expr& at, int64_t step, int64_t size) {
        return c.let((way.lane == 0 ? "" : "back_") + std::string(name),
                     Formula(at + step + size) % size);
      };
      const Expr next_x = neighbour("next_x", x(), way.step, grid_.x);
      const Expr previous_x = neighbour("previous_x", x(), -way.step, grid_.x);
      const Expr next_y = neighbour("next_y", y(), way.step, grid_.y);
      const Expr previous_y = neighbour("previous_y", y(), -way.step, grid_.y);
      const Where right = node(next_x, y()), left = node(previous_x, y());
      const Where below = node(x(), next_y), above = node(x(), previous_y);

      const auto lane = static_cast<size_t>(way.lane);
      const Ring &row = row_[lane], &column = column_[lane];
      ThreadBuilder adds = c.thread(lane);
      add_parts(&adds, way, row, x(), grid_.x, left, row_part(way));
      add_parts(&adds, way, column, y(), grid_.y, above, column_part(way));
      ThreadBuilder sends = c.thread(2 + lane);
      send_parts(&sends, way, row, x(), grid_.x, right, row_part(way));
      send_parts(&sends, way, column, y(), grid_.y, below, column_part(way));
      gather(&sends, way, column, y(), grid_.y, below, above, column_part(way));
      gather(&sends, way, row, x(), grid_.x, right, left, row_part(way));
    }
    return std::move(builder_).finish();
  }

 private:
  using Part = std::function<Block(const Expr&)>;

  static Coord grid_of(const Target& target) {
    const Region machine = whole(target.view);
    return largest_live_grid(target.view, {&machine, 1});
  }

  Ring ring(const std::string& name, int64_t part) {
    Ring r;
    r.in = builder_.allocate(name + "_in", {}, {kSlots, part});
    r.full = builder_.semaphore(name + "_full", 0, kSlots);
    r.room = builder_.semaphore(name + "_room", 1, kSlots);
    r.added = builder_.semaphore(name + "_added");
    r.came = builder_.semaphore(name + "_came", 0, kAhead);
    r.credit = builder_.semaphore(name + "_credit", kAhead);
    return r;
  }

  // Part p of a row is a column's share of the numbers; part p of a column is one row's share of
  // that. What is summed up along the columns is what the row's ring ended with.
  Part row_part(const Way& way) const {
    return [this, way](const Expr& p) { return Block(sums_, {{way.lane, 1}, {p, 1}, {}, {}}); };
  }
  Part column_part(const Way& way) const {
    return [this, way](const Expr& p) {
      return Block(sums_, {{way.lane, 1}, {x(), 1}, {p, 1}, {}});
    };
  }

  // In step k part at - 2 - k comes (at + 2 + k the other way round), so that part `at` is the
  // last.
  void add_parts(ThreadBuilder* t, const Way& way, const Ring& ring, const Expr& at, int64_t size,
                 const Where& previous, const Part& part) {
    if (size == 1) return;
    const std::vector<Expr> k = t->begin_loop(
        "k", size - 1, {{"p", at - 2 * way.step, -way.step, size}, {"slot", 0, 1, kSlots}});
    t->wait({ring.full, k[2]});
    t->vector(VectorOp::kAdd, part(k[1]), {part(k[1]), Block(ring.in, {{k[2], 1}, {}})});
    t->signal(previous, {ring.room, k[2]});
    t->signal(here(), ring.added);
    t->end_loop();
  }

  void send_parts(ThreadBuilder* t, const Way& way, const Ring& ring, const Expr& at, int64_t size,
                  const Where& next, const Part& part) {
    if (size == 1) return;
    const std::vector<Expr> k = t->begin_loop(
        "k", size - 1, {{"p", at - way.step, -way.step, size}, {"slot", 0, 1, kSlots}});
    t->wait({ring.room, k[2]});
    t->copy_to(next, {{Block(ring.in, {{k[2], 1}, {}}), part(k[1])}}, {.there = {ring.full, k[2]}});
    t->wait(ring.added);
    t->end_loop();
  }

  // A part lands where it belongs: the next node sent its own sum of that part away before this
  // one could be whole.
  void gather(ThreadBuilder* t, const Way& way, const Ring& ring, const Expr& at, int64_t size,
              const Where& next, const Where& previous, const Part& part) {
    if (size == 1) return;
    const std::vector<Expr> k =
        t->begin_loop("k", size - 1, {{"p", at, -way.step, size}, {"slot", 0, 1, kAhead}});
    const Counter came{ring.came, k[2]};
    t->wait(ring.credit);
    t->copy_to(next, {{part(k[1]), part(k[1])}}, {.there = came});
    t->wait(came);
    t->signal(previous, ring.credit);
    t->end_loop();
  }

  const Coord grid_;
  Builder builder_;
  LayoutId layout_ = kNoLayout;
  AllocationId sums_{};
  std::array<Ring, 2> row_, column_;
};

}  // namespace

Program all_reduce_ring(const Target& target, const RingSizes& sizes) {
  return RingProgram(target, sizes).make();
}

}  // namespace dojo::compiler
