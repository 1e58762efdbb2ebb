#include "dojo/compiler/library/ring.h"

#include <fmt/format.h>

#include <array>
#include <functional>

#include "dojo/compiler/library/folded_ring.h"
#include "dojo/compiler/library/live_grid.h"
#include "dojo/compiler/library/parts.h"

namespace dojo::compiler {

using namespace program;  // NOLINT: this file is written in the words of programs

namespace {

constexpr int64_t kStepCycles = 60;  // about the least that a step takes
constexpr int64_t kMostSlots = 16;

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
      : grid_(largest_live_grid(target.view)),
        slots_(static_cast<int32_t>(
            std::min(kMostSlots, 2 + ceil_div(2 * target.longest_link_cycles, kStepCycles)))),
        builder_("all-reduce in rings", grid_) {
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
    const Expr px = c.let("position_x", ring_position(x(), grid_.x));
    const Expr py = c.let("position_y", ring_position(y(), grid_.y));
    const auto column = [&](const char* name, int64_t steps) {
      return node(c.let(name, ring_coordinate_at(px, steps, grid_.x)), y());
    };
    const auto row = [&](const char* name, int64_t steps) {
      return node(x(), c.let(name, ring_coordinate_at(py, steps, grid_.y)));
    };
    const Where next_x = column("next_x", 1), previous_x = column("previous_x", -1);
    const Where next_y = row("next_y", 1), previous_y = row("previous_y", -1);

    for (const Way& way : {Way{0, 1}, Way{1, -1}}) {
      const auto lane = static_cast<size_t>(way.lane);
      const auto there = [&](const Where& forwards, const Where& backwards) {
        return way.step > 0 ? forwards : backwards;
      };
      const Side in_row{row_[lane],
                        px,
                        grid_.x,
                        there(next_x, previous_x),
                        there(previous_x, next_x),
                        [&](const Expr& p) {
                          return Block(sums_, {{way.lane, 1}, {p, 1}, {}, {}});
                        }};
      // What is summed up along the columns is what the row's ring ended with.
      const Side in_column{column_[lane],
                           py,
                           grid_.y,
                           there(next_y, previous_y),
                           there(previous_y, next_y),
                           [&](const Expr& p) {
                             return Block(sums_, {{way.lane, 1}, {px, 1}, {p, 1}, {}});
                           }};
      ThreadBuilder adds = c.thread(lane), sends = c.thread(2 + lane);
      add_parts(&adds, way, in_row);
      add_parts(&adds, way, in_column);
      send_parts(&sends, way, in_row);
      send_parts(&sends, way, in_column);
      gather(&sends, way, in_column);
      gather(&sends, way, in_row);
    }
    return std::move(builder_).finish();
  }

 private:
  // A ring as a node sees it, one way round.
  struct Side {
    const Ring& ring;
    Expr at;  // this node's position
    int64_t size;
    Where next, previous;
    std::function<Block(const Expr&)> part;
  };

  Ring ring(const std::string& name, int64_t part) {
    Ring r;
    r.in = builder_.allocate(name + "_in", {}, {slots_, part});
    r.full = builder_.semaphore(name + "_full", 0, slots_);
    r.room = builder_.semaphore(name + "_room", 1, slots_);
    r.added = builder_.semaphore(name + "_added");
    r.came = builder_.semaphore(name + "_came", 0, slots_);
    r.credit = builder_.semaphore(name + "_credit", slots_);
    return r;
  }

  // In step k part at - 2 - k comes (at + 2 + k the other way round), so that part `at` is the
  // last.
  void add_parts(ThreadBuilder* t, const Way& way, const Side& side) {
    if (side.size == 1) return;
    const Ring& ring = side.ring;
    const std::vector<Expr> k = begin_steps(t, side, side.at - 2 * way.step, -way.step);
    const Block sum = side.part(k[1]);
    t->wait({ring.full, k[2]});
    t->vector(VectorOp::kAdd, sum, {sum, Block(ring.in, {{k[2], 1}, {}})});
    t->signal(here(), ring.added);
    t->signal(side.previous, {ring.room, k[2]});
    t->end_loop();
  }

  void send_parts(ThreadBuilder* t, const Way& way, const Side& side) {
    if (side.size == 1) return;
    const Ring& ring = side.ring;
    const std::vector<Expr> k = begin_steps(t, side, side.at - way.step, -way.step);
    t->wait({ring.room, k[2]});
    t->copy_to(side.next, {{Block(ring.in, {{k[2], 1}, {}}), side.part(k[1])}},
               {.there = {ring.full, k[2]}});
    t->wait(ring.added);
    t->end_loop();
  }

  // A part lands where it belongs: the next node sent its own sum of that part away before this
  // one could be whole.
  void gather(ThreadBuilder* t, const Way& way, const Side& side) {
    if (side.size == 1) return;
    const Ring& ring = side.ring;
    const std::vector<Expr> k = begin_steps(t, side, side.at, -way.step);
    const Block part = side.part(k[1]);
    t->wait(ring.credit);
    t->copy_to(side.next, {{part, part}}, {.there = {ring.came, k[2]}});
    t->wait({ring.came, k[2]});
    t->signal(side.previous, ring.credit);
    t->end_loop();
  }

  // The step, the part, the place.
  std::vector<Expr> begin_steps(ThreadBuilder* t, const Side& side, const Expr& first,
                                int64_t step) const {
    return t->begin_loop("k", side.size - 1,
                         {{"p", first, step, side.size}, {"slot", 0, 1, slots_}});
  }

  const Coord grid_;
  const int32_t slots_;  // places of a ring for parts that come, used in turn
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
