#include "dojo/sim/critical_path.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace dojo::sim {
namespace {

struct Row {
  std::string_view name, meaning;
};

constexpr std::array<Row, kNumReasons> kRows = {{
    {"matrix", "multiplying matrices"},
    {"vector", "in vector instructions"},
    {"unit ports", "the matrix unit waits for SRAM ports that the SIMD unit uses"},
    {"idle", "idling, as the program says"},
    {"issue", "in loops, and issuing transfers, signals and tests"},
    {"list engine", "the list engine is busy with earlier transfers"},
    {"transfer", "transfers, as long as they take on an empty network"},
    {"signal", "signals and packets of barriers, the same"},
    {"send port", "messages wait for the port of the memory where they begin"},
    {"links", "messages wait for links that others use"},
    {"receive port", "messages wait for the port of the memory where they end"},
    {"interface", "in the memory of interface processors, and waiting for it"},
    {"forgotten", "earlier than what there was memory for"},
}};

// What messages take that are alone on the network.
class Alone {
 public:
  struct Times {
    Cycles read = 0, written = 0, waited = 0;
  };

  Alone(const Causes& causes, Transport* transport) : causes_(causes), transport_(*transport) {}

  const Times& of(const CauseStep& message) {
    const auto [found, is_new] =
        known_.try_emplace({message.from, message.to, message.targets, message.bytes});
    if (is_new) found->second = measure(message);
    return found->second;
  }

 private:
  static constexpr Cycles kApart = 1 << 14;  // until credits and slow links have forgotten the last

  Times measure(const CauseStep& message) {
    std::span<const PlaceId> to(&message.to, 1);
    if (message.targets != CauseStep::kNone) to = causes_.targets(message.targets);
    const Cycles ready = last_ + kApart;
    transport_.send({.from = message.from, .to = to, .bytes = message.bytes, .ready = ready});
    Times times;
    std::vector<Arrival> arrivals;
    for (Cycles now = transport_.next(); now != kNever; now = transport_.next()) {
      last_ = now;
      arrivals.clear();
      transport_.advance(now, &arrivals);
      for (const Arrival& a : arrivals) {
        if (a.kind == Arrival::Kind::kRead)
          times.read = last_ - ready;
        else if (a.place == message.to)
          times = {times.read, last_ - ready, a.waited};
      }
    }
    return times;
  }

  const Causes& causes_;
  Transport& transport_;
  Cycles last_ = 0;  // in which something happened
  std::map<std::tuple<PlaceId, PlaceId, uint32_t, uint32_t>, Times> known_;
};

Reason reason_of(Cause cause) {
  switch (cause) {
    case Cause::kMatrix:
      return Reason::kMatrix;
    case Cause::kVector:
      return Reason::kVector;
    case Cause::kUnitPorts:
      return Reason::kUnitPorts;
    case Cause::kIdle:
      return Reason::kIdle;
    case Cause::kIssue:
      return Reason::kIssue;
    case Cause::kListEngine:
      return Reason::kListEngine;
    case Cause::kInterface:
      return Reason::kInterface;
    case Cause::kData:
    case Cause::kRead:
      return Reason::kTransfer;
    case Cause::kSignal:
      return Reason::kSignal;
    case Cause::kForgotten:
      break;
  }
  return Reason::kForgotten;
}

bool is_message(const CauseStep& step) { return step.from >= 0 && step.cause != Cause::kForgotten; }

void divide(const CauseStep& step, Cycles cycles, const Alone::Times& alone,
            std::array<Cycles, kNumReasons>* into) {
  const auto at = [&](Reason reason) -> Cycles& { return (*into)[static_cast<size_t>(reason)]; };
  Cycles waited =
      std::max<Cycles>(0, cycles - (step.cause == Cause::kRead ? alone.read : alone.written));
  at(reason_of(step.cause)) += cycles - waited;
  const auto take = [&](Reason reason, Cycles most) {
    const Cycles taken = std::clamp<Cycles>(most, 0, waited);
    at(reason) += taken;
    waited -= taken;
  };
  take(Reason::kReceivePort, step.waited - alone.waited);
  take(Reason::kSendPort, step.read - alone.read);
  take(Reason::kLinks, waited);
}

}  // namespace

std::string_view name(Reason reason) { return kRows[static_cast<size_t>(reason)].name; }
std::string_view meaning(Reason reason) { return kRows[static_cast<size_t>(reason)].meaning; }

CriticalPath critical_path(const Causes& causes, const PathParts& parts) {
  CriticalPath path;
  Alone alone(causes, &parts.alone);
  const auto place = [&](PlaceId at, program::Coord* node, int32_t* interface) {
    if (parts.places.is_interface(at))
      *interface = parts.places.interface_of(at);
    else
      *node = parts.map.coord(parts.places.cell_of(at));
  };
  Cycles begin = 0;
  for (const CauseStep& cause : causes.chain()) {
    PathStep step;
    step.begin = begin;
    step.end = cause.end;
    step.node = parts.map.coord(cause.cell);
    if (cause.cause != Cause::kForgotten)
      step.site = program::site(parts.map.role(cause.cell).node_class, cause.thread, cause.pc);
    if (is_message(cause)) {
      step.is_message = true;
      step.is_read_only = cause.cause == Cause::kRead;
      step.bytes = cause.bytes;
      place(cause.from, &step.from, &step.from_interface);
      if (!step.is_read_only) place(cause.to, &step.to, &step.to_interface);
      divide(cause, step.end - step.begin, alone.of(cause), &step.cycles);
    } else {
      step.cycles[static_cast<size_t>(reason_of(cause.cause))] = step.end - step.begin;
    }
    begin = cause.end;
    for (size_t r = 0; r < kNumReasons; ++r) path.cycles[r] += step.cycles[r];
    PathStep* const last = path.steps.empty() ? nullptr : &path.steps.back();
    if (last && !last->is_message && !step.is_message && last->node == step.node &&
        last->site == step.site) {
      last->end = step.end;
      for (size_t r = 0; r < kNumReasons; ++r) last->cycles[r] += step.cycles[r];
    } else {
      path.steps.push_back(step);
    }
  }
  return path;
}

}  // namespace dojo::sim
