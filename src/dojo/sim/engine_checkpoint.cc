// The state of a run, written and read. What it is read from may come from anybody: indices are
// checked where they are read, and whether things fit together where they are used.
#include <algorithm>
#include <memory>

#include "dojo/sim/engine.h"

namespace dojo::sim {

using program::kNumThreads;
using program::Op;

namespace {

constexpr int64_t kMostCount = int64_t{1} << 60;
constexpr int64_t kMostBytes = int64_t{1} << 31;  // of a transfer

}  // namespace

void Engine::write_checkpoints(Cycles now) {
  Archive archive;
  fields(archive);
  const Checkpoints& checkpoints = *parts_.options.checkpoints;
  for (; checkpoint_at_ <= now; checkpoint_at_ = checkpoints.after(checkpoint_at_)) {
    checkpoints.write(checkpoint_at_, archive.bytes());
    // Nothing happens until `now`, so that these would all be the same.
    if (checkpoints.every > 0) checkpoint_at_ = std::max(checkpoint_at_, now);
  }
}

void Engine::resume_from(std::string_view state) {
  Archive archive(state);
  fields(archive);
  archive.expect_end();
  check_threads();
  is_resumed_ = true;
  looked_at_ = num_events_;
}

void Engine::fields(Archive& archive) {
  Cycles next = archive.reads() ? 0 : std::min(queue_.next(), parts_.transport.next());
  archive.whole(next, 0, kLatest);
  if (parts_.options.checkpoints && archive.reads())
    checkpoint_at_ = parts_.options.checkpoints->after(next);
  ClockParts clocks;
  if (values_) values_->fields(archive, &clocks);
  for (size_t cell = 0; cell < nodes_.size(); ++cell)
    if (parts_.map.has_role(cell)) fields(archive, cell);
  const uint32_t agents = values_ ? values_->order().num_agents() : 0;
  for (BarrierTree& barrier : barriers_) barrier.fields(archive, &clocks, agents);
  for (Wire& memory : interfaces_) memory.fields(archive);
  for (uint32_t& sent : interface_sent_) archive.word(sent);
  messages_.fields(archive, [&](Message& message) { fields(archive, message, &clocks); });
  queue_.fields(archive, next, kLatest, [&](Event& event) { fields(archive, event); });
  parts_.transport.fields(archive, next);
  for (InstructionStats& of : instructions_)
    for (int64_t* x : {&of.count, &of.cycles, &of.work}) archive.whole(*x, 0, kMostCount);
  archive.whole(end_, 0, kLatest);
  archive.whole(num_events_, 0, kMostCount);
}

// ---- Nodes ----

void Engine::fields(Archive& archive, size_t cell) {
  NodeState& node = nodes_[cell];
  archive.whole(node.phase, 0, INT32_MAX / 2);
  archive.whole(node.transfers_here, 0, INT32_MAX / 2);
  archive.whole(node.in_list_engine, 0, INT32_MAX / 2);
  archive.word(node.sent);
  archive.whole(node.list_engine_free, 0, kLatest);
  for (UnitState* unit : {&node.matrix, &node.vector}) {
    archive.whole(unit->pace, 0, kLongestWork);
    archive.whole(unit->loads, 0, unit->pace);
    archive.whole(unit->stores, 0, unit->pace);
    archive.whole(unit->free, 0, kLatest);
    Archive::require(unit->pace > 0 || unit->free == 0);
    archive.index(unit->thread, kNumThreads);
  }
  for (int32_t slot = 0; slot < class_code(cell).num_slots; ++slot) {
    archive.whole(counter(cell, slot), 0, INT32_MAX);
    if (!values_) continue;
    const auto units = values_->order().units(cell, static_cast<size_t>(slot));
    Archive::require(!units || *units == counter(cell, slot));
  }
  node.num_at_phase = 0;
  for (size_t t = 0; t < kNumThreads; ++t) {
    if (class_code(cell).threads[t].is_empty()) continue;
    fields(archive, cell, t);
    if (node.threads[t].status == Status::kAtPhase) ++node.num_at_phase;
  }
  NodeStats& stats = stats_[cell];
  for (Cycles& spent : stats.spent) archive.whole(spent, 0, kMostCount);
  for (int64_t* x : {&stats.matrix_unit, &stats.vector_unit, &stats.end, &stats.sent_bytes,
                     &stats.received_bytes, &stats.products, &stats.sram_bytes})
    archive.whole(*x, 0, kMostCount);
}

void Engine::fields(Archive& archive, size_t cell, size_t thread) {
  const std::vector<program::Instruction>& text =
      class_code(cell).threads[thread].code->instructions;
  ThreadState& state = nodes_[cell].threads[thread];
  archive.whole(state.status, 0, static_cast<int64_t>(Status::kForListEngine));
  archive.whole(state.ready, 0, kLatest);
  archive.index(state.pc, text.size() + 1);
  archive.whole(state.slot, 0, INT32_MAX);
  archive.whole(state.amount, 0, INT32_MAX);
  // At barriers and phases it has gone one step further already.
  const auto is_at = [&](Op op, uint32_t beyond) {
    return state.pc >= beyond && state.pc - beyond < text.size() &&
           text[state.pc - beyond].op == op;
  };
  switch (state.status) {
    case Status::kDone:
    case Status::kGoing:
      break;
    case Status::kWaiting:
      Archive::require(is_at(Op::kWait, 0) && is_slot(cell, state.slot));
      break;
    case Status::kAtBarrier:
      Archive::require(is_at(Op::kBarrier, 1) &&
                       text[state.pc - 1].index == static_cast<uint32_t>(state.slot));
      break;
    case Status::kAtPhase:
      Archive::require(is_at(Op::kPhase, 1));
      break;
    case Status::kForListEngine:
      Archive::require(is_at(Op::kCopy, 0));
  }
  turns(archive, cell, thread);
}

// Of a thread's variables only loops change any, and of these only those count that it is in. What
// they set is computed again, so that no variable is anything that it could not be.
void Engine::turns(Archive& archive, size_t cell, size_t thread) {
  const ThreadCode& code = class_code(cell).threads[thread];
  const uint32_t pc = nodes_[cell].threads[thread].pc;
  int32_t* const own = variables(cell, thread);
  for (const program::Loop& loop : code.code->loops) {
    if (pc <= loop.begin || pc > loop.end) continue;
    int32_t turn = own[code.variable(loop.counter)];
    archive.whole(turn, 0, INT32_MAX);
    if (!archive.reads()) continue;
    Archive::require(turn < code.value(loop.count, own));
    code.set_counters(loop, turn, own);
  }
}

// Those that go on have one event each, and only those.
void Engine::check_threads() const {
  std::vector<uint8_t> events(nodes_.size());
  queue_.for_each([&](const Event& event) {
    if (event.kind != Event::Kind::kThread) return;
    const auto bit = static_cast<uint8_t>(1 << event.thread);
    Archive::require((events[event.what] & bit) == 0);
    events[event.what] |= bit;
  });
  for (size_t cell = 0; cell < nodes_.size(); ++cell)
    for (size_t t = 0; t < kNumThreads; ++t)
      Archive::require((nodes_[cell].threads[t].status == Status::kGoing) ==
                       ((events[cell] >> t & 1) == 1));
}

// ---- Messages and events ----

void Engine::fields(Archive& archive, Message& message, ClockParts* clocks) {
  archive.whole(message.kind, 0, static_cast<int64_t>(Message::Kind::kData));
  archive.whole(message.way, 0, static_cast<int64_t>(program::Copy::Way::kFrom));
  archive.index(message.cell, nodes_.size());
  Archive::require(parts_.map.has_role(message.cell));
  for (int32_t* slot : {&message.slot, &message.slot_here, &message.slot_there})
    archive.whole(*slot, -1, INT32_MAX);
  archive.whole(message.amount, 0, kMostCount);
  archive.whole(message.bytes, 0, kMostBytes);
  archive.whole(message.interface, -1, INT32_MAX);
  archive.whole(message.to_come, 0, INT32_MAX / 2);
  if (!values_) return;
  if (message.kind >= Message::Kind::kRequest) {
    if (archive.reads()) message.parcel = std::make_unique<Parcel>();
    values_->fields(archive, message.parcel.get(), classes_, clocks);
    return;
  }
  if (message.kind != Message::Kind::kSignal && !parts_.options.races) return;
  if (archive.reads()) message.known = std::make_unique<Clock>();
  message.known->fields(archive, clocks, values_->order().num_agents());
}

void Engine::fields(Archive& archive, Event& event) const {
  archive.whole(event.kind, 0, static_cast<int64_t>(Event::Kind::kInterface));
  archive.word(event.what);
  if (event.kind != Event::Kind::kThread) {
    archive.word(event.key);
    return;
  }
  archive.index(event.thread, kNumThreads);
  Archive::require(event.what < nodes_.size() && parts_.map.has_role(event.what));
  event.key = uint64_t{event.what} * 8 + event.thread;
}

bool Engine::is_node(PlaceId place) const {
  if (place < 0 || place >= parts_.places.num_nodes()) return false;
  return parts_.places.cell_of(place) < nodes_.size();
}

bool Engine::is_slot(size_t cell, int32_t slot) const {
  return slot >= 0 && slot < class_code(cell).num_slots;
}

void Engine::check(const Arrival& arrival) {
  using Kind = Message::Kind;
  Archive::require(messages_.is_one(arrival.message));
  const Message& message = messages_[arrival.message];
  Archive::require(message.to_come > 0 && arrival.place >= 0 &&
                   arrival.place < parts_.places.num_nodes() + parts_.num_interfaces);
  if (message.kind < Kind::kRequest) {
    Archive::require(is_node(arrival.place));
    if (message.kind == Kind::kSignal) {
      Archive::require(is_slot(parts_.places.cell_of(arrival.place), message.slot));
      return;
    }
    Archive::require(message.slot >= 0 && message.slot < std::ssize(barriers_));
    const auto barrier = static_cast<size_t>(message.slot);
    const program::Coord node = parts_.map.coord(parts_.places.cell_of(arrival.place));
    Archive::require(program_.barriers[barrier].region.contains(node));
    Archive::require(message.kind == Kind::kBarrierUp || barriers_[barrier].has_begun());
    return;
  }
  const bool at_node = is_node(arrival.place);
  Archive::require(at_node || parts_.places.is_interface(arrival.place));
  Archive::require(message.slot_here < 0 || is_slot(message.cell, message.slot_here));
  const bool is_read = arrival.kind == Arrival::Kind::kRead;
  const bool is_data = message.kind == Kind::kData;
  if (is_data && message.slot_there >= 0 &&
      message.way == (is_read ? program::Copy::Way::kFrom : program::Copy::Way::kTo))
    Archive::require(at_node && is_slot(parts_.places.cell_of(arrival.place), message.slot_there));
  if (!values_) return;
  Archive::require(!is_data || !message.parcel->bytes.empty());
  if (is_read) return;
  // A request reads there, and data are written there.
  for (const program::AllocationId of : is_data ? message.parcel->to_of : message.parcel->from_of)
    Archive::require(has(memory_of(arrival.place), of));
}

bool Engine::has(size_t memory, program::AllocationId of) const {
  const program::LayoutId layout = program_.allocation(of).layout;
  if (memory >= nodes_.size())
    return program_.layout(layout).of == program::Layout::Of::kInterfaces;
  return program_.classes[static_cast<size_t>(nodes_[memory].node_class)].layout == layout;
}

void Engine::check(const Event& event) {
  if (event.kind == Event::Kind::kThread) {
    Archive::require(nodes_[event.what].threads[event.thread].status == Status::kGoing);
    return;
  }
  Archive::require(messages_.is_one(event.what));
  const Message& message = messages_[event.what];
  if (event.kind == Event::Kind::kSignal) {
    Archive::require(message.kind == Message::Kind::kSignal && is_slot(message.cell, message.slot));
    return;
  }
  Archive::require(message.kind == Message::Kind::kData && message.to_come > 0 &&
                   parts_.places.is_interface(message.interface));
  check({.message = event.what, .place = message.interface});
}

}  // namespace dojo::sim
