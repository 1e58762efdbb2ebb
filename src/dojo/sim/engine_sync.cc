// Counters, barriers and phases: how threads wait for each other.
#include <fmt/format.h>

#include <limits>
#include <memory>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/program/barrier_tree.h"
#include "dojo/sim/engine.h"

namespace dojo::sim {

using machine::Instruction;
using program::BarrierId;
using program::Coord;
using program::kNumThreads;

// ---- Counters ----

void Engine::signal(size_t cell, size_t thread, const program::Signal& signal, Cycles now) {
  const ThreadCode& code = class_code(cell).threads[thread];
  const int32_t* own = variables(cell, thread);
  Message message;
  message.kind = Message::Kind::kSignal;
  message.cell = static_cast<uint32_t>(cell);
  message.slot = slot(code, signal.semaphore, own);
  message.amount = code.value(signal.amount, own);
  if (values_) message.known = std::make_unique<Clock>(values_->order().release(cell, thread));
  const Cycles ready = now + parts_.costs[Instruction::kSignal].latency_cycles;
  if (signal.there.kind == program::Place::Kind::kHere) {
    const uint32_t number = messages_.add(std::move(message));
    if (causes_) causes_->is_local(number, ready);
    // Behind the threads of the node; signals of one thread in their order.
    queue_.push(ready, {Event::Kind::kSignal, 0, number, cell * 8 + kNumThreads + thread});
    return;
  }
  targets(cell, thread, signal.there, now);
  send(messages_.add(std::move(message)), parts_.places.of_cell(cell), targets_, kSignalBytes,
       ready, &nodes_[cell].sent, cell);
}

bool Engine::wait(size_t cell, size_t thread, const program::Wait& wait, Cycles now) {
  const ThreadCode& code = class_code(cell).threads[thread];
  const int32_t* own = variables(cell, thread);
  const int32_t wanted = slot(code, wait.semaphore, own);
  const int64_t amount = code.value(wait.amount, own);
  int32_t& count = counter(cell, wanted);
  if (count >= amount) {
    count -= static_cast<int32_t>(amount);
    if (values_) values_->order().take(cell, thread, static_cast<size_t>(wanted), amount);
    return true;
  }
  ThreadState& state = nodes_[cell].threads[thread];
  state.status = Status::kWaiting;
  state.ready = now;
  state.slot = wanted;
  state.amount = static_cast<int32_t>(std::min<int64_t>(amount, INT32_MAX));
  return false;
}

void Engine::add(size_t cell, int32_t slot, int64_t amount, const Clock* known, Cycles now) {
  int32_t& count = counter(cell, slot);
  if (amount > std::numeric_limits<int32_t>::max() - count)
    throw Error(Category::kInput, "a semaphore gets to more than 2^31 - 1",
                fmt::format("cycle {}, the node ({}, {})", now, parts_.map.coord(cell).x,
                            parts_.map.coord(cell).y),
                "each signal has its wait");
  count += static_cast<int32_t>(amount);
  if (known) values_->order().add(cell, static_cast<size_t>(slot), amount, *known);
  for (size_t t = 0; t < kNumThreads; ++t) {
    ThreadState& state = nodes_[cell].threads[t];
    if (state.status != Status::kWaiting || state.slot != slot || count < state.amount) continue;
    count -= state.amount;
    if (values_) values_->order().take(cell, t, static_cast<size_t>(slot), state.amount);
    spend(cell, t, Spent::kSemaphore, state.ready, now - state.ready);
    const Cycles takes = parts_.costs[Instruction::kWait].latency_cycles;
    spend(cell, t, Spent::kOther, now, takes);
    this->count(Instruction::kWait, now - state.ready + takes);
    if (causes_) causes_->woken(cell, t, state.pc, now + takes);
    ++state.pc;
    return resume(cell, t, now + takes);
  }
}

// ---- Phases ----

void Engine::come_to_phase(size_t cell, size_t thread, Cycles now) {
  NodeState& node = nodes_[cell];
  ++node.threads[thread].pc;
  node.threads[thread].status = Status::kAtPhase;
  node.threads[thread].ready = now;
  ++node.num_at_phase;
  try_phase(cell, now);
}

void Engine::try_phase(size_t cell, Cycles now) {
  NodeState& node = nodes_[cell];
  if (node.transfers_here > 0 || node.num_at_phase < class_code(cell).num_threads) return;
  node.num_at_phase = 0;
  ++node.phase;
  if (values_) {
    values_->order().end_phase(cell);
    values_->begin_phase(cell, node.phase);
  }
  const Cycles takes = parts_.costs[Instruction::kScalar].latency_cycles;
  for (size_t t = 0; t < kNumThreads; ++t) {
    ThreadState& state = node.threads[t];
    if (state.status != Status::kAtPhase) continue;
    spend(cell, t, Spent::kPhase, state.ready, now - state.ready);
    spend(cell, t, Spent::kOther, now, takes);
    count(Instruction::kScalar, now - state.ready + takes);
    if (causes_) causes_->woken(cell, t, state.pc - 1, now + takes);
    resume(cell, t, now + takes);
  }
}

// ---- Barriers ----

void Engine::come_to_barrier(size_t cell, size_t thread, BarrierId barrier, Cycles now) {
  if (!program_.barriers[at(barrier)].region.contains(parts_.map.coord(cell)))
    fail(cell, thread, now, "the node is not in the barrier's region");
  ThreadState& state = nodes_[cell].threads[thread];
  ++state.pc;
  state.status = Status::kAtBarrier;
  state.ready = now;
  state.slot = index(barrier);
  BarrierTree& tree = barriers_[at(barrier)];
  if (values_) {
    const Clock known = values_->order().release(cell, thread);
    tree.come(parts_.map.coord(cell), true, &known);
  } else {
    tree.come(parts_.map.coord(cell), true, nullptr);
  }
  try_barrier(barrier, cell, now);
}

// Up, where all below have come.
void Engine::try_barrier(BarrierId barrier, size_t cell, Cycles now) {
  BarrierTree& tree = barriers_[at(barrier)];
  const Coord node = parts_.map.coord(cell);
  if (!tree.complete(node)) return;
  if (node == program_.barriers[at(barrier)].root) return pass_barrier(barrier, cell, now);
  const size_t parent =
      parts_.map.cell(program::barrier_parent(program_.barriers[at(barrier)], node));
  if (!parts_.map.has_role(parent)) return;  // the barrier waits for it for ever
  send_barrier(Message::Kind::kBarrierUp, barrier, cell, parent,
               now + parts_.costs[Instruction::kBarrier].latency_cycles);
}

// Down, and on.
void Engine::pass_barrier(BarrierId barrier, size_t cell, Cycles now) {
  BarrierTree& tree = barriers_[at(barrier)];
  const Cycles takes = parts_.costs[Instruction::kBarrier].latency_cycles;
  const Coord node = parts_.map.coord(cell);
  program::for_each_barrier_child(program_.barriers[at(barrier)], node, [&](Coord child) {
    if (is_resumed_) Archive::require(parts_.map.has_role(parts_.map.cell(child)));
    send_barrier(Message::Kind::kBarrierDown, barrier, cell, parts_.map.cell(child), now + takes);
  });
  for (size_t t = 0; t < kNumThreads; ++t) {
    ThreadState& state = nodes_[cell].threads[t];
    if (state.status != Status::kAtBarrier || state.slot != index(barrier)) continue;
    if (tree.has_clocks()) values_->order().acquire(cell, t, tree.known(node));
    spend(cell, t, Spent::kBarrier, state.ready, now - state.ready);
    spend(cell, t, Spent::kOther, now, takes);
    count(Instruction::kBarrier, now - state.ready + takes);
    if (causes_) causes_->woken(cell, t, state.pc - 1, now + takes);
    resume(cell, t, now + takes);
  }
}

void Engine::send_barrier(Message::Kind kind, BarrierId barrier, size_t from, size_t to,
                          Cycles ready) {
  Message message;
  message.kind = kind;
  message.cell = static_cast<uint32_t>(from);
  message.slot = index(barrier);
  BarrierTree& tree = barriers_[at(barrier)];
  if (tree.has_clocks())
    message.known = std::make_unique<Clock>(tree.known(parts_.map.coord(from)));
  const PlaceId place = parts_.places.of_cell(to);
  send(messages_.add(std::move(message)), parts_.places.of_cell(from), std::span(&place, 1),
       kSignalBytes, ready, &nodes_[from].sent, from);
}

}  // namespace dojo::sim
