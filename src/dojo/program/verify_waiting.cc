// Waiting, decided by executing counts. No instruction depends on data, and of a node only one
// thread waits for a given semaphore, so that a thread that can go on can never be held up by what
// another one does first: all orders of execution end in the same state. One order is therefore
// enough to know whether threads wait for ever and how semaphores end.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "dojo/program/barrier_tree.h"
#include "dojo/program/straight_ways.h"
#include "dojo/program/sync_code.h"
#include "dojo/program/verify_parts.h"

namespace dojo::program {
namespace {

constexpr size_t kNoSlot = SIZE_MAX;
constexpr int64_t kMostCount = INT32_MAX;       // of a semaphore
constexpr size_t kMostWords = size_t{1} << 28;  // of state: 1 GiB

enum class Status : uint8_t { kReady, kAtWait, kAtBarrier, kAtPhase, kDone };

// How the state of a node of a class lies in words: the semaphores of its layout, how many threads
// are at a phase, then each thread that has steps: the step that it is at, what it waits for, and
// the turns of the loops around.
struct ClassSync {
  std::array<SyncCode, kNumThreads> threads;
  std::array<int32_t, kNumThreads> first_word{};  // of a thread; -1: it has no steps
  int32_t num_threads = 0;                        // that have instructions
  int32_t num_words = 0;
  int64_t arguments = 0;      // steps that it takes to compute them
  std::vector<int8_t> waits;  // by slot of the layout: the thread that waits for it, or -1
};

class Waiting {
 public:
  Waiting(const Program& program, const NodeMap& map, const MachineView& machine,
          const VerifyOptions& options, Problems* problems)
      : program_(program), map_(map), machine_(machine), options_(options), problems_(*problems) {}

  int64_t verify() {
    for (size_t c = 0; c < program_.classes.size(); ++c) add_class(c);
    verify_barriers();
    if (problems_.num_errors() > 0) return 0;
    if (!machine_.routes_go_around) ways_.emplace(machine_);
    if (!make_state()) return 0;
    run_all();
    if (undecided_ || problems_.num_errors() > 0) return steps_;
    tell_waiting();
    if (problems_.num_errors() == 0) tell_unmatched();
    return steps_;
  }

 private:
  const NodeClass& node_class(size_t c) const { return program_.classes[c]; }

  // Among those of its layout; kNoSlot where none is meant.
  size_t slot(const SemaphoreRef& s, const Code& code, const Frame& frame) const {
    if (s.is_none()) return kNoSlot;
    return static_cast<size_t>(program_.semaphore(s.semaphore).first_slot +
                               code.value(s.index, frame));
  }

  void add_class(size_t c) {
    ClassSync sync;
    const Layout& layout = program_.layout(node_class(c).layout);
    sync.waits.assign(static_cast<size_t>(layout.num_slots), -1);
    sync.num_words = layout.num_slots + 1;
    for (const Argument& a : node_class(c).arguments) sync.arguments += std::ssize(a.steps);
    for (size_t t = 0; t < kNumThreads; ++t) {
      const Code& code = node_class(c).threads[t];
      sync.num_threads += !code.instructions.empty();
      sync.threads[t] = sync_code(code);
      sync.first_word[t] = -1;
      if (sync.threads[t].steps.empty()) continue;
      sync.first_word[t] = sync.num_words;
      sync.num_words += 3 + static_cast<int32_t>(sync.threads[t].depth);
      for (const SyncStep& step : sync.threads[t].steps) {
        if (step.op != Op::kWait) continue;
        const Semaphore& s = program_.semaphore(code.waits[step.index].semaphore.semaphore);
        int8_t& waiter = sync.waits[static_cast<size_t>(s.first_slot)];
        if (waiter >= 0 && waiter != static_cast<int8_t>(t))
          problems_.add(ProblemKind::kUnmatched, site(c, t, step),
                        fmt::format("thread {} of the class waits for {} too", waiter, s.name),
                        "which of them goes on would depend on time; use two semaphores");
        std::fill_n(&waiter, s.count, static_cast<int8_t>(t));
      }
    }
    classes_.push_back(std::move(sync));
  }

  static Site site(size_t c, size_t thread, const SyncStep& step) {
    return program::site(ClassId{static_cast<int32_t>(c)}, thread, step.instruction);
  }

  // Each node of a barrier has one thread that comes to it.
  void verify_barriers() {
    for (size_t c = 0; c < classes_.size(); ++c) {
      std::vector<int8_t> comes(program_.barriers.size(), -1);  // the thread
      for (size_t t = 0; t < kNumThreads; ++t)
        for (const SyncStep& step : classes_[c].threads[t].steps) {
          if (step.op != Op::kBarrier) continue;
          int8_t& thread = comes[step.index];
          if (thread >= 0 && thread != static_cast<int8_t>(t))
            problems_.add(ProblemKind::kUnmatched, site(c, t, step),
                          fmt::format("thread {} of the class comes to the barrier too", thread));
          thread = static_cast<int8_t>(t);
        }
    }
  }

  bool make_state() {
    size_t words = 0;
    first_word_.assign(map_.num_cells(), 0);
    for (size_t cell = 0; cell < map_.num_cells(); ++cell) {
      if (!map_.has_role(cell)) continue;
      first_word_[cell] = static_cast<uint32_t>(words);
      words += static_cast<size_t>(classes_[at(map_.role(cell).node_class)].num_words);
      if (words > kMostWords) return undecided("too many nodes for the memory of the verifier");
    }
    words_.assign(words, 0);
    status_.assign(map_.num_cells() * kNumThreads, Status::kDone);
    for (size_t cell = 0; cell < map_.num_cells(); ++cell) {
      if (!map_.has_role(cell)) continue;
      const size_t c = at(map_.role(cell).node_class);
      const auto semaphores = program_.semaphores_of(program_.layout(node_class(c).layout));
      for (const Semaphore& s : semaphores)
        std::fill_n(&words_[first_word_[cell] + static_cast<size_t>(s.first_slot)], s.count,
                    s.initial);
    }
    at_barrier_.assign(program_.barriers.size(), 0);
    return true;
  }

  bool undecided(std::string_view why) {
    if (!undecided_)
      problems_.add(ProblemKind::kUndecided, {}, fmt::format("waiting is not decided: {}", why),
                    "a simulation notices what waits for ever");
    undecided_ = true;
    return false;
  }

  void run_all() {
    for (size_t cell = 0; cell < map_.num_cells(); ++cell) {
      if (!map_.has_role(cell)) continue;
      const ClassSync& sync = classes_[at(map_.role(cell).node_class)];
      for (size_t t = 0; t < kNumThreads; ++t)
        if (sync.first_word[t] >= 0) wake(cell, t);
      while (!ready_.empty() && !undecided_ && problems_.num_errors() < 2 * Problems::kMost) {
        const auto [next_cell, thread] = ready_.back();
        ready_.pop_back();
        run(next_cell, thread);
      }
    }
  }

  void wake(size_t cell, size_t thread) {
    status_[cell * kNumThreads + thread] = Status::kReady;
    ready_.emplace_back(cell, thread);
  }

  // One thread, until it is done or waits.
  void run(size_t cell, size_t thread) {
    const NodeMap::Role role = map_.role(cell);
    const size_t c = at(role.node_class);
    const ClassSync& sync = classes_[c];
    const Code& code = node_class(c).threads[thread];
    const std::vector<SyncStep>& steps = sync.threads[thread].steps;
    int32_t* const own = &words_[first_word_[cell] + static_cast<size_t>(sync.first_word[thread])];
    int32_t* const turns = own + 3;
    Status& status = status_[cell * kNumThreads + thread];
    Frame frame{};
    const Coord node = map_.coord(cell);
    set_arguments(node_class(c), node_class(c).regions[static_cast<size_t>(role.region)], node,
                  &frame);
    steps_ += sync.arguments / kArgumentSteps;
    auto pc = static_cast<uint32_t>(own[0]);
    if (pc < steps.size())
      for (uint32_t loop = steps[pc].around; loop != SyncStep::kNone; loop = steps[loop].around)
        set_counters(code, code.loops[steps[loop].index], turns[steps[loop].depth], &frame);
    const auto stop = [&](Status why) {
      status = why;
      own[0] = static_cast<int32_t>(pc);
    };
    for (;;) {
      if (pc == steps.size()) return stop(Status::kDone);
      if (++steps_ > options_.most_steps) {
        undecided(fmt::format("more than {} steps", options_.most_steps));
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
          const Site here = site(c, thread, step);
          if (copy.way != Copy::Way::kHere)
            reach({here, node, copy.there.layout, slot(copy.signal_there, code, frame), 1,
                   copy.way == Copy::Way::kFrom},
                  code, copy.there, frame);
          if (!copy.signal_here.is_none())
            deliver(here, cell, slot(copy.signal_here, code, frame), 1);
          break;
        }
        case Op::kSignal: {
          const Signal& signal = code.signals[step.index];
          reach({site(c, thread, step), node, signal.there.layout,
                 slot(signal.semaphore, code, frame), code.value(signal.amount, frame)},
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
          if (!come_to_barrier(c, cell, thread, step)) return stop(Status::kAtBarrier);
          continue;
        case Op::kPhase: {
          ++pc;
          int32_t& there = words_[first_word_[cell] + sync.waits.size()];
          if (++there < sync.num_threads) return stop(Status::kAtPhase);
          there = 0;
          for (size_t t = 0; t < kNumThreads; ++t)
            if (status_[cell * kNumThreads + t] == Status::kAtPhase) wake(cell, t);
          continue;
        }
        default:
          break;
      }
      ++pc;
    }
  }

  // A transfer or a signal on its way from a node to those of one layout.
  struct Message {
    Site here;
    Coord from;
    LayoutId layout;
    size_t signalled;  // kNoSlot: nothing
    int64_t amount;
    bool is_answered = false;  // a request, whose data come back
  };

  void reach(const Message& message, const Code& code, const Place& place, const Frame& frame) {
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

  bool reach_one(const Message& message, int64_t x, int64_t y) {
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
    const NodeClass& other = node_class(at(map_.role(to).node_class));
    if (other.layout != message.layout)
      return add(fmt::format("which has the layout {}, not {}", program_.layout(other.layout).name,
                             program_.layout(message.layout).name));
    if (!check_way(message.here, message.from, target)) return false;
    if (message.is_answered && !check_way(message.here, target, message.from)) return false;
    if (message.signalled != kNoSlot) deliver(message.here, to, message.signalled, message.amount);
    return true;
  }

  void deliver(const Site& here, size_t cell, size_t signalled, int64_t amount) {
    const ClassSync& sync = classes_[at(map_.role(cell).node_class)];
    int32_t& count = words_[first_word_[cell] + signalled];
    if (amount > kMostCount - count) {
      problems_.add(ProblemKind::kUnmatched, here,
                    fmt::format("a semaphore gets to more than {}", kMostCount));
      return;
    }
    count += static_cast<int32_t>(amount);
    if (sync.waits[signalled] < 0) return;
    const auto thread = static_cast<size_t>(sync.waits[signalled]);
    if (status_[cell * kNumThreads + thread] != Status::kAtWait) return;
    const int32_t* own = &words_[first_word_[cell] + static_cast<size_t>(sync.first_word[thread])];
    if (static_cast<size_t>(own[2]) == signalled && count >= own[1]) wake(cell, thread);
  }

  // True iff this is the last one; then all others go on.
  bool come_to_barrier(size_t c, size_t cell, size_t thread, const SyncStep& step) {
    const Barrier& barrier = program_.barriers[step.index];
    if (!barrier.region.contains(map_.coord(cell))) {
      const Coord node = map_.coord(cell);
      problems_.add(
          ProblemKind::kTargets, site(c, thread, step),
          fmt::format("the node ({}, {}) is not in the barrier's region", node.x, node.y));
      return true;
    }
    if (++at_barrier_[step.index] < barrier.region.num_nodes()) return false;
    at_barrier_[step.index] = 0;
    steps_ += barrier.region.num_nodes();
    for_each_node(barrier.region, [&](Coord node) {
      const Coord parent = barrier_parent(barrier, node);
      const Site tree{Site::Kind::kBarrier, static_cast<int32_t>(step.index)};
      if (check_way(tree, node, parent)) check_way(tree, parent, node);
      const size_t other = map_.cell(node);
      for (size_t t = 0; t < kNumThreads; ++t)
        if (status_[other * kNumThreads + t] == Status::kAtBarrier &&
            step_before(other, t).index == step.index)
          wake(other, t);
    });
    return true;
  }

  // The step at which a thread waits that has gone past it already.
  const SyncStep& step_before(size_t cell, size_t thread) const {
    const ClassSync& sync = classes_[at(map_.role(cell).node_class)];
    const int32_t pc = words_[first_word_[cell] + static_cast<size_t>(sync.first_word[thread])];
    return sync.threads[thread].steps[static_cast<size_t>(pc) - 1];
  }

  // Between two nodes of the program. Adds a problem unless all nodes on the way are live.
  bool check_way(const Site& here, Coord from, Coord to) {
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

  // ---- What is left at the end ----

  struct Stuck {
    int64_t nodes = 0;
    Coord first;
    int32_t count = 0, needed = 0;
    SyncStep step;
    Status status = Status::kDone;
  };

  void tell_waiting() {
    std::map<std::tuple<size_t, size_t, uint32_t>, Stuck> stuck;  // class, thread, instruction
    for (size_t cell = 0; cell < map_.num_cells(); ++cell) {
      if (!map_.has_role(cell)) continue;
      const size_t c = at(map_.role(cell).node_class);
      for (size_t t = 0; t < kNumThreads; ++t) {
        const Status status = status_[cell * kNumThreads + t];
        if (status == Status::kDone) continue;
        const ClassSync& sync = classes_[c];
        const int32_t* own = &words_[first_word_[cell] + static_cast<size_t>(sync.first_word[t])];
        const SyncStep& step = status == Status::kAtWait
                                   ? sync.threads[t].steps[static_cast<size_t>(own[0])]
                                   : step_before(cell, t);
        Stuck& s = stuck[{c, t, step.instruction}];
        if (s.nodes++ > 0) continue;
        s.first = map_.coord(cell);
        s.step = step;
        s.status = status;
        if (status == Status::kAtWait) {
          s.count = words_[first_word_[cell] + static_cast<size_t>(own[2])];
          s.needed = own[1];
        }
      }
    }
    for (const auto& [key, s] : stuck) {
      const auto& [c, t, instruction] = key;
      std::string what, hint;
      if (s.status == Status::kAtWait) {
        const SemaphoreId semaphore =
            node_class(c).threads[t].waits[s.step.index].semaphore.semaphore;
        what =
            fmt::format("{} is {}, not {}", program_.semaphore(semaphore).name, s.count, s.needed);
        hint = signallers(semaphore);
      } else if (s.status == Status::kAtBarrier) {
        what = fmt::format("{} of {} nodes came", at_barrier_[s.step.index],
                           program_.barriers[s.step.index].region.num_nodes());
      } else {
        what = "other threads of the node do not come";
      }
      problems_.add(ProblemKind::kDeadlock, site(c, t, s.step),
                    fmt::format("waits for ever at the node ({}, {}){}: {}", s.first.x, s.first.y,
                                s.nodes == 1 ? "" : fmt::format(" and {} more", s.nodes - 1), what),
                    hint);
    }
  }

  // "it is signalled by: class a, thread 2: copy ...": the first few.
  std::string signallers(SemaphoreId semaphore) const {
    std::string text;
    int found = 0;
    for (size_t c = 0; c < classes_.size(); ++c)
      for (size_t t = 0; t < kNumThreads; ++t)
        for (const SyncStep& step : classes_[c].threads[t].steps) {
          const Code& code = node_class(c).threads[t];
          const bool signals = (step.op == Op::kSignal &&
                                code.signals[step.index].semaphore.semaphore == semaphore) ||
                               (step.op == Op::kCopy &&
                                (code.copies[step.index].signal_here.semaphore == semaphore ||
                                 code.copies[step.index].signal_there.semaphore == semaphore));
          if (!signals || ++found > 3) continue;
          text +=
              (found > 1 ? "; " : "it is signalled by ") + to_string(program_, site(c, t, step));
        }
    return found == 0 ? "nothing signals it" : text;
  }

  void tell_unmatched() {
    std::map<size_t, Stuck> unmatched;  // by semaphore
    for (size_t cell = 0; cell < map_.num_cells(); ++cell) {
      if (!map_.has_role(cell)) continue;
      const Layout& layout = program_.layout(node_class(at(map_.role(cell).node_class)).layout);
      for (int32_t i = 0; i < layout.num_semaphores; ++i) {
        const auto semaphore = static_cast<size_t>(layout.first_semaphore + i);
        const Semaphore& s = program_.semaphores[semaphore];
        for (int32_t counter = s.first_slot; counter < s.first_slot + s.count; ++counter) {
          const int32_t count = words_[first_word_[cell] + static_cast<size_t>(counter)];
          if (count == s.initial) continue;
          Stuck& u = unmatched[semaphore];
          if (u.nodes++ > 0) continue;
          u.first = map_.coord(cell);
          u.count = count;
        }
      }
    }
    for (const auto& [semaphore, u] : unmatched) {
      const SemaphoreId id{static_cast<int32_t>(semaphore)};
      const Problem problem = unmatched_count(program_, id, u.nodes, u.first, u.count);
      problems_.add(problem.kind, problem.site, problem.message, problem.hint);
    }
  }

  const Program& program_;
  const NodeMap& map_;
  const MachineView& machine_;
  const VerifyOptions& options_;
  Problems& problems_;

  std::vector<ClassSync> classes_;
  std::vector<uint32_t> first_word_;  // by cell
  std::vector<int32_t> words_;
  std::vector<Status> status_;  // by cell and thread
  std::vector<int64_t> at_barrier_;
  std::vector<std::pair<size_t, size_t>> ready_;  // cell and thread
  std::optional<StraightWays> ways_;              // nothing: routing tables lead around
  int64_t steps_ = 0;
  bool undecided_ = false;
};

}  // namespace

int64_t verify_waiting(const Program& program, const NodeMap& map, const MachineView& machine,
                       const VerifyOptions& options, Problems* problems) {
  return Waiting(program, map, machine, options, problems).verify();
}

}  // namespace dojo::program
