#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/program/builder.h"
#include "dojo/program/names.h"
#include "dojo/program/vector_op.h"

namespace dojo::program {
namespace {

[[noreturn]] void fail(std::string message, std::string hint = {}) {
  throw Error(Category::kInput, std::move(message), "", std::move(hint));
}

template <typename T>
size_t push(std::vector<T>& list, T value) {
  list.push_back(std::move(value));
  return list.size() - 1;
}

}  // namespace

Code& ThreadBuilder::code() const {
  return builder_->program_.classes[at(class_)].threads[thread_];
}

LayoutId ThreadBuilder::own_layout() const { return builder_->program_.classes[at(class_)].layout; }

size_t ThreadBuilder::num_instructions() const { return code().instructions.size(); }

void ThreadBuilder::add(Op op, size_t index) {
  if (++builder_->num_instructions_ > kMaxInstructions)
    fail(fmt::format("more than {} instructions", kMaxInstructions));
  code().instructions.push_back({op, static_cast<uint32_t>(index)});
}

Affine ThreadBuilder::affine(const Expr& expr, bool with_counters) {
  const NodeClass& node_class = builder_->program_.classes[at(class_)];
  const auto arguments = static_cast<Var>(node_class.arguments.size());
  const uint32_t counters = with_counters ? builder_->open_[at(class_)][thread_].slots : 0;
  if (expr.constant() > kMaxConstant || expr.constant() < -kMaxConstant)
    fail(fmt::format("the number {} is too large", expr.constant()));
  Affine affine{expr.constant(), static_cast<uint32_t>(code().terms.size()),
                static_cast<uint32_t>(expr.terms().size())};
  for (const Term& term : expr.terms()) {
    if (term.factor > kMaxFactor || term.factor < -kMaxFactor)
      fail(fmt::format("the factor {} is too large", term.factor));
    if (term.var >= kFirstCounter && !with_counters)
      fail("the counter of a loop where only x, y and arguments may stand");
    DOJO_CHECK(term.var < kFirstArgument + arguments ||
               (term.var >= kFirstCounter && term.var < kFirstCounter + counters));
    code().terms.push_back(term);
  }
  return affine;
}

View ThreadBuilder::view_of(int32_t of, const std::vector<int64_t>& shape,
                            const std::vector<Slice>& slices, bool padded) {
  if (!slices.empty() && slices.size() != shape.size())
    fail(fmt::format("{} indices for {} dimensions", slices.size(), shape.size()));
  View view;
  view.of = of;
  view.rank = static_cast<uint16_t>(shape.size());
  view.padded = padded;
  view.elements = 1;
  std::vector<Dim> dims;  // terms of all of them come first
  for (size_t d = 0; d < shape.size(); ++d) {
    const Slice slice = slices.empty() ? Slice{} : slices[d];
    const int64_t count = slice.count.value_or(shape[d]);
    if (count < 1) fail(fmt::format("{} indices in a dimension", count));
    if (slice.step < 0 || slice.step > kMaxElements) fail(fmt::format("the step {}", slice.step));
    if (count > kMaxElements / view.elements)
      fail(fmt::format("more than {} elements", kMaxElements));
    view.elements *= count;
    // One index has no use for a step.
    dims.push_back({affine(slice.start), count, count == 1 ? 1 : slice.step});
  }
  view.first_dim = static_cast<uint32_t>(code().dims.size());
  code().dims.insert(code().dims.end(), dims.begin(), dims.end());
  return view;
}

View ThreadBuilder::view(const Block& block, LayoutId layout, bool may_pad) {
  const Program& program = builder_->program_;
  DOJO_CHECK_LT(static_cast<size_t>(block.of), program.allocations.size());
  const Allocation& allocation = program.allocations[static_cast<size_t>(block.of)];
  if (allocation.layout != layout)
    fail(fmt::format("{} is in the layout {}; {} is meant here", allocation.name,
                     program.layout(allocation.layout).name, program.layout(layout).name));
  if (block.padded && !may_pad)
    fail(fmt::format("{} cannot be padded here", allocation.name),
         "what a transfer or a left factor reads can be");
  return view_of(block.of, allocation.shape, block.slices, block.padded);
}

View ThreadBuilder::random_view(const RandomBlock& block, int64_t elements) {
  const Program& program = builder_->program_;
  DOJO_CHECK_LT(at(block.of), program.randoms.size());
  const Random& random = program.randoms[at(block.of)];
  const View view = view_of(index(block.of), random.shape, block.slices, false);
  if (view.elements != elements)
    fail(fmt::format("{} random elements of {} for {} results", view.elements, random.name,
                     elements));
  return view;
}

Place ThreadBuilder::place(const Where& where) {
  const Program& program = builder_->program_;
  Place place;
  place.kind = where.kind;
  place.layout = where.layout == kNoLayout ? own_layout() : where.layout;
  DOJO_CHECK_LT(at(place.layout), program.layouts.size());
  const Layout& layout = program.layout(place.layout);
  const bool interface = place.kind == Place::Kind::kInterface;
  if (interface != (layout.of == Layout::Of::kInterfaces))
    fail(fmt::format("the layout {} is of {}", layout.name, interface ? "nodes" : "interfaces"));
  if (place.kind == Place::Kind::kHere) {
    if (place.layout != own_layout()) fail("here with the layout of others");
    return place;
  }
  place.x = affine(where.x);
  if (interface) return place;
  place.y = affine(where.y);
  if (place.kind == Place::Kind::kNodes) {
    if (where.x_step < 1 || where.y_step < 1 || where.x_step > kMaxGridSide ||
        where.y_step > kMaxGridSide)
      fail(fmt::format("nodes with the steps {} and {}", where.x_step, where.y_step));
    place.x_count = affine(where.x_count);
    place.y_count = affine(where.y_count);
    place.x_step = where.x_step;
    place.y_step = where.y_step;
  }
  return place;
}

SemaphoreRef ThreadBuilder::semaphore(const Counter& counter, LayoutId layout) {
  const Program& program = builder_->program_;
  DOJO_CHECK_LT(at(counter.semaphore), program.semaphores.size());
  const Semaphore& s = program.semaphore(counter.semaphore);
  if (s.layout != layout)
    fail(fmt::format("the semaphore {} is in the layout {}; {} is meant here", s.name,
                     program.layout(s.layout).name, program.layout(layout).name));
  return {counter.semaphore, affine(counter.index)};
}

void ThreadBuilder::matmul(int64_t m, int64_t n, int64_t k, const Block& to, const Block& left,
                           const Block& right, const MatmulOptions& options) {
  constexpr int64_t kMost = int64_t{1} << 20;
  if (std::min({m, n, k}) < 1 || std::max({m, n, k}) > kMost)
    fail(fmt::format("a product of {} x {} x {}", m, n, k), fmt::format("use 1 to {}", kMost));
  Matmul matmul;
  matmul.m = static_cast<int32_t>(m);
  matmul.n = static_cast<int32_t>(n);
  matmul.k = static_cast<int32_t>(k);
  matmul.to = view(to, own_layout(), false);
  matmul.left = view(left, own_layout(), true);
  matmul.right = view(right, own_layout(), false);
  const Program& program = builder_->program_;
  struct Side {
    const char* name;
    const View& view;
    int64_t rows, columns;
  };
  for (const Side& side : {Side{"the result", matmul.to, m, n},
                           {"the left factor", matmul.left, m, k},
                           {"the right factor", matmul.right, k, n}})
    if (side.view.elements != side.rows * side.columns)
      fail(fmt::format("{} has {} elements, not {} x {}", side.name, side.view.elements, side.rows,
                       side.columns));
  const Element a = program.allocation(matmul.left).element;
  const Element b = program.allocation(matmul.right).element;
  for (const Element factor : {a, b})
    if (!is_factor(factor))
      fail(fmt::format("a factor is {}", to_string(factor)),
           "the matrix unit takes bf16 and cfloat8");
  if (size_bytes(a) != size_bytes(b))
    fail(fmt::format("the factors are {} and {}", to_string(a), to_string(b)),
         "use two of bf16 or two of cfloat8");
  const Element c = program.allocation(matmul.to).element;
  if (!float_kind(c.kind)) fail(fmt::format("a product is {}", to_string(c)));
  matmul.adds = options.adds;
  matmul.left_transposed = options.left_transposed;
  matmul.right_transposed = options.right_transposed;
  if (options.random) matmul.random = random_view(*options.random, matmul.to.elements);
  add(Op::kMatmul, push(code().matmuls, matmul));
}

void ThreadBuilder::vector(VectorOp op, const Block& to, const std::vector<Value>& from,
                           const std::optional<RandomBlock>& random) {
  const VectorOpInfo& op_info = info(op);
  if (static_cast<int>(from.size()) != op_info.operands)
    fail(fmt::format("{} operands of {}, which takes {}", from.size(), op_info.name,
                     op_info.operands));
  Vector vector;
  vector.op = op;
  vector.to = view(to, own_layout(), false);
  for (size_t i = 0; i < from.size(); ++i) {
    Operand& operand = vector.from[i];
    if (const auto* constant = std::get_if<float>(&from[i])) {
      if (op_info.reduces) fail(fmt::format("{} of a constant", op_info.name));
      if (std::isnan(*constant)) fail("the constant is not a number");
      operand.constant = *constant;
      continue;
    }
    operand.view = view(std::get<Block>(from[i]), own_layout(), false);
    const int64_t elements = operand.view.elements, results = vector.to.elements;
    if (op_info.reduces ? elements % results != 0 : elements != results)
      fail(fmt::format("{} of {} elements to {}", op_info.name, elements, results));
  }
  if (random) vector.random = random_view(*random, vector.to.elements);
  add(Op::kVector, push(code().vectors, vector));
}

void ThreadBuilder::copy_here(const std::vector<BlockPair>& pieces, const Counter& signal) {
  copy(Copy::Way::kHere, here(), pieces, {.here = signal});
}

void ThreadBuilder::copy_to(const Where& there, const std::vector<BlockPair>& pieces,
                            const CopySignals& signals) {
  copy(Copy::Way::kTo, there, pieces, signals);
}

void ThreadBuilder::copy_from(const Where& there, const std::vector<BlockPair>& pieces,
                              const CopySignals& signals) {
  copy(Copy::Way::kFrom, there, pieces, signals);
}

void ThreadBuilder::copy(Copy::Way way, const Where& there, const std::vector<BlockPair>& pieces,
                         const CopySignals& signals) {
  if (pieces.empty() || pieces.size() > kMaxPieces)
    fail(fmt::format("a transfer of {} pieces", pieces.size()), fmt::format("1 to {}", kMaxPieces));
  if ((there.kind == Place::Kind::kHere) != (way == Copy::Way::kHere))
    fail("a transfer to or from here", "copy here: ...");
  if (there.kind == Place::Kind::kNodes && way == Copy::Way::kFrom)
    fail("a transfer from several nodes", "one for each");
  Copy copy;
  copy.way = way;
  copy.there = place(there);
  const LayoutId to_layout = way == Copy::Way::kTo ? copy.there.layout : own_layout();
  const LayoutId from_layout = way == Copy::Way::kFrom ? copy.there.layout : own_layout();
  const Program& program = builder_->program_;
  std::vector<Piece> made;
  for (const BlockPair& pair : pieces) {
    Piece piece;
    piece.to = view(pair.to, to_layout, false);
    piece.from = view(pair.from, from_layout, true);
    const Allocation &to = program.allocation(piece.to), &from = program.allocation(piece.from);
    if (to.element != from.element)
      fail(fmt::format("{} is {}, {} is {}; a transfer converts nothing", to.name,
                       to_string(to.element), from.name, to_string(from.element)),
           "vector ... = move ... converts");
    if (piece.to.elements != piece.from.elements)
      fail(fmt::format("{} elements to {}", piece.from.elements, piece.to.elements));
    made.push_back(piece);
  }
  copy.first_piece = static_cast<uint32_t>(code().pieces.size());
  copy.num_pieces = static_cast<uint32_t>(made.size());
  code().pieces.insert(code().pieces.end(), made.begin(), made.end());
  if (signals.here.semaphore != kNoSemaphore)
    copy.signal_here = semaphore(signals.here, own_layout());
  if (signals.there.semaphore != kNoSemaphore) {
    if (way == Copy::Way::kHere) fail("there is signalled of a transfer here");
    copy.signal_there = semaphore(signals.there, copy.there.layout);
  }
  add(Op::kCopy, push(code().copies, copy));
}

void ThreadBuilder::signal(const Where& there, const Counter& counter, const Expr& amount) {
  if (there.kind == Place::Kind::kInterface) fail("an interface has no semaphores");
  Signal signal;
  signal.there = place(there);
  signal.semaphore = semaphore(counter, signal.there.layout);
  signal.amount = affine(amount);
  add(Op::kSignal, push(code().signals, signal));
}

void ThreadBuilder::wait(const Counter& counter, const Expr& amount) {
  Wait wait;
  wait.semaphore = semaphore(counter, own_layout());
  wait.amount = affine(amount);
  add(Op::kWait, push(code().waits, wait));
}

void ThreadBuilder::barrier(BarrierId barrier) {
  DOJO_CHECK_LT(at(barrier), builder_->program_.barriers.size());
  add(Op::kBarrier, at(barrier));
}

void ThreadBuilder::phase() {
  if (!builder_->open_[at(class_)][thread_].loops.empty())
    fail("a phase in a loop", "phases are counted where the program is written");
  add(Op::kPhase, 0);
}

void ThreadBuilder::idle(const Expr& cycles) {
  add(Op::kIdle, push(code().idles, Idle{affine(cycles)}));
}

std::vector<Expr> ThreadBuilder::begin_loop(const std::string& counter, const Expr& count,
                                            const std::vector<WrapSpec>& wraps) {
  Builder::OpenThread& open = builder_->open_[at(class_)][thread_];
  if (open.loops.size() >= kMaxDepth)
    fail(fmt::format("more than {} loops in each other", kMaxDepth));
  if (open.slots + 1 + wraps.size() > kMaxCounters)
    fail(fmt::format("more than {} counters at one place", kMaxCounters));
  std::vector<std::string> taken;
  for (const Argument& a : builder_->program_.classes[at(class_)].arguments)
    taken.push_back(a.name);
  for (const Builder::OpenLoop& outer : open.loops) {
    const Loop& loop = code().loops[outer.loop];
    taken.push_back(code().loop_names[outer.loop]);
    for (uint32_t i = 0; i < loop.num_wraps; ++i)
      taken.push_back(code().wrap_names[loop.first_wrap + i]);
  }
  const auto take = [&](const std::string& name) {
    check_name(name);
    if (std::find(taken.begin(), taken.end(), name) != taken.end())
      fail(fmt::format("the name {} is taken", name));
    taken.push_back(name);
  };

  Loop loop;
  take(counter);
  loop.count = affine(count, false);
  loop.first_wrap = static_cast<uint32_t>(code().wraps.size());
  loop.num_wraps = static_cast<uint32_t>(wraps.size());
  loop.begin = static_cast<uint32_t>(code().instructions.size());
  const uint32_t first_slot = open.slots;
  loop.counter = kFirstCounter + open.slots++;
  std::vector<Expr> counters = {Expr::variable(loop.counter)};
  for (const WrapSpec& spec : wraps) {
    take(spec.name);
    if (spec.modulus < 1 || spec.modulus > kMaxValue || spec.step > kMaxValue ||
        spec.step < -kMaxValue)
      fail(fmt::format("{} goes by {} mod {}", spec.name, spec.step, spec.modulus));
    const Affine start = affine(spec.start, false);
    code().wraps.push_back({kFirstCounter + open.slots++, start, spec.step, spec.modulus});
    code().wrap_names.push_back(spec.name);
    counters.push_back(Expr::variable(code().wraps.back().var));
  }
  code().loops.push_back(loop);
  code().loop_names.push_back(counter);
  open.loops.push_back({static_cast<uint32_t>(code().loops.size() - 1), first_slot});
  add(Op::kLoop, code().loops.size() - 1);
  return counters;
}

void ThreadBuilder::end_loop() {
  Builder::OpenThread& open = builder_->open_[at(class_)][thread_];
  DOJO_CHECK(!open.loops.empty());
  const Builder::OpenLoop loop = open.loops.back();
  open.loops.pop_back();
  open.slots = loop.first_slot;
  code().loops[loop.loop].end = static_cast<uint32_t>(code().instructions.size());
  add(Op::kEndLoop, loop.loop);
}

}  // namespace dojo::program
