#include "dojo/program/test_programs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "dojo/base/file.h"
#include "dojo/base/random.h"
#include "dojo/program/builder.h"
#include "dojo/program/text.h"
#include "dojo/program/vector_op.h"
#include "dojo/program/verify.h"

namespace dojo::program {

MachineView small_machine() {
  MachineView machine;
  machine.grid = {8, 8};
  machine.sram_bytes = 131072;
  machine.flit_bytes = 64;
  machine.num_interfaces = 4;
  machine.interface_bytes = 1 << 20;
  return machine;
}

std::vector<Example> examples() {
  std::vector<Example> all;
  for (const auto& entry :
       std::filesystem::directory_iterator(DOJO_SOURCE_DIR "/src/dojo/program/examples"))
    all.push_back({entry.path().filename(), read_file(entry.path(), 1 << 20)});
  std::sort(all.begin(), all.end(),
            [](const Example& a, const Example& b) { return a.file < b.file; });
  return all;
}

Found problems_of(std::string_view text, const MachineView& machine) {
  SourceLines lines;
  const Program program = parse_program(text, "test", &lines);
  Found problems;
  const Verification result = verify(program, machine);
  for (const Problem& problem : result.problems.list())
    problems.push_back(fmt::format("line {}: {}: {}", lines.line(problem.site), name(problem.kind),
                                   problem.message));
  return problems;
}

std::string on_row(std::string_view items, std::string_view body, std::string_view more) {
  return fmt::format(
      "program \"p\" {{ nodes 4 x 1\nlayout l {{ code at 0 size 4096 {} }}\nclass c uses l {{ on "
      "[0:+4, 0] {} }}\n{} }}",
      items, body, more);
}

Found found(std::string_view items, std::string_view body, std::string_view more) {
  return problems_of(on_row(items, body, more), small_machine());
}

namespace {

class Draw {
 public:
  explicit Draw(uint64_t seed) : random_(seed, stream_id("programs")) {}

  Program program() {
    const Coord grid{between(1, 6), between(1, 6)};
    Builder b(fmt::format("drawn, {} x {}", grid.x, grid.y), grid);
    if (random_.chance(0.3))
      b.place({{{0, grid.x}, {0, grid.y}}, {between(-2, 4), 3}, {0, 1}, {1, 0}});
    if (random_.chance(0.3)) b.place({{{0, 1}, {0, 1}}, {1, 1}});
    random_id_ = b.random("bits", {64, 16, 4});
    for (int i = between(1, 2); i > 0; --i) add_layout(&b);
    interfaces_ = b.layout("dram", Layout::Of::kInterfaces);
    far_ = b.allocate("far", bf16(), {256, 16});
    barrier_ = b.barrier("all", {{0, grid.x}, {0, grid.y}}, {0, grid.y - 1}, between(1, 3));
    for (int i = between(1, 3); i > 0; --i) add_class(&b, grid);
    return std::move(b).finish();
  }

 private:
  struct Drawn {
    LayoutId id;
    AllocationId numbers, factors, narrow, whole;  // f32 [4,16,16], bf16 and cfloat8 the same, i32
    SemaphoreId one, many;
  };

  static Element bf16() { return {ElementKind::kBF16}; }
  int32_t between(int64_t least, int64_t most) {
    return static_cast<int32_t>(least + random_.below(most - least + 1));
  }

  void add_layout(Builder* b) {
    Drawn d;
    d.id = b->layout(fmt::format("layout_{}", layouts_.size()));
    if (random_.chance(0.8)) b->code(between(0, 9) * 64, between(1, 9999));
    AllocateOptions options;
    options.live = {between(0, 2), random_.chance(0.5) ? between(3, 9) : Phases::kForever};
    options.is_input = random_.chance(0.5);
    d.numbers = b->allocate("numbers", {ElementKind::kF32}, {4, 16, 16}, options);
    d.factors = b->allocate("factors", bf16(), {4, 16, 16}, {.is_output = true});
    d.one = b->semaphore("one", between(0, 3));
    d.narrow =
        b->allocate("narrow", {ElementKind::kCFloat8_1_4_3, static_cast<uint8_t>(between(0, 63))},
                    {4, 16, 16}, {.address = between(0, 99999)});
    d.whole = b->allocate("whole", {ElementKind::kI32}, {1, 32});
    d.many = b->semaphore("many", 0, between(2, 5));
    layouts_.push_back(d);
  }

  void add_class(Builder* b, Coord grid) {
    const Drawn& layout = layouts_[static_cast<size_t>(random_.below(std::ssize(layouts_)))];
    ClassBuilder c = b->node_class(fmt::format("class_{}", num_classes_++), layout.id);
    variables_ = {x(), y()};
    const int given = between(0, 2);
    for (int i = 0; i < given; ++i) variables_.push_back(c.argument(fmt::format("given_{}", i)));
    for (int i = between(1, 3); i > 0; --i) {
      const Coord at{between(0, grid.x - 1), between(0, grid.y - 1)};
      Region region{{at.x}, {at.y, grid.y - at.y}};
      if (at.x + 2 < grid.x) region.x = {at.x, 2, 2};
      c.on(region, std::vector<int64_t>(static_cast<size_t>(given), between(-5, 5)));
    }
    for (int i = between(0, 3); i > 0; --i)
      variables_.push_back(c.let(fmt::format("own_{}", i), formula(3)));
    for (size_t t = 0; t < kNumThreads; ++t) {
      if (random_.chance(0.4)) continue;
      ThreadBuilder thread = c.thread(t);
      instructions(&thread, layout, 0);
    }
  }

  Formula formula(int depth) {
    if (depth == 0 || random_.chance(0.2)) return Formula(expr());
    switch (between(0, 4)) {
      case 0:
        return formula(depth - 1) / between(1, 9);
      case 1:
        return formula(depth - 1) % between(1, 9);
      case 2:
        return min(formula(depth - 1), Formula(between(-9, 9)));
      case 3:
        return max(Formula(expr()), formula(depth - 1));
      default:
        return Formula::apply(ArgumentStep::Op::kSubtract, formula(depth - 1), formula(depth - 1));
    }
  }

  Expr expr() {
    Expr e = between(-20, 20);
    for (int i = between(0, 3); i > 0; --i)
      e += between(-3, 3) * variables_[static_cast<size_t>(random_.below(std::ssize(variables_)))];
    return e;
  }

  void instructions(ThreadBuilder* t, const Drawn& layout, int depth) {
    for (int i = between(1, 6); i > 0; --i) instruction(t, layout, depth);
  }

  // 16 x 16 of one of 4.
  Block block(AllocationId of) {
    return {of,
            {{expr(), 1},
             {expr(), 16, between(0, 2)},
             random_.chance(0.5) ? Slice{} : Slice{expr(), 16}}};
  }

  Value value(const Drawn& layout) {
    const double p = random_.uniform();
    if (p < 0.2) return static_cast<float>(random_.normal());
    if (p < 0.25) return random_.chance(0.5) ? -INFINITY : 1e-40F;
    return block(p < 0.5 ? layout.factors : p < 0.7 ? layout.narrow : layout.numbers);
  }

  std::optional<RandomBlock> maybe_random() {
    if (random_.chance(0.7)) return {};
    return RandomBlock{random_id_, {{expr(), 16}, {}, {expr(), 1}}};
  }

  Where where(LayoutId layout) {
    Where w = random_.chance(0.5) ? node(expr(), expr()) : nodes(expr(), 2, expr(), expr());
    if (w.kind == Place::Kind::kNodes) w.x_step = between(1, 3);
    return std::move(w).of(layout);
  }

  Counter counter(const Drawn& layout) {
    return random_.chance(0.5) ? Counter(layout.one) : Counter(layout.many, expr());
  }

  void instruction(ThreadBuilder* t, const Drawn& layout, int depth) {
    const Drawn& other = layouts_[static_cast<size_t>(random_.below(std::ssize(layouts_)))];
    switch (between(0, 11)) {
      case 0: {
        const bool narrow = random_.chance(0.3);
        const AllocationId factors = narrow ? layout.narrow : layout.factors;
        Block left = block(factors);
        if (random_.chance(0.3)) left = padded(left);
        MatmulOptions options{random_.chance(0.5), random_.chance(0.5), random_.chance(0.5)};
        options.random = maybe_random();
        return t->matmul(16, 16, 16, block(layout.numbers), left, block(factors), options);
      }
      case 1:
      case 2: {
        const auto op = static_cast<VectorOp>(between(0, kNumVectorOps - 1));
        if (info(op).reduces)
          return t->vector(op, {layout.whole, {{0, 1}, {expr(), 16}}}, {block(layout.factors)});
        std::vector<Value> from;
        for (int i = 0; i < info(op).operands; ++i) from.push_back(value(layout));
        return t->vector(op, block(layout.factors), from, maybe_random());
      }
      case 3: {
        std::vector<BlockPair> pieces = {{block(other.factors), block(layout.factors)}};
        if (random_.chance(0.3)) pieces.push_back({{other.whole}, padded({layout.whole})});
        CopySignals signals;
        if (random_.chance(0.5)) signals.here = counter(layout);
        if (random_.chance(0.5)) signals.there = counter(other);
        return t->copy_to(where(other.id), pieces, signals);
      }
      case 4:
        return t->copy_from(node(expr(), expr()).of(other.id),
                            {{block(layout.numbers), padded(block(other.numbers))}},
                            {.there = counter(other)});
      case 5:
        return t->copy_here({{block(layout.narrow), block(layout.narrow)}},
                            random_.chance(0.5) ? counter(layout) : Counter());
      case 6:
        return t->copy_from(interface(expr(), interfaces_),
                            {{block(layout.factors), {far_, {{expr(), 16}, {}}}}},
                            {.here = counter(layout)});
      case 7:
        if (random_.chance(0.3)) return t->signal(here(), counter(layout), expr());
        return t->signal(where(other.id), counter(other), random_.chance(0.5) ? Expr(1) : expr());
      case 8:
        return t->wait(counter(layout), random_.chance(0.5) ? Expr(1) : expr());
      case 9:
        if (random_.chance(0.5)) return t->barrier(barrier_);
        return t->idle(expr());
      case 10:
        if (depth == 0) t->phase();
        return;
      default:
        loop(t, layout, depth);
    }
  }

  void loop(ThreadBuilder* t, const Drawn& layout, int depth) {
    if (depth == 3) return;
    const size_t outer = variables_.size();
    std::vector<Expr> all;
    std::swap(all, variables_);  // counts and starts have no counters
    variables_ = {all[0], all[1]};
    std::vector<WrapSpec> wraps;
    for (int i = between(0, 2); i > 0; --i)
      wraps.push_back({fmt::format("wrap_{}_{}", depth, i), expr(), between(-4, 4), between(1, 9)});
    const Expr count = expr();
    std::swap(all, variables_);
    for (const Expr& e : t->begin_loop(fmt::format("k{}", depth), count, wraps))
      variables_.push_back(e);
    instructions(t, layout, depth + 1);
    t->end_loop();
    variables_.erase(variables_.begin() + static_cast<int64_t>(outer), variables_.end());
  }

  dojo::Random random_;
  RandomId random_id_{0};
  LayoutId interfaces_{0};
  AllocationId far_{0};
  BarrierId barrier_{0};
  std::vector<Drawn> layouts_;
  std::vector<Expr> variables_;
  int num_classes_ = 0;
};

}  // namespace

Program random_program(uint64_t seed) { return Draw(seed).program(); }

}  // namespace dojo::program
