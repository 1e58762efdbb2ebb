// Who waits for what, and, after a dry run, who waits for ever and which semaphores do not end as
// they began.
#include <fmt/format.h>

#include <map>
#include <string>
#include <tuple>

#include "dojo/program/dry_run.h"
#include "dojo/program/verify_parts.h"

namespace dojo::program {
namespace {

using Status = DryRun::Status;

Site site_in(size_t c, size_t thread, size_t instruction) {
  return site(ClassId{static_cast<int32_t>(c)}, thread, instruction);
}

// Of each class one thread has instructions of a kind for each thing(code, instruction). Else
// tell(site, thing, the other thread).
template <typename Thing, typename Tell>
void verify_one_thread(const Program& program, Op op, const Thing& thing, const Tell& tell) {
  for (size_t c = 0; c < program.classes.size(); ++c) {
    std::map<int32_t, size_t> threads;  // by thing: the last one that has one
    for (size_t t = 0; t < kNumThreads; ++t) {
      const Code& code = program.classes[c].threads[t];
      for (size_t i = 0; i < code.instructions.size(); ++i) {
        if (code.instructions[i].op != op) continue;
        const int32_t what = thing(code, code.instructions[i]);
        size_t& thread = threads.try_emplace(what, t).first->second;
        if (thread != t) tell(site_in(c, t, i), what, thread);
        thread = t;
      }
    }
  }
}

void verify_waiters(const Program& program, Problems* problems) {
  verify_one_thread(
      program, Op::kWait,
      [](const Code& code, const Instruction& instruction) {
        return index(code.waits[instruction.index].semaphore.semaphore);
      },
      [&](const Site& here, int32_t semaphore, size_t other) {
        problems->add(ProblemKind::kUnmatched, here,
                      fmt::format("thread {} of the class waits for {} too", other,
                                  program.semaphore(SemaphoreId{semaphore}).name),
                      "which of them goes on would depend on time; use two semaphores");
      });
  verify_one_thread(
      program, Op::kBarrier,
      [](const Code&, const Instruction& instruction) {
        return static_cast<int32_t>(instruction.index);
      },
      [&](const Site& here, int32_t, size_t other) {
        problems->add(ProblemKind::kUnmatched, here,
                      fmt::format("thread {} of the class comes to the barrier too", other));
      });
}

// What is left at the end of a dry run.
class Left {
 public:
  Left(const Program& program, const NodeMap& map, const DryRun& dry, Problems* problems)
      : program_(program), map_(map), dry_(dry), problems_(*problems) {}

  void tell_waiting() {
    std::map<std::tuple<size_t, size_t, uint32_t>, Stuck> stuck;  // class, thread, instruction
    for (size_t cell = 0; cell < map_.num_cells(); ++cell) {
      if (!map_.has_role(cell)) continue;
      for (size_t t = 0; t < kNumThreads; ++t) {
        if (dry_.status(cell, t) == Status::kDone) continue;
        const SyncStep& step = dry_.step(cell, t);
        Stuck& s = stuck[{at(map_.role(cell).node_class), t, step.instruction}];
        if (s.nodes++ == 0) s.cell = cell;
      }
    }
    for (const auto& [where, s] : stuck) {
      const auto& [c, t, instruction] = where;
      const Coord first = map_.coord(s.cell);
      const Waits what = waits(s.cell, t);
      problems_.add(
          ProblemKind::kDeadlock, site_in(c, t, instruction),
          fmt::format("waits for ever at the node ({}, {}){}: {}", first.x, first.y,
                      s.nodes == 1 ? "" : fmt::format(" and {} more", s.nodes - 1), what.what),
          what.hint);
    }
  }

  void tell_unmatched() {
    struct Unmatched {
      int64_t nodes = 0;
      Coord first;
      int32_t count = 0;
    };
    std::map<int32_t, Unmatched> unmatched;  // by semaphore
    for (size_t cell = 0; cell < map_.num_cells(); ++cell) {
      if (!map_.has_role(cell)) continue;
      const Layout& layout = program_.layout(class_of(cell).layout);
      for (int32_t i = 0; i < layout.num_semaphores; ++i) {
        const SemaphoreId id{layout.first_semaphore + i};
        const Semaphore& s = program_.semaphore(id);
        for (int32_t slot = s.first_slot; slot < s.first_slot + s.count; ++slot) {
          const int32_t count = dry_.count(cell, slot);
          if (count == s.initial) continue;
          Unmatched& u = unmatched[index(id)];
          if (u.nodes++ > 0) continue;
          u.first = map_.coord(cell);
          u.count = count;
        }
      }
    }
    for (const auto& [semaphore, u] : unmatched)
      problems_.add(unmatched_count(program_, SemaphoreId{semaphore}, u.nodes, u.first, u.count));
  }

 private:
  // Threads of nodes that wait for ever at one instruction; the first one.
  struct Stuck {
    int64_t nodes = 0;
    size_t cell = 0;
  };
  struct Waits {
    std::string what, hint;
  };

  const NodeClass& class_of(size_t cell) const {
    return program_.classes[at(map_.role(cell).node_class)];
  }

  Waits waits(size_t cell, size_t thread) const {
    const SyncStep& step = dry_.step(cell, thread);
    switch (dry_.status(cell, thread)) {
      case Status::kAtWait: {
        const SemaphoreId semaphore =
            class_of(cell).threads[thread].waits[step.index].semaphore.semaphore;
        const DryRun::Wanted wanted = dry_.wanted(cell, thread);
        return {fmt::format("{} is {}, not {}", program_.semaphore(semaphore).name,
                            dry_.count(cell, wanted.slot), wanted.amount),
                signallers(semaphore)};
      }
      case Status::kAtBarrier:
        return {fmt::format("{} of {} nodes came", dry_.num_at_barrier(step.index),
                            program_.barriers[step.index].region.num_nodes()),
                ""};
      default:
        return {"other threads of the node do not come", ""};
    }
  }

  // "it is signalled by: class a, thread 2: copy ...": the first few.
  std::string signallers(SemaphoreId semaphore) const {
    std::string text;
    int found = 0;
    for (size_t c = 0; c < program_.classes.size(); ++c)
      for (size_t t = 0; t < kNumThreads; ++t) {
        const Code& code = program_.classes[c].threads[t];
        for (size_t i = 0; i < code.instructions.size(); ++i) {
          if (!signals(code, code.instructions[i], semaphore) || ++found > 3) continue;
          text +=
              (found > 1 ? "; " : "it is signalled by ") + to_string(program_, site_in(c, t, i));
        }
      }
    return found == 0 ? "nothing signals it" : text;
  }

  static bool signals(const Code& code, const Instruction& instruction, SemaphoreId semaphore) {
    if (instruction.op == Op::kSignal)
      return code.signals[instruction.index].semaphore.semaphore == semaphore;
    if (instruction.op != Op::kCopy) return false;
    const Copy& copy = code.copies[instruction.index];
    return copy.signal_here.semaphore == semaphore || copy.signal_there.semaphore == semaphore;
  }

  const Program& program_;
  const NodeMap& map_;
  const DryRun& dry_;
  Problems& problems_;
};

}  // namespace

int64_t verify_waiting(const Program& program, const NodeMap& map, const MachineView& machine,
                       const VerifyOptions& options, Problems* problems) {
  verify_waiters(program, problems);
  if (problems->num_errors() > 0) return 0;
  DryRun dry(program, map, machine, options, problems);
  if (!dry.run()) return dry.steps();
  Left left(program, map, dry, problems);
  left.tell_waiting();
  if (problems->num_errors() == 0) left.tell_unmatched();
  return dry.steps();
}

}  // namespace dojo::program
