#include "dojo/sim/engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/sim/touch.h"

namespace dojo::sim {

using machine::Instruction;
using program::kNumThreads;
using program::Op;

namespace {

// So far a thread goes at once, and then again as an event: a run can be stopped, and no time
// overflows.
constexpr Cycles kMostAhead = Cycles{1} << 20;

constexpr uint32_t kStepsBetweenLooks = 1 << 14;  // at whether the user wants an end

// Counters and variables of all nodes.
size_t num_words(const program::NodeMap& map, const std::vector<ClassCode>& classes) {
  size_t words = 0;
  for (size_t cell = 0; cell < map.num_cells(); ++cell)
    if (map.has_role(cell)) words += classes[at(map.role(cell).node_class)].num_words;
  return words;
}

}  // namespace

Engine::Engine(const EngineParts& parts)
    : parts_(parts),
      program_(parts.program),
      values_(parts.values),
      causes_(parts.causes),
      classes_(prepare(parts.program, parts.costs)),
      nodes_(parts.map.num_cells()),
      words_(num_words(parts.map, classes_)),
      interfaces_(static_cast<size_t>(parts.num_interfaces)),
      interface_sent_(static_cast<size_t>(parts.num_interfaces)),
      stats_(parts.map.num_cells()) {
  for (const program::Barrier& b : program_.barriers)
    barriers_.emplace_back(b, values_ && parts.options.races);
  uint64_t words = 0;
  for (size_t cell = 0; cell < nodes_.size(); ++cell) {
    if (!parts.map.has_role(cell)) continue;
    nodes_[cell].node_class = index(parts.map.role(cell).node_class);
    nodes_[cell].first_word = words;
    words += class_code(cell).num_words;
  }
  if (parts.options.checkpoints) checkpoint_at_ = parts.options.checkpoints->after(-1);
  start();
}

void Engine::start() {
  for (size_t cell = 0; cell < nodes_.size(); ++cell) {
    if (!parts_.map.has_role(cell)) continue;
    const program::NodeMap::Role role = parts_.map.role(cell);
    const program::NodeClass& node_class = program_.classes[at(role.node_class)];
    for (const program::Semaphore& s : program_.semaphores_of(program_.layout(node_class.layout)))
      std::fill_n(&counter(cell, s.first_slot), s.count, s.initial);
    program::Frame frame{};
    DOJO_CHECK(set_arguments(node_class, node_class.regions[static_cast<size_t>(role.region)],
                             parts_.map.coord(cell), &frame));
    for (size_t t = 0; t < kNumThreads; ++t) {
      const ThreadCode& code = class_code(cell).threads[t];
      if (code.is_empty()) continue;
      for (uint32_t v = 0; v < code.first_counter; ++v)
        variables(cell, t)[v] = static_cast<int32_t>(frame[v]);
      resume(cell, t, 0);
    }
  }
}

void Engine::run() {
  for (int64_t turn = 1;; ++turn) {
    const Cycles now = std::min(queue_.next(), parts_.transport.next());
    if (now == kNever) {
      if (parts_.options.observer) tell_stuck();
      return;
    }
    if (now > parts_.options.most_cycles)
      throw Error(
          Category::kInput,
          fmt::format("the program is not done after {} cycles", parts_.options.most_cycles),
          fmt::format("program \"{}\"", program_.name), "more can be allowed");
    if ((num_events_ - looked_at_) >> 16 != 0 || turn % 65536 == 0) {
      looked_at_ = num_events_;
      look(now);
    }
    if (now >= checkpoint_at_) write_checkpoints(now);
    if (parts_.transport.next() == now) {
      arrivals_.clear();
      parts_.transport.advance(now, &arrivals_);
      num_events_ += std::ssize(arrivals_);
      if (!arrivals_.empty()) end_ = std::max(end_, now);
      for (size_t i = 0; i < arrivals_.size(); ++i) {
        if (is_resumed_) [[unlikely]]
          check(arrivals_[i]);
        else if (i % kTouchedAtOnce == 0)
          touch_for(next_few(std::span<const Arrival>(arrivals_), i));
        arrive(arrivals_[i], now);
      }
    }
    if (queue_.next() != now) continue;
    end_ = std::max(end_, now);
    const std::span<const Event> events = queue_.take(now);
    num_events_ += std::ssize(events);
    for (size_t i = 0; i < events.size(); ++i) {
      const Event& event = events[i];
      if (is_resumed_) [[unlikely]]
        check(event);
      else if (i % kTouchedAtOnce == 0)
        touch_for(next_few(events, i));
      switch (event.kind) {
        case Event::Kind::kThread:
          go(event.what, event.thread, now);
          break;
        case Event::Kind::kSignal: {
          Message& message = messages_[event.what];
          if (causes_) causes_->message_is_done(event.what);
          add(message.cell, message.slot, message.amount, message.known.get(), now);
          messages_.remove(event.what);
          break;
        }
        case Event::Kind::kInterface:
          interface_done(event.what, now);
      }
    }
  }
}

void Engine::look(Cycles now) const {
  throw_if_interrupted();
  if (parts_.options.watcher) parts_.options.watcher->look(now, num_events_);
}

void Engine::touch_for(std::span<const Arrival> arrivals) {
  const auto at_node = [&](const Arrival& a) { return !parts_.places.is_interface(a.place); };
  for (const Arrival& a : arrivals) {
    touch(messages_[a.message]);
    if (at_node(a)) touch_node(parts_.places.cell_of(a.place));
  }
  for (const Arrival& a : arrivals)
    if (at_node(a)) touch(words_[nodes_[parts_.places.cell_of(a.place)].first_word]);
}

void Engine::touch_for(std::span<const Event> events) {
  for (const Event& event : events)
    if (event.kind == Event::Kind::kThread) touch_node(event.what);
  for (const Event& event : events) {
    if (event.kind != Event::Kind::kThread) continue;
    const NodeState& node = nodes_[event.what];
    touch(words_[node.first_word]);
    touch(words_[node.first_word + class_code(event.what).first_variable[event.thread]]);
  }
}

void Engine::touch_node(size_t cell) const {
  touch(nodes_[cell]);
  touch(stats_[cell]);
}

void Engine::resume(size_t cell, size_t thread, Cycles at) {
  ThreadState& state = nodes_[cell].threads[thread];
  state.status = Status::kGoing;
  state.ready = at;
  queue_.push(at, {Event::Kind::kThread, static_cast<uint8_t>(thread), static_cast<uint32_t>(cell),
                   cell * 8 + thread});
}

void Engine::count(Instruction instruction, Cycles cycles, int64_t work) {
  ++instructions_[at(instruction)].count;
  instructions_[at(instruction)].cycles += cycles;
  instructions_[at(instruction)].work += work;
}

Actor Engine::actor(size_t cell, size_t thread, Cycles now) const {
  return {cell, thread, program::ClassId{nodes_[cell].node_class}, nodes_[cell].threads[thread].pc,
          now};
}

void Engine::fail(size_t cell, size_t thread, Cycles now, std::string what) const {
  const program::Coord c = parts_.map.coord(cell);
  const NodeState& node = nodes_[cell];
  const program::Site site =
      program::site(program::ClassId{node.node_class}, thread, node.threads[thread].pc);
  throw Error(Category::kInput, std::move(what),
              fmt::format("cycle {}, the node ({}, {}): {}", now, c.x, c.y,
                          to_string(program_, site, parts_.lines)));
}

// Executes instructions of a thread from `now` on. Those that only the thread can notice follow
// each other at once; before another one the thread comes again when its time has come, so that
// what nodes do to each other happens in the order of time.
void Engine::go(size_t cell, size_t thread, Cycles now) {
  ThreadState& state = nodes_[cell].threads[thread];
  if (state.ready > now) return resume(cell, thread, state.ready);  // it was prolonged
  if (causes_) causes_->thread_goes_on(cell, thread, state.pc);
  const ThreadCode& code = class_code(cell).threads[thread];
  const std::vector<program::Instruction>& text = code.code->instructions;
  const Cycles begin = now;
  // With values, errors are found in the order of time.
  const bool runs_ahead = code.runs_ahead && !values_;
  while (state.pc < text.size()) {
    if (++steps_ % kStepsBetweenLooks == 0) look(now);
    const program::Instruction instruction = text[state.pc];
    const bool computes = instruction.op == Op::kMatmul || instruction.op == Op::kVector;
    if (step_alone(cell, thread, instruction, &now)) {
      if (now - begin > kMostAhead) return resume(cell, thread, now);
      continue;
    }
    if (now > begin && !(computes && runs_ahead)) return resume(cell, thread, now);
    if (!(computes ? compute(cell, thread, instruction, &now)
                   : issue(cell, thread, instruction, &now)))
      return;
    if (causes_ && !computes) causes_->took(cell, thread, state.pc, Cause::kIssue, now);
    ++state.pc;
    if (computes && !runs_ahead) return resume(cell, thread, now);
  }
  if (now > parts_.options.most_cycles) return resume(cell, thread, now);  // run() tells
  state.status = Status::kDone;
  if (causes_) causes_->is_done(cell, thread);
  stats_[cell].end = std::max(stats_[cell].end, now);
  end_ = std::max(end_, now);
}

void Engine::take_time(size_t cell, size_t thread, Instruction instruction, Cycles cycles,
                       Cycles* now) {
  count(instruction, cycles);
  spend(cell, thread, Spent::kOther, *now, cycles);
  *now += cycles;
}

// Loops and idling. False: it is something else.
bool Engine::step_alone(size_t cell, size_t thread, const program::Instruction& instruction,
                        Cycles* now) {
  const ThreadCode& code = class_code(cell).threads[thread];
  ThreadState& state = nodes_[cell].threads[thread];
  int32_t* const own = variables(cell, thread);
  if (instruction.op == Op::kIdle) {
    const Cycles cycles = code.value(code.code->idles[instruction.index].cycles, own);
    spend(cell, thread, Spent::kIdle, *now, cycles);
    *now += cycles;
    if (causes_) causes_->took(cell, thread, state.pc, Cause::kIdle, *now);
    ++state.pc;
    return true;
  }
  if (instruction.op != Op::kLoop && instruction.op != Op::kEndLoop) return false;
  const program::Loop& loop = code.code->loops[instruction.index];
  const bool enters = instruction.op == Op::kLoop;
  const auto takes = enters ? Instruction::kScalar : Instruction::kBranch;
  take_time(cell, thread, takes, parts_.costs[takes].latency_cycles, now);
  if (causes_) causes_->took(cell, thread, state.pc, Cause::kIssue, *now);
  const int64_t turn = enters ? 0 : int64_t{own[code.variable(loop.counter)]} + 1;
  if (turn < code.value(loop.count, own)) {
    code.set_counters(loop, turn, own);
    state.pc = loop.begin + 1;
  } else {
    state.pc = loop.end + 1;
  }
  return true;
}

// What others notice. False: the thread waits, or has gone on already.
bool Engine::issue(size_t cell, size_t thread, const program::Instruction& instruction,
                   Cycles* now) {
  const program::Code& text = *class_code(cell).threads[thread].code;
  switch (instruction.op) {
    case Op::kCopy:
      if (!copy(cell, thread, text.copies[instruction.index], *now)) return false;
      take_time(cell, thread, Instruction::kTransfer,
                parts_.costs[Instruction::kScalar].latency_cycles, now);
      return true;
    case Op::kSignal:
      signal(cell, thread, text.signals[instruction.index], *now);
      take_time(cell, thread, Instruction::kSignal,
                parts_.costs[Instruction::kSignal].interval_cycles, now);
      return true;
    case Op::kWait:
      if (!wait(cell, thread, text.waits[instruction.index], *now)) return false;
      take_time(cell, thread, Instruction::kWait, parts_.costs[Instruction::kWait].latency_cycles,
                now);
      return true;
    case Op::kBarrier:
      come_to_barrier(cell, thread, program::BarrierId{static_cast<int32_t>(instruction.index)},
                      *now);
      return false;
    default:
      come_to_phase(cell, thread, *now);
      return false;
  }
}

// False: its unit is busy, the thread comes again.
bool Engine::compute(size_t cell, size_t thread, const program::Instruction& instruction,
                     Cycles* now) {
  const ThreadCode& code = class_code(cell).threads[thread];
  const bool is_matmul = instruction.op == Op::kMatmul;
  const Cycles begin = *now;
  if (!enter_unit(cell, thread, (is_matmul ? code.matmuls : code.vectors)[instruction.index], now))
    return false;
  if (!values_) return true;
  throw_if_interrupted();  // for what follows may take long
  const Actor who = actor(cell, thread, begin);
  if (is_matmul)
    values_->matmul(who, code, code.code->matmuls[instruction.index], variables(cell, thread));
  else
    values_->vector(who, code, code.code->vectors[instruction.index], variables(cell, thread));
  return true;
}

bool Engine::enter_unit(size_t cell, size_t thread, const UnitWork& work, Cycles* now) {
  NodeState& node = nodes_[cell];
  const bool is_matmul = work.instruction == Instruction::kMatrixMultiply;
  UnitState& unit = is_matmul ? node.matrix : node.vector;
  const auto kind = is_matmul ? Causes::kMatrixUnit : Causes::kVectorUnit;
  if (unit.free > *now) {
    spend(cell, thread, Spent::kUnit, *now, unit.free - *now);
    if (causes_) causes_->waits_for_unit(cell, thread, kind);
    resume(cell, thread, unit.free);
    return false;
  }
  const Cycles start = *now;
  unit = {start + work.pace, static_cast<uint32_t>(work.pace), static_cast<uint32_t>(work.loads),
          static_cast<uint32_t>(work.stores), static_cast<uint32_t>(thread)};
  *now += work.total;
  node.threads[thread].ready = *now;
  if (causes_) causes_->enters(cell, thread, node.threads[thread].pc, kind, unit.free, *now);
  NodeStats& stats = stats_[cell];
  (is_matmul ? stats.matrix_unit : stats.vector_unit) += work.unit;
  if (is_matmul) stats.products += work.work;
  stats.sram_bytes += work.sram_bytes;
  spend(cell, thread, is_matmul ? Spent::kMatrix : Spent::kVector, start, work.total);
  if (parts_.options.observer) tell_unit(cell, is_matmul, start);
  count(work.instruction, work.total, work.work);
  const Cycles together = std::min(node.matrix.free, node.vector.free);
  if (together > start) {
    const Cycles later = prolong(cell, start, together);
    if (causes_ && later > 0) causes_->matrix_unit_later(cell, node.matrix.thread, later);
    if (is_matmul) *now += later;
  }
  return true;
}

// Both units load and store through the same ports. The SIMD unit goes first; what the matrix unit
// misses in [begin, end), in which both are busy, it needs longer.
Cycles Engine::prolong(size_t cell, Cycles begin, Cycles end) {
  NodeState& node = nodes_[cell];
  UnitState& matrix = node.matrix;
  const UnitState& vector = node.vector;
  const Cycles both = end - begin;
  const auto missing = [&](Cycles of_matrix, Cycles of_vector) {
    const Cycles wanted =
        both * of_matrix / Cycles{matrix.pace} + both * of_vector / Cycles{vector.pace};
    return std::max<Cycles>(0, wanted - both);
  };
  const Cycles later =
      std::max(missing(matrix.loads, vector.loads), missing(matrix.stores, vector.stores));
  if (parts_.options.observer && later > 0) tell_prolonged(cell, later);
  matrix.free += later;
  node.threads[matrix.thread].ready += later;
  stats_[cell].spent[static_cast<size_t>(Spent::kMatrix)] += later;
  return later;
}

}  // namespace dojo::sim
