#include "dojo/sim/causes.h"

#include <algorithm>
#include <limits>

#include "dojo/base/check.h"

namespace dojo::sim {
namespace {

constexpr size_t kFirstCollection = size_t{1} << 16;  // steps
constexpr size_t kMostTargets = size_t{1} << 24;      // places of all sets; more are not kept

uint32_t bounded(int64_t n) {
  return static_cast<uint32_t>(std::min<int64_t>(n, std::numeric_limits<uint32_t>::max()));
}

}  // namespace

Causes::Causes(size_t num_cells, size_t num_interfaces, size_t most_steps)
    : most_steps_(most_steps),
      collect_at_(std::min(kFirstCollection, most_steps)),
      threads_(num_cells * program::kNumThreads, kNone),
      units_(num_cells),
      list_engines_(num_cells, kNone),
      interfaces_(num_interfaces, kNone) {}

uint32_t Causes::add(CauseStep step) {
  DOJO_CHECK_LE(end_of(step.before), step.end);
  if (end_of(step.before) == step.end) return step.before;
  steps_.push_back(step);
  return static_cast<uint32_t>(steps_.size() - 1);
}

uint32_t Causes::add(uint32_t before, const Actor& actor, Cause cause, Cycles end) {
  return add({.end = end,
              .before = before,
              .cell = actor.cell,
              .pc = actor.pc,
              .thread = actor.thread,
              .cause = cause});
}

void Causes::happens(uint32_t step, const Actor& actor) {
  now_ = step;
  actor_ = actor;
  if (end_of(step) >= end_of(last_)) last_ = step;
  if (steps_.size() >= collect_at_) collect();
}

Causes::Message& Causes::message(uint32_t number) {
  if (number >= messages_.size()) messages_.resize(number + 1);
  return messages_[number];
}

// ---- What happens now ----

void Causes::thread_goes_on(size_t cell, size_t t, uint32_t pc) {
  happens(thread(cell, t), {static_cast<uint32_t>(cell), pc, static_cast<uint8_t>(t)});
}

void Causes::arrives(const Arrival& arrival, Cycles now) {
  Message& m = message(arrival.message);
  const bool is_read = arrival.kind == Arrival::Kind::kRead;
  const Cycles ready = end_of(m.step);
  if (is_read) m.read = bounded(now - ready);
  happens(add({.end = now,
               .before = m.step,
               .cell = m.actor.cell,
               .pc = m.actor.pc,
               .thread = m.actor.thread,
               .cause = is_read && m.cause == Cause::kData ? Cause::kRead : m.cause,
               .from = m.from,
               .to = is_read ? m.to : arrival.place,
               .bytes = m.bytes,
               .targets = m.targets,
               .read = m.read,
               .waited = is_read ? 0 : bounded(arrival.waited)}),
          m.actor);
}

void Causes::message_is_done(uint32_t number) {
  const Message& m = message(number);
  happens(m.step, m.actor);
}

// ---- Threads and units ----

void Causes::took(size_t cell, size_t t, uint32_t pc, Cause cause, Cycles until) {
  uint32_t& step = thread(cell, t);
  step = add(step, {static_cast<uint32_t>(cell), pc, static_cast<uint8_t>(t)}, cause, until);
}

void Causes::woken(size_t cell, size_t t, uint32_t pc, Cycles at) {
  thread(cell, t) =
      add(now_, {static_cast<uint32_t>(cell), pc, static_cast<uint8_t>(t)}, Cause::kIssue, at);
}

void Causes::is_done(size_t cell, size_t t) {
  uint32_t& step = thread(cell, t);
  if (end_of(step) >= end_of(last_)) last_ = step;
  step = kNone;
}

void Causes::enters(size_t cell, size_t t, uint32_t pc, Unit unit, Cycles free, Cycles until) {
  const Actor actor = {static_cast<uint32_t>(cell), pc, static_cast<uint8_t>(t)};
  units_[cell][unit] = {.before = thread(cell, t), .actor = actor, .free = free};
  took(cell, t, pc, unit == kMatrixUnit ? Cause::kMatrix : Cause::kVector, until);
}

void Causes::waits_for_unit(size_t cell, size_t t, Unit unit) {
  const InUnit& in = units_[cell][unit];
  const uint32_t paced =
      add(in.before, in.actor, unit == kMatrixUnit ? Cause::kMatrix : Cause::kVector, in.free);
  thread(cell, t) = add(paced, in.actor, Cause::kUnitPorts, in.free + in.later);
}

void Causes::matrix_unit_later(size_t cell, size_t t, Cycles later) {
  InUnit& in = units_[cell][kMatrixUnit];
  in.later += later;
  took(cell, t, in.actor.pc, Cause::kUnitPorts, end_of(thread(cell, t)) + later);
}

// ---- Messages ----

void Causes::list_engine(size_t cell, Cycles now, Cycles taken, Cycles ready, Cycles free) {
  uint32_t& engine = list_engines_[cell];
  if (taken > now) now_ = engine;
  engine = add(now_, actor_, Cause::kListEngine, free);
  now_ = add(now_, actor_, Cause::kIssue, ready);
}

void Causes::interface(size_t interface, Cycles now, Cycles begin, Cycles end) {
  uint32_t& memory = interfaces_[interface];
  if (begin > now) now_ = memory;
  memory = add(now_, actor_, Cause::kInterface, end);
}

void Causes::elapse(Cause cause, Cycles until) { now_ = add(now_, actor_, cause, until); }

void Causes::sent(uint32_t number, PlaceId from, std::span<const PlaceId> to, int64_t bytes,
                  Cycles ready, Cause cause) {
  message(number) = {.step = add(now_, actor_, Cause::kIssue, ready),
                     .targets = targets_of(to),
                     .bytes = bounded(bytes),
                     .from = from,
                     .to = to.front(),
                     .actor = actor_,
                     .cause = cause};
}

void Causes::is_local(uint32_t number, Cycles ready) {
  message(number) = {.step = add(now_, actor_, Cause::kIssue, ready), .actor = actor_};
}

void Causes::comes_from_interface(uint32_t number) { message(number).step = now_; }

void Causes::removed(uint32_t number) { message(number) = {}; }

uint32_t Causes::targets_of(std::span<const PlaceId> to) {
  if (to.size() < 2) return kNone;
  std::vector<PlaceId> places(to.begin(), to.end());
  if (const auto known = target_numbers_.find(places); known != target_numbers_.end())
    return known->second;
  if (num_targets_ + places.size() > kMostTargets) return kNone;
  num_targets_ += places.size();
  target_sets_.push_back(places);
  return target_numbers_.emplace(std::move(places), target_sets_.size() - 1).first->second;
}

// ---- What is kept ----

template <typename Fn>
void Causes::for_each_root(const Fn& fn) {
  fn(now_);
  fn(last_);
  for (uint32_t& step : threads_) fn(step);
  for (auto& units : units_)
    for (InUnit& in : units) fn(in.before);
  for (uint32_t& step : list_engines_) fn(step);
  for (uint32_t& step : interfaces_) fn(step);
  for (Message& m : messages_) fn(m.step);
}

// Steps only refer to earlier ones: one walk back marks, one walk on moves.
void Causes::collect() {
  const Cycles now = end_of(now_);
  for (auto& units : units_)
    for (InUnit& in : units)
      if (in.free + in.later <= now) in.before = kNone;  // nobody will wait for it
  for (std::vector<uint32_t>* free : {&list_engines_, &interfaces_})
    for (uint32_t& step : *free)
      if (end_of(step) <= now) step = kNone;

  std::vector<uint32_t> moved(steps_.size(), kNone);
  constexpr uint32_t kMarked = 0;
  for_each_root([&](uint32_t step) {
    if (step != kNone) moved[step] = kMarked;
  });
  size_t live = 0;
  for (size_t i = steps_.size(); i-- > 0;) {
    if (moved[i] == kNone) continue;
    // Half of the room is for what comes.
    if (++live > most_steps_ / 2) {
      steps_[i].before = kNone;
      steps_[i].cause = Cause::kForgotten;
    }
    if (steps_[i].before != kNone) moved[steps_[i].before] = kMarked;
  }
  uint32_t next = 0;
  for (size_t i = 0; i < steps_.size(); ++i) {
    if (moved[i] == kNone) continue;
    moved[i] = next;
    CauseStep step = steps_[i];
    if (step.before != kNone) step.before = moved[step.before];
    steps_[next++] = step;
  }
  steps_.resize(next);
  for_each_root([&](uint32_t& step) {
    if (step != kNone) step = moved[step];
  });
  collect_at_ = std::max(kFirstCollection, 2 * steps_.size());
  // Threads and messages alone may be more than that.
  collect_at_ = std::max(std::min(collect_at_, most_steps_), steps_.size() + most_steps_ / 4 + 1);
}

std::vector<CauseStep> Causes::chain() const {
  std::vector<CauseStep> chain;
  for (uint32_t step = last_; step != kNone; step = steps_[step].before)
    chain.push_back(steps_[step]);
  std::reverse(chain.begin(), chain.end());
  return chain;
}

}  // namespace dojo::sim
