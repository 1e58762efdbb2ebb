// Indices, amounts and counts, for every node and every turn of every loop. Each is a sum of parts
// that vary independently (the node's coordinates and arguments, then each loop), so that its least
// and its greatest value over the loops are sums of those of the parts: exact, without running
// anything. A quick look with the ranges of all nodes of the class together comes first; only what
// that cannot clear is looked at node by node.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "dojo/program/verify_parts.h"

namespace dojo::program {
namespace {

struct Interval {
  int64_t least = 0, most = 0;

  bool inside(Interval other) const { return least >= other.least && most <= other.most; }
};

class ClassVerifier {
 public:
  ClassVerifier(const Program& program, ClassId id, const MachineView& machine, int64_t* tries_left,
                Problems* problems)
      : program_(program),
        class_(program.classes[at(id)]),
        id_(id),
        machine_(machine),
        tries_left_(*tries_left),
        problems_(*problems) {
    find_ranges();
    for (const Argument& a : class_.arguments)
      tries_at_node_ += std::ssize(a.steps) / kArgumentSteps;
  }

  void verify() {
    for (thread_ = 0; thread_ < kNumThreads; ++thread_) {
      code_ = &class_.threads[thread_];
      phase_ = 0;
      loops_.clear();
      never_ = 0;
      for (instruction_ = 0; instruction_ < code_->instructions.size(); ++instruction_) {
        const Instruction& i = code_->instructions[instruction_];
        if (i.op == Op::kLoop)
          enter(code_->loops[i.index]);
        else if (i.op == Op::kEndLoop)
          leave();
        else if (never_ == 0)
          look(i);
      }
    }
  }

 private:
  struct Violation {
    Coord node;
    Interval seen;
  };

  // The ranges of x, y and arguments over the nodes of the class.
  void find_ranges() {
    bool first = true;
    const size_t used = kFirstArgument + class_.arguments.size();
    for (const ClassRegion& region : class_.regions)
      for_each_node(region.region, [&](Coord node) {
        Frame frame{};
        set_arguments(class_, region, node, &frame);
        for (size_t v = 0; v < used; ++v) {
          ranges_[v].least = first ? frame[v] : std::min(ranges_[v].least, frame[v]);
          ranges_[v].most = first ? frame[v] : std::max(ranges_[v].most, frame[v]);
        }
        first = false;
      });
  }

  void enter(const Loop& loop) {
    // A count below 0, or a loop that is too long, is told once; then it counts as never entered.
    Interval count = quick(loop.count);
    const bool sound =
        never_ == 0 && check(loop.count, {0, kMaxValue}, "the count of the loop", "");
    count.most = std::min(count.most, kMaxValue);
    if (never_ > 0 || !sound || count.most <= 0) ++never_;
    ranges_[loop.counter] = {0, std::max<int64_t>(count.most - 1, 0)};
    for (const Wrap& wrap : code_->wraps_of(loop)) ranges_[wrap.var] = {0, wrap.modulus - 1};
    loops_.push_back(&loop);
  }

  void leave() {
    loops_.pop_back();
    if (never_ > 0) --never_;
  }

  void look(const Instruction& i) {
    switch (i.op) {
      case Op::kMatmul: {
        const Matmul& m = code_->matmuls[i.index];
        look(m.to, true);
        look(m.left, true);
        look(m.right, true);
        look_random(m.random);
        break;
      }
      case Op::kVector: {
        const Vector& v = code_->vectors[i.index];
        look(v.to, true);
        for (const Operand& operand : v.from)
          if (!operand.is_constant()) look(operand.view, true);
        look_random(v.random);
        break;
      }
      case Op::kCopy: {
        const Copy& c = code_->copies[i.index];
        look(c.there);
        look(c.signal_here);
        look(c.signal_there);
        for (const Piece& piece : code_->pieces_of(c)) {
          look(piece.to, c.way != Copy::Way::kTo);
          look(piece.from, c.way != Copy::Way::kFrom);
        }
        break;
      }
      case Op::kSignal:
        look(code_->signals[i.index].there);
        look(code_->signals[i.index].semaphore);
        check(code_->signals[i.index].amount, {0, kMaxConstant}, "the amount", "");
        break;
      case Op::kWait:
        look(code_->waits[i.index].semaphore);
        check(code_->waits[i.index].amount, {0, kMaxConstant}, "the amount", "");
        break;
      case Op::kIdle:
        check(code_->idles[i.index].cycles, {0, kMaxConstant}, "the number of cycles", "");
        break;
      case Op::kPhase:
        ++phase_;
        break;
      case Op::kBarrier:
      case Op::kLoop:
      case Op::kEndLoop:
        break;
    }
  }

  void look(const Place& place) {
    if (place.kind == Place::Kind::kNodes) {
      check(place.x_count, {1, kMaxGridSide}, "the number of columns", "");
      check(place.y_count, {1, kMaxGridSide}, "the number of rows", "");
    } else if (place.kind == Place::Kind::kInterface) {
      check(place.x, {0, machine_.num_interfaces - 1}, "the interface",
            fmt::format("the machine has {}", machine_.num_interfaces));
    }
  }

  void look(const SemaphoreRef& ref) {
    if (ref.is_none()) return;
    const Semaphore& semaphore = program_.semaphore(ref.semaphore);
    check(ref.index, {0, semaphore.count - 1}, fmt::format("{}'s index", semaphore.name), "");
  }

  void look(const View& view, bool own) {
    const Allocation& a = program_.allocation(view);
    if (own && !a.live.contains(phase_))
      problems_.add(ProblemKind::kAccess, here(),
                    fmt::format("{} is not live in phase {}", a.name, phase_));
    if (!view.padded) look_indices(view, a.name, a.shape);
  }

  void look_random(const View& view) {
    if (view == kNoView) return;
    const Random& random = program_.randoms[static_cast<size_t>(view.of)];
    look_indices(view, random.name, random.shape);
  }

  void look_indices(const View& view, const std::string& name, const std::vector<int64_t>& shape) {
    for (size_t d = 0; d < shape.size(); ++d) {
      const Dim& dim = code_->dims[view.first_dim + d];
      // The last index is behind the first by this; beyond the dimension it cannot be right.
      const int64_t behind = dim.step == 0 || dim.count - 1 <= shape[d] / dim.step
                                 ? (dim.count - 1) * dim.step
                                 : shape[d];
      const Interval allowed{0, shape[d] - 1 - behind};
      check(
          dim.start, allowed, fmt::format("{}, index {}", name, d),
          fmt::format("{} from each start on, of {}",
                      dim.count == 1 ? "1 index" : fmt::format("{} indices", dim.count), shape[d]));
    }
  }

  Site here() const { return site(id_, thread_, instruction_); }

  // Of all nodes and turns, or wider.
  Interval quick(const Affine& affine) const {
    Interval sum{affine.constant, affine.constant};
    for (const Term& term : terms_of(affine)) add(&sum, term.factor, ranges_[term.var]);
    return sum;
  }

  static void add(Interval* sum, int64_t factor, Interval range) {
    sum->least += factor * (factor > 0 ? range.least : range.most);
    sum->most += factor * (factor > 0 ? range.most : range.least);
  }

  std::span<const Term> terms_of(const Affine& affine) const {
    return std::span(code_->terms).subspan(affine.first_term, affine.num_terms);
  }

  // True iff all values are allowed; else adds a problem.
  bool check(const Affine& affine, Interval allowed, std::string_view what, std::string_view why) {
    const Interval all = quick(affine);
    if (all.inside(allowed)) return true;
    const std::optional<Violation> found = second_look(affine, allowed);
    if (!found && tries_left_ >= 0) return true;
    std::string message;
    if (found)
      message = fmt::format("{} is {} at the node ({}, {})", what, shown(found->seen),
                            found->node.x, found->node.y);
    else
      message =
          fmt::format("{} may be {}, and it takes too long to see whether it is", what, shown(all));
    problems_.add(ProblemKind::kAccess, here(),
                  fmt::format("{}; allowed are {}", message,
                              allowed.least > allowed.most ? "none" : shown(allowed)),
                  std::string(why));
    return false;
  }

  static std::string shown(Interval i) {
    return i.least == i.most ? std::to_string(i.least) : fmt::format("{} to {}", i.least, i.most);
  }

  // The first node that has a value that is not allowed. Nothing, with tries_left_ below 0, where
  // that takes too long.
  std::optional<Violation> second_look(const Affine& affine, Interval allowed) {
    for (const ClassRegion& region : class_.regions)
      for (int32_t j = 0; j < region.region.y.count; ++j)
        for (int32_t i = 0; i < region.region.x.count; ++i) {
          const Coord node{region.region.x.at(i), region.region.y.at(j)};
          Frame frame{};
          set_arguments(class_, region, node, &frame);
          const std::optional<Interval> seen = at_node(affine, &frame);
          if (tries_left_ < 0) return {};
          if (seen && !seen->inside(allowed)) return Violation{node, *seen};
        }
    return {};
  }

  // Over the turns of the loops around at one node; nothing where one of them is not entered.
  std::optional<Interval> at_node(const Affine& affine, Frame* frame) {
    tries_left_ -= tries_at_node_;
    for (const Loop* loop : loops_) {
      (*frame)[loop->counter] = code_->value(loop->count, *frame);  // the number of turns, for now
      if ((*frame)[loop->counter] == 0) return {};
    }
    int64_t constant = affine.constant;
    for (const Term& term : terms_of(affine))
      if (term.var < kFirstCounter) constant += term.factor * (*frame)[term.var];
    Interval sum{constant, constant};
    for (const Loop* loop : loops_) {
      const Interval part = of_loop(affine, *loop, (*frame)[loop->counter], *frame);
      sum.least += part.least;
      sum.most += part.most;
      if (tries_left_ < 0) break;
    }
    return sum;
  }

  // What the counters of one loop add, over its turns.
  Interval of_loop(const Affine& affine, const Loop& loop, int64_t turns, const Frame& frame) {
    int64_t factor = 0, period = 1;
    std::array<const Wrap*, kMaxCounters> wraps;
    std::array<int64_t, kMaxCounters> factors, starts;
    size_t num_wraps = 0;
    for (const Term& term : terms_of(affine)) {
      if (term.var == loop.counter) factor = term.factor;
      for (const Wrap& wrap : code_->wraps_of(loop)) {
        if (wrap.var != term.var) continue;
        wraps[num_wraps] = &wrap;
        factors[num_wraps] = term.factor;
        starts[num_wraps++] = code_->value(wrap.start, frame);
        if (period < turns) period = std::lcm(period, wrap.modulus);
      }
    }
    const auto value = [&](int64_t turn) {
      int64_t v = factor * turn;
      for (size_t w = 0; w < num_wraps; ++w) v += factors[w] * wraps[w]->value(starts[w], turn);
      return v;
    };
    Interval range{value(0), value(0)};
    const auto see = [&](int64_t turn) {
      range.least = std::min(range.least, value(turn));
      range.most = std::max(range.most, value(turn));
    };
    if (num_wraps == 0) {
      see(turns - 1);
      return range;
    }
    // Beside `factor * turn` there are `period` values that repeat: the first and the last period
    // have the extremes.
    const int64_t few = std::min(turns, period);
    tries_left_ -= 2 * few;
    if (tries_left_ < 0) return range;
    for (int64_t turn = 0; turn < few; ++turn) {
      see(turn);
      see(turns - 1 - turn);
    }
    return range;
  }

  const Program& program_;
  const NodeClass& class_;
  ClassId id_;
  const MachineView& machine_;
  int64_t& tries_left_;
  int64_t tries_at_node_ = 1;  // that a look at one takes
  Problems& problems_;

  std::array<Interval, kNumVars> ranges_{};  // by variable, in force
  size_t thread_ = 0, instruction_ = 0;
  const Code* code_ = nullptr;
  int32_t phase_ = 0;
  std::vector<const Loop*> loops_;  // around
  int never_ = 0;                   // of them, from the first that no node enters on
};

}  // namespace

bool verify_arguments(const Program& program, Problems* problems) {
  bool all = true;
  for (size_t c = 0; c < program.classes.size(); ++c) {
    const NodeClass& node_class = program.classes[c];
    bool good = true;
    for (const ClassRegion& region : node_class.regions)
      for_each_node(region.region, [&](Coord node) {
        Frame frame{};
        if (!good || set_arguments(node_class, region, node, &frame)) return;
        good = false;
        problems->add(ProblemKind::kClasses, {Site::Kind::kClass, static_cast<int32_t>(c)},
                      fmt::format("an argument has no value at the node ({}, {})", node.x, node.y),
                      "a divisor is below 1, or a number beyond 2^24");
      });
    all = all && good;
  }
  return all;
}

void verify_access(const Program& program, const MachineView& machine, const VerifyOptions& options,
                   Problems* problems) {
  int64_t tries_left = options.most_tries;
  for (size_t c = 0; c < program.classes.size(); ++c)
    ClassVerifier(program, ClassId{static_cast<int32_t>(c)}, machine, &tries_left, problems)
        .verify();
}

}  // namespace dojo::program
