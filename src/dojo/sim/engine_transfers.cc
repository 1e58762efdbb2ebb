// Transfers: from the list engine through the network into memory.
#include <fmt/format.h>

#include <memory>

#include "dojo/base/check.h"
#include "dojo/sim/engine.h"

namespace dojo::sim {

using machine::Instruction;
using program::Copy;
using program::kNumThreads;
using program::Place;

int32_t Engine::slot(const ThreadCode& code, const program::SemaphoreRef& semaphore,
                     const int32_t* variables) const {
  if (semaphore.is_none()) return -1;
  return program_.semaphore(semaphore.semaphore).first_slot +
         static_cast<int32_t>(code.value(semaphore.index, variables));
}

// Fills targets_.
void Engine::targets(size_t cell, size_t thread, const Place& there, Cycles now) {
  const ThreadCode& code = class_code(cell).threads[thread];
  const int32_t* own = variables(cell, thread);
  targets_.clear();
  if (there.kind == Place::Kind::kHere) {
    targets_.push_back(parts_.places.of_cell(cell));
    return;
  }
  const int64_t x = code.value(there.x, own);
  if (there.kind == Place::Kind::kInterface) {
    targets_.push_back(parts_.places.of_interface(x));
    return;
  }
  const int64_t y = code.value(there.y, own);
  if (there.kind == Place::Kind::kNode) return add_target(cell, thread, x, y, there.layout, now);
  const int64_t columns = code.value(there.x_count, own), rows = code.value(there.y_count, own);
  for (int64_t j = 0; j < rows; ++j)
    for (int64_t i = 0; i < columns; ++i)
      add_target(cell, thread, x + i * there.x_step, y + j * there.y_step, there.layout, now);
}

void Engine::add_target(size_t cell, size_t thread, int64_t x, int64_t y, program::LayoutId layout,
                        Cycles now) {
  const auto refuse = [&](std::string_view why) {
    fail(cell, thread, now, fmt::format("its target ({}, {}) {}", x, y, why));
  };
  if (!parts_.map.inside(x, y)) refuse("is outside the grid");
  const size_t to = parts_.map.cell({static_cast<int32_t>(x), static_cast<int32_t>(y)});
  if (!parts_.map.has_role(to)) refuse("is of no class");
  if (program_.classes[at(parts_.map.role(to).node_class)].layout != layout)
    refuse("has another layout");
  targets_.push_back(parts_.places.of_cell(to));
}

bool Engine::copy(size_t cell, size_t thread, const Copy& copy, Cycles now) {
  NodeState& node = nodes_[cell];
  if (node.in_list_engine >= parts_.costs.list_engine_holds) {
    ThreadState& state = node.threads[thread];
    state.status = Status::kForListEngine;
    state.ready = now;
    return false;
  }
  const ThreadCode& code = class_code(cell).threads[thread];
  const int32_t* own = variables(cell, thread);
  Message message;
  message.way = copy.way;
  message.cell = static_cast<uint32_t>(cell);
  message.slot_here = slot(code, copy.signal_here, own);
  message.slot_there = slot(code, copy.signal_there, own);
  message.bytes = program_.bytes_of(*code.code, copy);
  if (values_) {
    message.parcel = values_->parcel(actor(cell, thread, now), code, copy, own);
    if (copy.way != Copy::Way::kFrom) values_->read(message.parcel.get(), cell, node.phase, now);
  }
  instructions_[at(Instruction::kTransfer)].work += message.bytes;
  // The list engine takes one descriptor after the other.
  const machine::InstructionCost& cost = parts_.costs[Instruction::kTransfer];
  const Cycles taken = std::max(now, node.list_engine_free);
  node.list_engine_free = taken + copy.num_pieces * cost.interval_cycles;
  if (causes_)
    causes_->list_engine(cell, now, taken, taken + cost.latency_cycles, node.list_engine_free);
  ++node.in_list_engine;
  ++node.transfers_here;
  targets(cell, thread, copy.there, now);
  const bool asks = copy.way == Copy::Way::kFrom;
  message.kind = asks ? Message::Kind::kRequest : Message::Kind::kData;
  const int64_t bytes = asks ? copy.num_pieces * parts_.costs.packet_bytes : message.bytes;
  if (!asks) stats_[cell].sent_bytes += bytes;
  send(messages_.add(std::move(message)), parts_.places.of_cell(cell), targets_, bytes,
       taken + cost.latency_cycles, &node.sent, cell);
  return true;
}

void Engine::send(uint32_t message, PlaceId from, std::span<const PlaceId> to, int64_t bytes,
                  Cycles ready, uint32_t* sent, uint64_t sender) {
  messages_[message].to_come = 1 + static_cast<int32_t>(to.size());
  if (causes_) {
    const bool carries = messages_[message].kind >= Message::Kind::kRequest;
    causes_->sent(message, from, to, bytes, ready, carries ? Cause::kData : Cause::kSignal);
  }
  parts_.transport.send({message, from, to, bytes, ready, sender << 32 | (*sent)++});
}

void Engine::came(uint32_t message) {
  if (--messages_[message].to_come > 0) return;
  messages_.remove(message);
  if (causes_) causes_->removed(message);
}

void Engine::arrive(const Arrival& arrival, Cycles now) {
  Message& message = messages_[arrival.message];
  const bool written = arrival.kind == Arrival::Kind::kWritten;
  if (causes_) causes_->arrives(arrival, now);
  switch (message.kind) {
    case Message::Kind::kRequest:
      return arrive_request(arrival, now);
    case Message::Kind::kData:
      return arrive_data(arrival, now);
    case Message::Kind::kSignal:
      if (written)
        add(parts_.places.cell_of(arrival.place), message.slot, message.amount, message.known.get(),
            now);
      break;
    case Message::Kind::kBarrierUp: {
      const program::BarrierId barrier{message.slot};
      if (!written) break;
      const size_t cell = parts_.places.cell_of(arrival.place);
      barriers_[at(barrier)].come(parts_.map.coord(cell), false, message.known.get());
      try_barrier(barrier, cell, now);
      break;
    }
    case Message::Kind::kBarrierDown: {
      const program::BarrierId barrier{message.slot};
      if (!written) break;
      const size_t cell = parts_.places.cell_of(arrival.place);
      BarrierTree& tree = barriers_[at(barrier)];
      if (tree.has_clocks()) tree.known(parts_.map.coord(cell)).join(*message.known);
      pass_barrier(barrier, cell, now);
    }
  }
  came(arrival.message);
}

// The one who asked has left its list engine, or the one asked begins to send.
void Engine::arrive_request(const Arrival& arrival, Cycles now) {
  if (arrival.kind == Arrival::Kind::kRead) {
    const size_t cell = messages_[arrival.message].cell;
    --messages_[arrival.message].to_come;
    return leave_list_engine(cell, now);
  }
  Message& message = messages_[arrival.message];
  message.kind = Message::Kind::kData;
  const size_t memory = memory_of(arrival.place);
  if (values_) values_->read(message.parcel.get(), memory, phase_of(memory), now);
  const PlaceId to = parts_.places.of_cell(message.cell);
  if (!parts_.places.is_interface(arrival.place)) {
    stats_[memory].sent_bytes += message.bytes;
    send(arrival.message, arrival.place, std::span(&to, 1), message.bytes, now,
         &nodes_[memory].sent, memory);
    return;
  }
  const auto i = static_cast<size_t>(parts_.places.interface_of(arrival.place));
  const Wire::Served served = interfaces_[i].serve(now, message.bytes, parts_.interface_rate);
  if (causes_) {
    causes_->interface(i, now, served.begin, served.end);
    causes_->elapse(Cause::kInterface, served.begin + parts_.interface_latency);
  }
  send(arrival.message, arrival.place, std::span(&to, 1), message.bytes,
       served.begin + parts_.interface_latency, &interface_sent_[i], memory);
}

void Engine::arrive_data(const Arrival& arrival, Cycles now) {
  Message& message = messages_[arrival.message];
  if (arrival.kind == Arrival::Kind::kWritten) {
    if (!parts_.places.is_interface(arrival.place))
      return written(arrival.message, arrival.place, now);
    const auto i = static_cast<size_t>(parts_.places.interface_of(arrival.place));
    message.interface = arrival.place;
    const Wire::Served served = interfaces_[i].serve(now, message.bytes, parts_.interface_rate);
    if (causes_) {
      causes_->interface(i, now, served.begin, served.end);
      causes_->elapse(Cause::kInterface, served.end);
      causes_->comes_from_interface(arrival.message);
    }
    queue_.push(served.end,
                {Event::Kind::kInterface, 0, arrival.message, kInterfaceKey | arrival.order});
    return;
  }
  // The last byte has been read.
  const Clock* known = message.parcel ? &message.parcel->known : nullptr;
  switch (message.way) {
    case Copy::Way::kFrom:
      if (message.slot_there >= 0) add(memory_of(arrival.place), message.slot_there, 1, known, now);
      break;
    case Copy::Way::kTo:
      complete_here(message.cell, message.slot_here, known, now);
      [[fallthrough]];
    case Copy::Way::kHere:
      leave_list_engine(message.cell, now);
  }
  came(arrival.message);
}

void Engine::interface_done(uint32_t message, Cycles now) {
  if (causes_) causes_->message_is_done(message);
  written(message, messages_[message].interface, now);
}

// The last byte is in the memory of a place.
void Engine::written(uint32_t number, PlaceId place, Cycles now) {
  Message& message = messages_[number];
  const size_t memory = memory_of(place);
  std::optional<Clock> known;
  if (values_) known = values_->write(*message.parcel, memory, phase_of(memory), now);
  const Clock* const knows = known ? &*known : nullptr;
  if (memory < nodes_.size()) stats_[memory].received_bytes += message.bytes;
  if (message.way == Copy::Way::kTo) {
    if (message.slot_there >= 0) add(memory, message.slot_there, 1, knows, now);
  } else {
    complete_here(message.cell, message.slot_here, knows, now);
  }
  came(number);
}

// A transfer that the node issued is done on the node's side.
void Engine::complete_here(size_t cell, int32_t slot, const Clock* known, Cycles now) {
  if (known) values_->order().complete(cell, *known);
  if (slot >= 0) add(cell, slot, 1, known, now);
  --nodes_[cell].transfers_here;
  if (nodes_[cell].num_at_phase > 0) try_phase(cell, now);
}

void Engine::leave_list_engine(size_t cell, Cycles now) {
  NodeState& node = nodes_[cell];
  --node.in_list_engine;
  // Who waited longest comes first.
  size_t first = kNumThreads;
  for (size_t t = 0; t < kNumThreads; ++t)
    if (node.threads[t].status == Status::kForListEngine &&
        (first == kNumThreads || node.threads[t].ready < node.threads[first].ready))
      first = t;
  if (first == kNumThreads) return;
  const Cycles since = node.threads[first].ready;
  spend(cell, first, Spent::kListEngine, since, now - since);
  if (causes_) causes_->woken(cell, first, node.threads[first].pc, now);
  resume(cell, first, now);
}

size_t Engine::memory_of(PlaceId place) const {
  return parts_.places.is_interface(place)
             ? nodes_.size() + static_cast<size_t>(parts_.places.interface_of(place))
             : parts_.places.cell_of(place);
}

int32_t Engine::phase_of(size_t memory) const {
  return memory < nodes_.size() ? nodes_[memory].phase : 0;
}

}  // namespace dojo::sim
