#include "dojo/compiler/library/tree.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/compiler/library/live_grid.h"
#include "dojo/compiler/library/parts.h"

namespace dojo::compiler {

using namespace program;  // NOLINT: this file is written in the words of programs

namespace {

constexpr int64_t kMostSlots = 16;
constexpr size_t kMostThreads = 2;  // that take chunks in turn

// One node's neighbour in the tree. `is_there`: 0 or 1.
struct Neighbour {
  Expr x = 0, y = 0, stream = 0, is_there = 1;
};

class TreeProgram {
 public:
  TreeProgram(const char* name, const Target& target, const TreeSizes& sizes, bool back)
      : back_(back),
        elements_(sizes.elements),
        chunk_(sizes.chunk.value_or(tree_chunk(sizes.elements))),
        slots_(sizes.slots.value_or(slots(target))),
        threads_(sizes.threads),
        grid_(largest_live_grid(target.view)),
        root_(sizes.root.value_or(middle(grid_))),
        builder_(name, grid_) {
    check_size("elements", elements_, 1, 1 << 20);
    check_size("chunk", chunk_, 16, 1 << 16);
    check_size("slots", slots_, 1, kMostSlots);
    check_size("threads", threads_, 1, kMostThreads);
    check_size("the column of the root", root_.x, 0, grid_.x - 1);
    check_size("the row of the root", root_.y, 0, grid_.y - 1);
    if (chunk_ % 16 != 0)
      throw Error(Category::kInput, "the chunk is no multiple of 16 numbers", "",
                  "so that it fills flits of 64 bytes");
    place_all(target.view, grid_, &builder_);
    // Numbers of the streams that there are: none comes from beyond an edge of the grid.
    if (root_.x > 0) from_west_ = num_streams_++;
    if (root_.x < grid_.x - 1) from_east_ = num_streams_++;
    if (root_.y > 0) from_north_ = num_streams_++;
    if (root_.y < grid_.y - 1) from_south_ = num_streams_++;
    num_streams_ = std::max(num_streams_, 1);  // of a single node
    layout_ = builder_.layout("main");
    builder_.code(0, kCodeBytes);
    sums_ = builder_.allocate("sums", {}, {elements_}, {.is_input = true, .is_output = true});
    in_ = builder_.allocate("in", {}, {num_streams_, threads_, slots_, chunk_});
    for (size_t t = 0; t < num_threads(); ++t) {
      const auto slots = static_cast<int32_t>(slots_);
      full_[t] = builder_.semaphore(fmt::format("full_{}", t), 0, num_streams_ * slots);
      room_[t] = builder_.semaphore(fmt::format("room_{}", t), 1, slots);
    }
    if (back_) done_ = builder_.semaphore("done");
  }

  Program make() && {
    rows();
    column();
    root();
    return std::move(builder_).finish();
  }

 private:
  size_t num_threads() const { return static_cast<size_t>(threads_); }

  // Chunks of each thread that can be under way to a node: enough that a link is busy until the
  // word comes back that there is room.
  int64_t slots(const Target& target) const {
    const int64_t chunk_cycles = std::max<int64_t>(1, ceil_div(4 * chunk_, target.view.flit_bytes));
    return std::min<int64_t>(kMostSlots, 2 + ceil_div(target.longest_link_cycles, chunk_cycles));
  }

  // Nodes beside the root's column. Those at the ends have nobody behind them.
  void rows() {
    if (grid_.x == 1) return;
    ClassBuilder c = builder_.node_class("in_a_row", layout_);
    const Expr inwards = c.argument("inwards"), stream = c.argument("stream");
    const Expr has_child = c.argument("has_child");
    along(&c, root_.x, grid_.x, true);
    text(&c, {{x() - inwards, y(), stream, has_child}}, Neighbour{x() + inwards, y(), stream});
  }

  // The heads of the rows, on both sides of the root.
  void column() {
    if (grid_.y == 1) return;
    ClassBuilder c = builder_.node_class("head", layout_);
    const Expr inwards = c.argument("inwards"), stream = c.argument("stream");
    const Expr has_child = c.argument("has_child");
    along(&c, root_.y, grid_.y, false);
    std::vector<Neighbour> children = row_children();
    children.push_back({x(), y() - inwards, stream, has_child});
    text(&c, children, Neighbour{x(), y() + inwards, stream});
  }

  void root() {
    ClassBuilder c = builder_.node_class("root", layout_);
    c.on({{root_.x}, {root_.y}});
    std::vector<Neighbour> children = row_children();
    if (root_.y > 0) children.push_back({x(), y() - 1, from_north_});
    if (root_.y < grid_.y - 1) children.push_back({x(), y() + 1, from_south_});
    text(&c, children, {});
  }

  std::vector<Neighbour> row_children() const {
    std::vector<Neighbour> children;
    if (root_.x > 0) children.push_back({x() - 1, y(), from_west_});
    if (root_.x < grid_.x - 1) children.push_back({x() + 1, y(), from_east_});
    return children;
  }

  // The regions of a class on both sides of the root: the outermost node, and those between.
  void along(ClassBuilder* c, int32_t root, int32_t end, bool rows) {
    const auto on = [&](Range range, int64_t inwards, int64_t stream, int64_t has_child) {
      if (range.count < 1) return;
      const Range across = rows ? Range{0, grid_.y} : Range{root_.x, 1};
      c->on(rows ? Region{range, across} : Region{across, range}, {inwards, stream, has_child});
    };
    const int64_t before = rows ? from_west_ : from_north_,
                  behind = rows ? from_east_ : from_south_;
    if (root > 0) on({0, 1}, 1, before, 0);
    on({1, root - 1}, 1, before, 1);
    on({root + 1, end - root - 2}, -1, behind, 1);
    if (root < end - 1) on({end - 1, 1}, -1, behind, 0);
  }

  void text(ClassBuilder* c, const std::vector<Neighbour>& children,
            const std::optional<Neighbour>& parent) {
    const int64_t whole_chunks = elements_ / chunk_, rest = elements_ % chunk_;
    for (size_t t = 0; t < num_threads(); ++t) {
      ThreadBuilder thread = c->thread(t);
      const auto first = static_cast<int64_t>(t);
      const int64_t turns = ceil_div(whole_chunks - first, threads_);
      if (turns > 0) {
        const std::vector<Expr> k = thread.begin_loop("k", turns, {{"slot", 0, 1, slots_}});
        one_chunk(&thread, t, (threads_ * k[0] + first) * chunk_, k[1], chunk_, children, parent);
        thread.end_loop();
      }
      if (rest > 0 && whole_chunks % threads_ == first)
        one_chunk(&thread, t, whole_chunks * chunk_, turns % slots_, rest, children, parent);
    }
    if (back_) c->thread(kMostThreads).wait(done_, ceil_div(elements_, chunk_));
  }

  void one_chunk(ThreadBuilder* thread, size_t t, const Expr& begin, const Expr& slot, int64_t size,
                 const std::vector<Neighbour>& children, const std::optional<Neighbour>& parent) {
    const Block sums(sums_, {{begin, size}});
    const auto in = [&](const Expr& stream) {
      return Block(in_, {{stream, 1}, {static_cast<int64_t>(t), 1}, {slot, 1}, {0, size}});
    };
    const auto full = [&](const Expr& stream) { return Counter(full_[t], slots_ * stream + slot); };
    for (const Neighbour& child : children) {
      when(thread, child.is_there, [&] {
        thread->wait(full(child.stream));
        thread->vector(VectorOp::kAdd, sums, {sums, in(child.stream)});
      });
    }
    if (parent) {
      thread->wait({room_[t], slot});
      thread->copy_to(node(parent->x, parent->y), {{in(parent->stream), sums}},
                      {.there = full(parent->stream)});
    } else if (back_) {
      thread->copy_to(to_all(grid_), {{sums, sums}}, {.there = done_});
    }
    for (const Neighbour& child : children)
      when(thread, child.is_there, [&] {
        thread->signal(node(child.x, child.y), {room_[t], slot});
      });
  }

  const bool back_;
  const int64_t elements_, chunk_, slots_, threads_;
  const Coord grid_, root_;
  // Where a stream comes from is the place of its numbers and counters in the node that it goes to.
  int32_t from_west_ = 0, from_east_ = 0, from_north_ = 0, from_south_ = 0, num_streams_ = 0;
  Builder builder_;
  LayoutId layout_ = kNoLayout;
  AllocationId sums_{}, in_{};
  std::array<SemaphoreId, kMostThreads> full_{}, room_{};
  SemaphoreId done_{};
};

}  // namespace

int64_t tree_chunk(int64_t elements) {
  return std::clamp<int64_t>(round_up(ceil_div(elements, 64), 16), 128, 1024);
}

Program reduce(const Target& target, const TreeSizes& sizes) {
  return TreeProgram("reduce", target, sizes, false).make();
}

Program all_reduce_tree(const Target& target, const TreeSizes& sizes) {
  return TreeProgram("all-reduce in a tree", target, sizes, true).make();
}

}  // namespace dojo::compiler
