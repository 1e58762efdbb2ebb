#include "dojo/sim/values/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/program/vector_op.h"

namespace dojo::sim {

using program::Allocation;
using program::AllocationId;

namespace {

// The bytes that allocations of a layout reach to.
int64_t extent(const program::Program& program, const program::Layout& layout) {
  int64_t end = 0;
  for (const Allocation& a : program.allocations_of(layout))
    end = std::max(end, a.address + a.num_bytes());
  return end;
}

}  // namespace

Values::Values(const program::Program& program, const program::NodeMap& map, int64_t num_interfaces,
               const Options& options, const program::SourceLines* lines)
    : program_(program),
      map_(map),
      options_(options),
      lines_(lines),
      sites_(program),
      order_(program, map, map.num_cells() + static_cast<size_t>(num_interfaces), options.races),
      arithmetic_(program, options) {
  for (size_t cell = 0; cell < map.num_cells(); ++cell) {
    const bool used = map.has_role(cell);
    const auto& classes = program.classes;
    memories_.emplace_back(
        used ? extent(program, program.layout(classes[at(map.role(cell).node_class)].layout)) : 0);
  }
  int64_t of_interface = 0;
  for (const program::Layout& layout : program.layouts)
    if (layout.of == program::Layout::Of::kInterfaces)
      of_interface = std::max(of_interface, extent(program, layout));
  for (int64_t i = 0; i < num_interfaces; ++i) memories_.emplace_back(of_interface);
  if (options.threads > 1) later_.emplace(arithmetic_, memories_, options.threads);
}

void Values::finish() {
  if (later_) later_->settle_all();
}

void Values::write(AllocationId allocation, size_t memory, std::span<const std::byte> codes) {
  const Allocation& a = program_.allocation(allocation);
  DOJO_CHECK_EQ(std::ssize(codes), a.num_bytes());
  std::memcpy(memories_[memory].at(a.address), codes.data(), codes.size());
  memories_[memory].set_written(a.address, a.num_bytes());
}

std::vector<std::byte> Values::read(AllocationId allocation, size_t memory) const {
  const Allocation& a = program_.allocation(allocation);
  std::vector<std::byte> codes(static_cast<size_t>(a.num_bytes()));
  std::memcpy(codes.data(), memories_[memory].at(a.address), codes.size());
  return codes;
}

bool Values::is_written(AllocationId allocation, size_t memory) const {
  const Allocation& a = program_.allocation(allocation);
  return memories_[memory].first_unwritten(a.address, a.num_bytes()) < 0;
}

void Values::begin_phase(size_t cell, int32_t phase) {
  const program::NodeClass& c = program_.classes[at(map_.role(cell).node_class)];
  for (const Allocation& a : program_.allocations_of(program_.layout(c.layout)))
    if (a.live.begin == phase) memories_[cell].set_written(a.address, a.num_bytes(), false);
}

// ---- Instructions ----

void Values::matmul(const Actor& actor, const ThreadCode& thread, const program::Matmul& matmul,
                    const int32_t* variables) {
  const auto block = [&](const program::View& view) {
    return evaluate(program_.allocation(view), thread, view, variables);
  };
  Operation operation{
      .matmul = &matmul, .to = block(matmul.to), .from = {block(matmul.left), block(matmul.right)}};
  set_random(thread, matmul.random, variables, &operation);
  const Toucher who = thread_of(actor);
  if (matmul.adds) touch(who, actor.cell, matmul.to, operation.to, false);
  touch(who, actor.cell, matmul.left, operation.from[0], false);
  touch(who, actor.cell, matmul.right, operation.from[1], false);
  touch(who, actor.cell, matmul.to, operation.to, true);
  compute(actor.cell, operation);
}

void Values::vector(const Actor& actor, const ThreadCode& thread, const program::Vector& vector,
                    const int32_t* variables) {
  Operation operation{.vector = &vector,
                      .to = evaluate(program_.allocation(vector.to), thread, vector.to, variables)};
  set_random(thread, vector.random, variables, &operation);
  const Toucher who = thread_of(actor);
  for (size_t i = 0; i < static_cast<size_t>(program::info(vector.op).operands); ++i) {
    if (vector.from[i].is_constant()) continue;
    const program::View& view = vector.from[i].view;
    operation.from[i] = evaluate(program_.allocation(view), thread, view, variables);
    touch(who, actor.cell, view, operation.from[i], false);
  }
  touch(who, actor.cell, vector.to, operation.to, true);
  compute(actor.cell, operation);
}

void Values::set_random(const ThreadCode& thread, const program::View& random,
                        const int32_t* variables, Operation* operation) const {
  if (random.of < 0) return;
  operation->random =
      evaluate(program_.randoms[static_cast<size_t>(random.of)], thread, random, variables);
}

void Values::compute(size_t cell, const Operation& operation) {
  if (later_)
    later_->add(cell, operation);
  else
    arithmetic_.run(operation, &memories_[cell], &scratch_);
}

// ---- Transfers ----

std::unique_ptr<Parcel> Values::parcel(const Actor& actor, const ThreadCode& thread,
                                       const program::Copy& copy, const int32_t* variables) {
  auto parcel = std::make_unique<Parcel>();
  parcel->actor = actor;
  add_pieces(thread, copy, variables, parcel.get());
  parcel->known = order_.release(actor.cell, actor.thread);
  return parcel;
}

void Values::add_pieces(const ThreadCode& thread, const program::Copy& copy,
                        const int32_t* variables, Parcel* parcel) const {
  for (const program::Piece& piece : thread.code->pieces_of(copy)) {
    parcel->from.push_back(
        evaluate(program_.allocation(piece.from), thread, piece.from, variables));
    parcel->to.push_back(evaluate(program_.allocation(piece.to), thread, piece.to, variables));
    parcel->from_of.push_back(AllocationId{piece.from.of});
    parcel->to_of.push_back(AllocationId{piece.to.of});
  }
}

Clock Values::read(Parcel* parcel, size_t memory, int32_t phase, Cycles now) {
  const Access access = order_.by_transfer(memory, site(parcel->actor), &parcel->known);
  const Toucher who{parcel->actor, now, access, parcel->known};
  int64_t bytes = 0;
  for (const Block& block : parcel->from) bytes += block.bytes();
  parcel->bytes.resize(static_cast<size_t>(bytes));
  uint8_t* codes = parcel->bytes.data();
  for (size_t i = 0; i < parcel->from.size(); ++i) {
    check_live(who, memory, parcel->from_of[i], phase, false);
    if (later_) later_->settle(memory, reach(parcel->from[i]), false);
    gather(who, memory, parcel->from_of[i], parcel->from[i], codes);
    codes += parcel->from[i].bytes();
  }
  return parcel->known;
}

Clock Values::write(const Parcel& parcel, size_t memory, int32_t phase, Cycles now) {
  Clock known = parcel.known;
  const Access access = order_.by_transfer(memory, site(parcel.actor), &known);
  const Toucher who{parcel.actor, now, access, known};
  const uint8_t* codes = parcel.bytes.data();
  for (size_t i = 0; i < parcel.to.size(); ++i) {
    check_live(who, memory, parcel.to_of[i], phase, true);
    if (later_) later_->settle(memory, reach(parcel.to[i]), true);
    scatter(who, memory, parcel.to_of[i], parcel.to[i], codes);
    codes += parcel.to[i].bytes();
  }
  return known;
}

void Values::check_live(const Toucher& who, size_t memory, AllocationId of, int32_t phase,
                        bool writes) const {
  const Allocation& a = program_.allocation(of);
  if (memory >= map_.num_cells() || a.live.contains(phase)) return;
  fail(who,
       fmt::format("{} {} at {}, which is in its phase {}, in which it is not live",
                   writes ? "writes into" : "reads from", a.name, memory_name(memory), phase),
       "a signal from there can say when it is");
}

// ---- Blocks ----

uint32_t Values::site(const Actor& actor) const {
  return sites_.number(actor.node_class, actor.thread, actor.instruction);
}

Values::Toucher Values::thread_of(const Actor& actor) const {
  return {actor, actor.now, order_.by_thread(actor.cell, actor.thread, site(actor)),
          order_.known(actor.cell, actor.thread)};
}

void Values::gather(const Toucher& who, size_t memory, AllocationId of, const Block& block,
                    uint8_t* codes) {
  for_each_run(block, [&](int64_t address, int64_t bytes) {
    if (address == kPadding) {
      std::memset(codes, 0, static_cast<size_t>(bytes));
    } else {
      touch(who, memory, of, address, bytes, false);
      std::memcpy(codes, memories_[memory].at(address), static_cast<size_t>(bytes));
    }
    codes += bytes;
  });
}

void Values::scatter(const Toucher& who, size_t memory, AllocationId of, const Block& block,
                     const uint8_t* codes) {
  for_each_run(block, [&](int64_t address, int64_t bytes) {
    touch(who, memory, of, address, bytes, true);
    std::memcpy(memories_[memory].at(address), codes, static_cast<size_t>(bytes));
    codes += bytes;
  });
}

void Values::touch(const Toucher& who, size_t memory, const program::View& view, const Block& block,
                   bool writes) {
  for_each_run(block, [&](int64_t address, int64_t bytes) {
    if (address != kPadding) touch(who, memory, AllocationId{view.of}, address, bytes, writes);
  });
}

void Values::touch(const Toucher& who, size_t memory, AllocationId of, int64_t address,
                   int64_t bytes, bool writes) {
  if (writes) {
    memories_[memory].set_written(address, bytes);
  } else if (const int64_t byte = memories_[memory].first_unwritten(address, bytes); byte >= 0) {
    fail(who, fmt::format("reads {}, which nobody has written", byte_name(of, memory, byte)),
         "inputs are written from outside, all else by instructions and transfers");
  }
  if (const auto race = order_.note(memory, address, bytes, writes, who.access, who.known))
    fail(who,
         fmt::format("data race: {} {}, and without any order to that \"{}\" {} it",
                     writes ? "writes" : "reads", byte_name(of, memory, race->address),
                     to_string(program_, sites_.site(race->other.site)),
                     race->other_writes ? "writes" : "reads"),
         "semaphores, barriers and phases give order");
}

// ---- Messages ----

std::string Values::memory_name(size_t memory) const {
  if (memory >= map_.num_cells()) return fmt::format("the interface {}", memory - map_.num_cells());
  const program::Coord c = map_.coord(memory);
  return fmt::format("the node ({}, {})", c.x, c.y);
}

std::string Values::byte_name(AllocationId of, size_t memory, int64_t address) const {
  const Allocation& a = program_.allocation(of);
  int64_t element = (address - a.address) / size_bytes(a.element);
  std::string indices;
  for (size_t i = a.shape.size(); i-- > 0;) {
    indices = fmt::format("{}{}{}", element % a.shape[i], indices.empty() ? "" : ", ", indices);
    element /= a.shape[i];
  }
  return fmt::format("{}[{}] at {}", a.name, indices, memory_name(memory));
}

std::string Values::place(const Actor& actor) const {
  return fmt::format(
      "cycle {}, {}: {}", actor.now, memory_name(actor.cell),
      to_string(program_, program::site(actor.node_class, actor.thread, actor.instruction),
                lines_));
}

void Values::fail(const Toucher& who, std::string what, std::string hint) const {
  Actor actor = who.actor;
  actor.now = who.now;
  throw Error(Category::kInput, std::move(what), place(actor), std::move(hint));
}

}  // namespace dojo::sim
