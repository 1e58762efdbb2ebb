#include "dojo/program/dry_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "dojo/program/barrier_tree.h"
#include "dojo/program/verify_parts.h"

namespace dojo::program {
namespace {

constexpr int64_t kMostCount = INT32_MAX;       // of a semaphore
constexpr size_t kMostWords = size_t{1} << 28;  // of state: 1 GiB

}  // namespace

DryRun::DryRun(const Program& program, const NodeMap& map, const MachineView& machine,
               const VerifyOptions& options, Problems* problems)
    : program_(program), map_(map), options_(options), problems_(*problems) {
  for (const NodeClass& node_class : program.classes) add_class(node_class);
  if (!machine.routes_go_around) ways_.emplace(machine);
}

void DryRun::add_class(const NodeClass& node_class) {
  ClassSync sync;
  const Layout& layout = program_.layout(node_class.layout);
  sync.waits.assign(static_cast<size_t>(layout.num_slots), -1);
  sync.num_words = layout.num_slots + 1;
  for (const Argument& a : node_class.arguments) sync.arguments += std::ssize(a.steps);
  for (size_t t = 0; t < kNumThreads; ++t) {
    const Code& code = node_class.threads[t];
    sync.num_threads += !code.instructions.empty();
    sync.threads[t] = sync_code(code);
    sync.first_word[t] = -1;
    if (sync.threads[t].steps.empty()) continue;
    sync.first_word[t] = sync.num_words;
    sync.num_words += 3 + static_cast<int32_t>(sync.threads[t].depth);
    for (const Wait& wait : code.waits) {
      const Semaphore& s = program_.semaphore(wait.semaphore.semaphore);
      std::fill_n(&sync.waits[static_cast<size_t>(s.first_slot)], s.count, static_cast<int8_t>(t));
    }
  }
  classes_.push_back(std::move(sync));
}

bool DryRun::make_state() {
  size_t words = 0;
  first_word_.assign(map_.num_cells(), 0);
  for (size_t cell = 0; cell < map_.num_cells(); ++cell) {
    if (!map_.has_role(cell)) continue;
    first_word_[cell] = static_cast<uint32_t>(words);
    words += static_cast<size_t>(sync_of(cell).num_words);
    if (words > kMostWords) return give_up("too many nodes for the memory of the verifier");
  }
  words_.assign(words, 0);
  status_.assign(map_.num_cells() * kNumThreads, Status::kDone);
  for (size_t cell = 0; cell < map_.num_cells(); ++cell) {
    if (!map_.has_role(cell)) continue;
    for (const Semaphore& s : program_.semaphores_of(program_.layout(class_of(cell).layout)))
      std::fill_n(&words_[first_word_[cell] + static_cast<size_t>(s.first_slot)], s.count,
                  s.initial);
  }
  at_barrier_.assign(program_.barriers.size(), 0);
  return true;
}

bool DryRun::give_up(std::string_view why) {
  if (!is_given_up_)
    problems_.add(ProblemKind::kUndecided, {}, fmt::format("waiting is not decided: {}", why),
                  "a simulation notices what waits for ever");
  is_given_up_ = true;
  return false;
}

bool DryRun::run() {
  if (!make_state()) return false;
  for (size_t cell = 0; cell < map_.num_cells(); ++cell) {
    if (!map_.has_role(cell)) continue;
    for (size_t t = 0; t < kNumThreads; ++t)
      if (sync_of(cell).first_word[t] >= 0) wake(cell, t);
    while (!ready_.empty() && !is_given_up_ && problems_.num_errors() < 2 * Problems::kMost) {
      const auto [next_cell, thread] = ready_.back();
      ready_.pop_back();
      run(next_cell, thread);
    }
  }
  return !is_given_up_ && problems_.num_errors() == 0;
}

const SyncStep& DryRun::step(size_t cell, size_t thread) const {
  const auto pc = static_cast<size_t>(words_[first_word(cell, thread)]);
  // At barriers and phases it has gone one step further already.
  const size_t beyond = status(cell, thread) == Status::kAtWait ? 0 : 1;
  return sync_of(cell).threads[thread].steps[pc - beyond];
}

DryRun::Wanted DryRun::wanted(size_t cell, size_t thread) const {
  const int32_t* own = &words_[first_word(cell, thread)];
  return {.slot = own[2], .amount = own[1]};
}

void DryRun::wake(size_t cell, size_t thread) {
  status_[cell * kNumThreads + thread] = Status::kReady;
  ready_.emplace_back(cell, thread);
}

// Among those of its layout; kNoSlot where none is meant.
size_t DryRun::slot(const SemaphoreRef& s, const Code& code, const Frame& frame) const {
  if (s.is_none()) return kNoSlot;
  return static_cast<size_t>(program_.semaphore(s.semaphore).first_slot +
                             code.value(s.index, frame));
}

// One thread, until it is done or waits.
void DryRun::run(size_t cell, size_t thread) {
  const NodeMap::Role role = map_.role(cell);
  const NodeClass& node_class = program_.classes[at(role.node_class)];
  const ClassSync& sync = classes_[at(role.node_class)];
  const Code& code = node_class.threads[thread];
  const std::vector<SyncStep>& steps = sync.threads[thread].steps;
  int32_t* const own = &words_[first_word(cell, thread)];
  int32_t* const turns = own + 3;
  Status& state = status_[cell * kNumThreads + thread];
  Frame frame{};
  const Coord node = map_.coord(cell);
  set_arguments(node_class, node_class.regions[static_cast<size_t>(role.region)], node, &frame);
  steps_ += sync.arguments / kArgumentSteps;
  auto pc = static_cast<uint32_t>(own[0]);
  if (pc < steps.size())
    for (uint32_t loop = steps[pc].around; loop != SyncStep::kNone; loop = steps[loop].around)
      set_counters(code, code.loops[steps[loop].index], turns[steps[loop].depth], &frame);
  const auto here = [&](const SyncStep& step) {
    return site(role.node_class, thread, step.instruction);
  };
  const auto stop = [&](Status why) {
    state = why;
    own[0] = static_cast<int32_t>(pc);
  };
  for (;;) {
    if (pc == steps.size()) return stop(Status::kDone);
    if (++steps_ > options_.most_steps) {
      give_up(fmt::format("more than {} steps", options_.most_steps));
      return stop(Status::kReady);
    }
    const SyncStep& step = steps[pc];
    switch (step.op) {
      case Op::kLoop: {
        const Loop& loop = code.loops[step.index];
        if (code.value(loop.count, frame) == 0) {
          pc = step.partner;
        } else {
          turns[step.depth] = 0;
          set_counters(code, loop, 0, &frame);
        }
        break;
      }
      case Op::kEndLoop: {
        const Loop& loop = code.loops[step.index];
        const int64_t turn = turns[step.depth] + 1;
        if (turn < code.value(loop.count, frame)) {
          turns[step.depth] = static_cast<int32_t>(turn);
          set_counters(code, loop, turn, &frame);
          pc = step.partner;
        }
        break;
      }
      case Op::kCopy: {
        const Copy& copy = code.copies[step.index];
        if (copy.way != Copy::Way::kHere)
          reach({here(step), node, copy.there.layout, slot(copy.signal_there, code, frame), 1,
                 copy.way == Copy::Way::kFrom},
                code, copy.there, frame);
        if (!copy.signal_here.is_none())
          deliver(here(step), cell, slot(copy.signal_here, code, frame), 1);
        break;
      }
      case Op::kSignal: {
        const Signal& signal = code.signals[step.index];
        reach({here(step), node, signal.there.layout, slot(signal.semaphore, code, frame),
               code.value(signal.amount, frame)},
              code, signal.there, frame);
        break;
      }
      case Op::kWait: {
        const Wait& wait = code.waits[step.index];
        const int64_t amount = code.value(wait.amount, frame);
        const size_t waits_for = slot(wait.semaphore, code, frame);
        int32_t& count = words_[first_word_[cell] + waits_for];
        if (amount > count) {
          own[1] = static_cast<int32_t>(std::min(amount, kMostCount));
          own[2] = static_cast<int32_t>(waits_for);
          return stop(Status::kAtWait);
        }
        count -= static_cast<int32_t>(amount);
        break;
      }
      case Op::kBarrier:
        ++pc;
        if (!come_to_barrier(cell, thread, step)) return stop(Status::kAtBarrier);
        continue;
      case Op::kPhase: {
        ++pc;
        int32_t& there = words_[first_word_[cell] + sync.waits.size()];
        if (++there < sync.num_threads) return stop(Status::kAtPhase);
        there = 0;
        for (size_t t = 0; t < kNumThreads; ++t)
          if (status(cell, t) == Status::kAtPhase) wake(cell, t);
        continue;
      }
      default:
        break;
    }
    ++pc;
  }
}

void DryRun::reach(const Message& message, const Code& code, const Place& place,
                   const Frame& frame) {
  if (place.kind == Place::Kind::kInterface) return;
  if (place.kind == Place::Kind::kHere)
    return deliver(message.here, map_.cell(message.from), message.signalled, message.amount);
  const int64_t x = code.value(place.x, frame), y = code.value(place.y, frame);
  int64_t columns = 1, rows = 1;
  if (place.kind == Place::Kind::kNodes) {
    columns = code.value(place.x_count, frame);
    rows = code.value(place.y_count, frame);
    steps_ += columns * rows - 1;
    if (steps_ > options_.most_steps) return;  // told at the next step
  }
  for (int64_t j = 0; j < rows; ++j)
    for (int64_t i = 0; i < columns; ++i)
      if (!reach_one(message, x + i * place.x_step, y + j * place.y_step)) return;
}

bool DryRun::reach_one(const Message& message, int64_t x, int64_t y) {
  const auto add = [&](std::string what) {
    problems_.add(ProblemKind::kTargets, message.here,
                  fmt::format("from the node ({}, {}) to ({}, {}), {}", message.from.x,
                              message.from.y, x, y, what));
    return false;
  };
  if (!map_.inside(x, y)) return add("which is outside the grid");
  const Coord target{static_cast<int32_t>(x), static_cast<int32_t>(y)};
  const size_t to = map_.cell(target);
  if (!map_.has_role(to)) return add("which is of no class");
  const NodeClass& other = class_of(to);
  if (other.layout != message.layout)
    return add(fmt::format("which has the layout {}, not {}", program_.layout(other.layout).name,
                           program_.layout(message.layout).name));
  if (!check_way(message.here, message.from, target)) return false;
  if (message.is_answered && !check_way(message.here, target, message.from)) return false;
  if (message.signalled != kNoSlot) deliver(message.here, to, message.signalled, message.amount);
  return true;
}

void DryRun::deliver(const Site& here, size_t cell, size_t signalled, int64_t amount) {
  const ClassSync& sync = sync_of(cell);
  int32_t& count = words_[first_word_[cell] + signalled];
  if (amount > kMostCount - count) {
    problems_.add(ProblemKind::kUnmatched, here,
                  fmt::format("a semaphore gets to more than {}", kMostCount));
    return;
  }
  count += static_cast<int32_t>(amount);
  if (sync.waits[signalled] < 0) return;
  const auto thread = static_cast<size_t>(sync.waits[signalled]);
  if (status(cell, thread) != Status::kAtWait) return;
  const int32_t* own = &words_[first_word(cell, thread)];
  if (static_cast<size_t>(own[2]) == signalled && count >= own[1]) wake(cell, thread);
}

// True iff this is the last one; then all others go on.
bool DryRun::come_to_barrier(size_t cell, size_t thread, const SyncStep& step) {
  const Barrier& barrier = program_.barriers[step.index];
  const Coord node = map_.coord(cell);
  if (!barrier.region.contains(node)) {
    problems_.add(ProblemKind::kTargets, site(map_.role(cell).node_class, thread, step.instruction),
                  fmt::format("the node ({}, {}) is not in the barrier's region", node.x, node.y));
    return true;
  }
  if (++at_barrier_[step.index] < barrier.region.num_nodes()) return false;
  open_barrier(step.index);
  return true;
}

void DryRun::open_barrier(size_t number) {
  const Barrier& barrier = program_.barriers[number];
  at_barrier_[number] = 0;
  steps_ += barrier.region.num_nodes();
  for_each_node(barrier.region, [&](Coord node) {
    const Coord parent = barrier_parent(barrier, node);
    const Site tree{Site::Kind::kBarrier, static_cast<int32_t>(number)};
    if (check_way(tree, node, parent)) check_way(tree, parent, node);
    const size_t cell = map_.cell(node);
    for (size_t t = 0; t < kNumThreads; ++t)
      if (status(cell, t) == Status::kAtBarrier && step(cell, t).index == number) wake(cell, t);
  });
}

// Between two nodes of the program. Adds a problem unless all nodes on the way are live.
bool DryRun::check_way(const Site& here, Coord from, Coord to) {
  if (!ways_) return true;
  const Coord a = map_.place(map_.cell(from)), b = map_.place(map_.cell(to));
  if (ways_->is_free(a, b)) return true;
  problems_.add(
      ProblemKind::kRoutes, here,
      fmt::format("from the node ({}, {}) to ({}, {}), over a disabled node between ({}, {}) and "
                  "({}, {}) of the machine",
                  from.x, from.y, to.x, to.y, a.x, a.y, b.x, b.y));
  return false;
}

}  // namespace dojo::program
