// Builds a Program from C++. The compiler and the library of programs use it, and the parser too.
//
//   Builder b("copy", {2, 1});
//   const LayoutId main = b.layout("main");
//   b.code(0, 1024);
//   const AllocationId a = b.allocate("a", {ElementKind::kBF16}, {64}, {.is_input = true});
//   const AllocationId c = b.allocate("c", {ElementKind::kBF16}, {64}, {.is_output = true});
//   const SemaphoreId full = b.semaphore("full");
//   ClassBuilder sender = b.node_class("sender", main);
//   sender.on({{0, 1}, {0, 1}});
//   sender.thread(0).copy_to(node(x() + 1, y()), {{c, a}}, {.there = full});
//   ClassBuilder receiver = b.node_class("receiver", main);
//   receiver.on({{1, 1}, {0, 1}});
//   receiver.thread(0).wait(full);
//   const Program program = std::move(b).finish();
//
// What breaks a rule of one instruction (indices, shapes, formats, limits) throws Error(kInput)
// that says which. verify() looks at the whole. Handles refer to the builder, which stays in place.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dojo/program/expr.h"
#include "dojo/program/formula.h"
#include "dojo/program/program.h"

namespace dojo::program {

// Indices start, start + step, ... in one dimension; without a count the whole dimension.
struct Slice {
  Expr start = 0;
  std::optional<int64_t> count = {};
  int64_t step = 1;
};

// What becomes a View. Without slices the whole.
struct Block {
  Block(AllocationId allocation, std::vector<Slice> block_slices = {})  // NOLINT
      : of(index(allocation)), slices(std::move(block_slices)) {}

  int32_t of;
  std::vector<Slice> slices;
  bool padded = false;
};
inline Block padded(Block block) {
  block.padded = true;
  return block;
}

struct RandomBlock {
  RandomId of;
  std::vector<Slice> slices = {};
};

// What becomes a Place. Without a layout the class's own is meant.
struct Where {
  Place::Kind kind = Place::Kind::kHere;
  Expr x = 0, y = 0, x_count = 1, y_count = 1;
  int32_t x_step = 1, y_step = 1;
  LayoutId layout = kNoLayout;

  Where of(LayoutId other) && {
    layout = other;
    return std::move(*this);
  }
};
inline Where here() { return {}; }
inline Where node(Expr x, Expr y) { return {Place::Kind::kNode, std::move(x), std::move(y)}; }
inline Where nodes(Expr x, Expr x_count, Expr y, Expr y_count) {
  return {Place::Kind::kNodes, std::move(x), std::move(y), std::move(x_count), std::move(y_count)};
}
inline Where interface(Expr number, LayoutId layout) {
  return Where{Place::Kind::kInterface, std::move(number)}.of(layout);
}

struct BlockPair {
  Block to, from;
};

// What becomes a SemaphoreRef.
struct Counter {
  Counter() = default;
  Counter(SemaphoreId one, Expr at_index = 0)
      : semaphore(one), index(std::move(at_index)) {}  // NOLINT

  SemaphoreId semaphore = kNoSemaphore;
  Expr index = 0;
};

// Signalled when the side of a transfer is done, docs/program.md.
struct CopySignals {
  Counter here = {}, there = {};
};

struct MatmulOptions {
  bool adds = false, left_transposed = false, right_transposed = false;
  std::optional<RandomBlock> random = {};  // rounds stochastically
};

struct WrapSpec {
  std::string name;
  Expr start = 0;
  int64_t step = 1, modulus = 1;
};

using Value = std::variant<Block, float>;  // an operand

class Builder;

class ThreadBuilder {
 public:
  void matmul(int64_t m, int64_t n, int64_t k, const Block& to, const Block& left,
              const Block& right, const MatmulOptions& options = {});
  void vector(VectorOp op, const Block& to, const std::vector<Value>& from,
              const std::optional<RandomBlock>& random = {});
  void copy_here(const std::vector<BlockPair>& pieces, const Counter& signal = {});
  void copy_to(const Where& there, const std::vector<BlockPair>& pieces,
               const CopySignals& signals = {});
  void copy_from(const Where& there, const std::vector<BlockPair>& pieces,
                 const CopySignals& signals = {});
  void signal(const Where& there, const Counter& counter, const Expr& amount = 1);
  void wait(const Counter& counter, const Expr& amount = 1);
  void barrier(BarrierId barrier);
  void phase();
  void idle(const Expr& cycles);

  // The counters of the loop: its own, then those of `wraps`. `count` may use x, y and arguments.
  std::vector<Expr> begin_loop(const std::string& counter, const Expr& count,
                               const std::vector<WrapSpec>& wraps = {});
  void end_loop();
  // The same around body(counter).
  template <typename Body>
  void loop(const std::string& counter, const Expr& count, Body&& body) {
    body(begin_loop(counter, count)[0]);
    end_loop();
  }

  // Of the instructions so far.
  size_t num_instructions() const;

 private:
  friend class ClassBuilder;
  ThreadBuilder(Builder* builder, ClassId node_class, size_t thread)
      : builder_(builder), class_(node_class), thread_(thread) {}

  Code& code() const;
  LayoutId own_layout() const;
  void add(Op op, size_t index);
  Affine affine(const Expr& expr, bool with_counters = true);
  View view(const Block& block, LayoutId layout, bool may_pad);
  View random_view(const RandomBlock& block, int64_t elements);
  View view_of(int32_t of, const std::vector<int64_t>& shape, const std::vector<Slice>& slices,
               bool padded);
  Place place(const Where& where);
  void copy(Copy::Way way, const Where& there, const std::vector<BlockPair>& pieces,
            const CopySignals& signals);
  SemaphoreRef semaphore(const Counter& counter, LayoutId layout);

  Builder* builder_;
  ClassId class_;
  size_t thread_;
};

class ClassBuilder {
 public:
  // An argument to which each region gives a value. REQUIRES: before on() and let().
  Expr argument(const std::string& name);
  // An argument that each node computes.
  Expr let(const std::string& name, const Formula& formula);
  void on(const Region& region, std::vector<int64_t> values = {});
  ThreadBuilder thread(size_t i);  // REQUIRES: i < kNumThreads

  ClassId id() const { return id_; }

 private:
  friend class Builder;
  ClassBuilder(Builder* builder, ClassId id) : builder_(builder), id_(id) {}
  Expr add_argument(Argument argument);

  Builder* builder_;
  ClassId id_;
};

struct AllocateOptions {
  std::optional<int64_t> address = {};  // without: behind all before it, at a multiple of 64
  Phases live = {};
  bool is_input = false, is_output = false;
};

class Builder {
 public:
  Builder(std::string name, Coord grid);

  void place(const Placement& placement);
  RandomId random(const std::string& name, std::vector<int64_t> shape);

  // The functions behind layout() add to the layout made last.
  LayoutId layout(const std::string& name, Layout::Of of = Layout::Of::kNodes);
  void code(int64_t address, int64_t bytes);
  AllocationId allocate(const std::string& name, Element element, std::vector<int64_t> shape,
                        const AllocateOptions& options = {});
  SemaphoreId semaphore(const std::string& name, int32_t initial = 0, int32_t count = 1);

  BarrierId barrier(const std::string& name, const Region& region, Coord root, int32_t fan = 1);
  ClassBuilder node_class(const std::string& name, LayoutId layout);

  const Program& so_far() const { return program_; }
  Program finish() &&;

 private:
  friend class ClassBuilder;
  friend class ThreadBuilder;

  struct OpenLoop {
    uint32_t loop;  // in Code::loops
    uint32_t first_slot;
  };
  struct OpenThread {
    std::vector<OpenLoop> loops;
    uint32_t slots = 0;  // counters in use
  };

  void check_region(const Region& region) const;

  Program program_;
  std::vector<std::array<OpenThread, kNumThreads>> open_;  // by class
  size_t num_regions_ = 0, num_instructions_ = 0;
};

}  // namespace dojo::program
