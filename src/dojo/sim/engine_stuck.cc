// Who waits for ever, and for whom.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "dojo/program/text.h"
#include "dojo/sim/engine.h"

namespace dojo::sim {
namespace {

using program::Code;
using program::kNumThreads;
using program::Op;
using program::SemaphoreId;

// One of the counters of a semaphore.
struct Counter {
  SemaphoreId semaphore;
  int64_t index = 0;
};

// Whether it may be that one: an index with variables may be any.
bool may_be(const program::SemaphoreRef& signalled, const Counter& counter) {
  return signalled.semaphore == counter.semaphore &&
         (signalled.index.num_terms > 0 || signalled.index.constant == counter.index);
}

bool signals(const Code& code, const program::Instruction& instruction, const Counter& counter) {
  if (instruction.op == Op::kSignal)
    return may_be(code.signals[instruction.index].semaphore, counter);
  if (instruction.op != Op::kCopy) return false;
  const program::Copy& copy = code.copies[instruction.index];
  return may_be(copy.signal_here, counter) || may_be(copy.signal_there, counter);
}

// Where threads wait: class, thread, instruction.
using Where = std::tuple<size_t, size_t, uint32_t>;

program::Site site(const Where& where) {
  const auto& [node_class, thread, instruction] = where;
  return program::site(program::ClassId{static_cast<int32_t>(node_class)}, thread, instruction);
}

class Explainer {
 public:
  Explainer(const program::Program& program, std::map<Where, Stuck>* stuck)
      : program_(program), stuck_(*stuck) {}

  // "class b, thread 2: copy ..., which waits itself at "wait room"": those first, they are why
  // nothing comes any more.
  std::string signallers(const Counter& counter) const {
    std::vector<std::string> waiting, done;
    size_t found = 0;
    for (size_t c = 0; c < program_.classes.size(); ++c)
      for (size_t t = 0; t < kNumThreads; ++t) {
        const Code& code = program_.classes[c].threads[t];
        for (uint32_t i = 0; i < code.instructions.size(); ++i) {
          if (!signals(code, code.instructions[i], counter)) continue;
          ++found;
          const std::optional<std::string> at = waits(c, t);
          std::vector<std::string>& texts = at ? waiting : done;
          if (texts.size() < kMost)
            texts.push_back(
                to_string(program_, site({c, t, i})) +
                (at ? ", a thread that waits itself at " + *at : ", a thread that is done"));
        }
      }
    if (found == 0) return "nothing signals it";
    waiting.insert(waiting.end(), done.begin(), done.end());
    waiting.resize(std::min(waiting.size(), kMost));
    return fmt::format("it is signalled by {}", fmt::join(waiting, "; ")) +
           (found > kMost ? fmt::format("; and {} more", found - kMost) : "");
  }

 private:
  static constexpr size_t kMost = 3;

  // ""wait room", first at the node (1, 0)", of a thread that is not done.
  std::optional<std::string> waits(size_t node_class, size_t thread) const {
    const auto found = stuck_.lower_bound({node_class, thread, 0});
    if (found == stuck_.end() || std::get<0>(found->first) != node_class ||
        std::get<1>(found->first) != thread)
      return {};
    const auto& [where, stuck] = *found;
    return fmt::format(
        "\"{}\", first at the node ({}, {})",
        print_instruction(program_, program::ClassId{static_cast<int32_t>(node_class)}, thread,
                          std::get<2>(where)),
        stuck.first.x, stuck.first.y);
  }

  const program::Program& program_;
  const std::map<Where, Stuck>& stuck_;
};

}  // namespace

std::vector<Stuck> Engine::stuck() const {
  std::map<Where, Stuck> all;
  std::map<Where, Counter> counters;
  for (size_t cell = 0; cell < nodes_.size(); ++cell) {
    if (!parts_.map.has_role(cell)) continue;
    const auto c = static_cast<size_t>(nodes_[cell].node_class);
    for (size_t t = 0; t < kNumThreads; ++t) {
      const ThreadState& state = nodes_[cell].threads[t];
      if (state.status == Status::kDone) continue;
      // At barriers and phases it has gone one step further already.
      const bool beyond = state.status == Status::kAtBarrier || state.status == Status::kAtPhase;
      const Where where{c, t, state.pc - (beyond ? 1 : 0)};
      Stuck& stuck = all[where];
      if (stuck.nodes++ > 0) continue;
      stuck.site = site(where);
      stuck.first = parts_.map.coord(cell);
      stuck.since = state.ready;
      const Code& code = program_.classes[c].threads[t];
      const program::Instruction& instruction = code.instructions[std::get<2>(where)];
      switch (state.status) {
        case Status::kWaiting: {
          const SemaphoreId id = code.waits[instruction.index].semaphore.semaphore;
          stuck.what = fmt::format(
              "{} is {}, not {}", program_.semaphore(id).name,
              words_[nodes_[cell].first_word + static_cast<size_t>(state.slot)], state.amount);
          counters[where] = {id, state.slot - program_.semaphore(id).first_slot};
          break;
        }
        case Status::kAtBarrier: {
          const program::Barrier& barrier = program_.barriers[instruction.index];
          stuck.what = "not all nodes of the barrier come";
          program::for_each_node(barrier.region, [&](program::Coord node) {
            if (!stuck.who.empty()) return;
            const size_t other = parts_.map.cell(node);
            for (const ThreadState& s : nodes_[other].threads)
              if (s.status == Status::kAtBarrier && s.slot == state.slot) return;
            stuck.who = fmt::format("the node ({}, {}) has not come", node.x, node.y);
          });
          break;
        }
        case Status::kAtPhase:
          stuck.what = "other threads of the node do not come to the end of the phase";
          break;
        default:
          stuck.what = "the list engine gets no room";
      }
    }
  }
  const Explainer explainer(program_, &all);
  for (const auto& [where, counter] : counters) all[where].who = explainer.signallers(counter);
  std::vector<Stuck> list;
  for (auto& [where, stuck] : all) list.push_back(std::move(stuck));
  return list;
}

std::vector<program::Problem> Engine::unmatched() const {
  struct Nodes {
    int64_t number = 0;
    program::Coord first;
    int32_t count = 0;  // at the first
  };
  std::map<int32_t, Nodes> nodes;  // by semaphore
  for (size_t cell = 0; cell < nodes_.size(); ++cell) {
    if (!parts_.map.has_role(cell)) continue;
    const program::Layout& layout =
        program_.layout(program_.classes[static_cast<size_t>(nodes_[cell].node_class)].layout);
    for (int32_t i = 0; i < layout.num_semaphores; ++i) {
      const int32_t id = layout.first_semaphore + i;
      const program::Semaphore& s = program_.semaphore(SemaphoreId{id});
      const int32_t* const counts = &words_[nodes_[cell].first_word];
      for (int32_t slot = s.first_slot; slot < s.first_slot + s.count; ++slot) {
        if (counts[slot] == s.initial) continue;
        Nodes& of = nodes[id];
        if (of.number++ > 0) continue;
        of.first = parts_.map.coord(cell);
        of.count = counts[slot];
      }
    }
  }
  std::vector<program::Problem> problems;
  for (const auto& [id, of] : nodes)
    problems.push_back(
        program::unmatched_count(program_, SemaphoreId{id}, of.number, of.first, of.count));
  return problems;
}

}  // namespace dojo::sim
