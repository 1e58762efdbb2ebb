// Why a run took as long as it did: the chain of what could not begin before something else was
// over, from its last event back to cycle 0 (causes.h), with each of its cycles under one reason.
//
// A message's cycles are set beside those that it takes alone on an empty network; what it takes
// longer it waits: at the port of the memory where it ends, at the port where it begins, and else
// for links. Where waiting at one of them hides behind another one it counts once, in that order.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "dojo/program/node_map.h"
#include "dojo/program/program.h"
#include "dojo/program/site.h"
#include "dojo/sim/causes.h"
#include "dojo/sim/places.h"
#include "dojo/sim/transport.h"

namespace dojo::sim {

enum class Reason : uint8_t {
  kMatrix,
  kVector,
  kUnitPorts,
  kIdle,
  kIssue,
  kListEngine,
  kTransfer,  // as long as it takes alone
  kSignal,    // the same of signals and packets of barriers
  kSendPort,
  kLinks,
  kReceivePort,
  kInterface,
  kForgotten,
};
inline constexpr size_t kNumReasons = static_cast<size_t>(Reason::kForgotten) + 1;
std::string_view name(Reason reason);     // "links"
std::string_view meaning(Reason reason);  // half a sentence

// Steps of one instruction that follow each other, or a message. The next one begins at its end.
struct PathStep {
  Cycles begin = 0, end = 0;
  program::Coord node;  // whose thread's
  program::Site site;   // instruction it is, or that sent the message
  bool is_message = false;
  // Of messages: nodes of the program, or interfaces where a number is not -1.
  program::Coord from, to;
  int32_t from_interface = -1, to_interface = -1;
  bool is_read_only = false;  // until it has been read; it has no `to`
  int64_t bytes = 0;
  std::array<Cycles, kNumReasons> cycles{};  // their sum is end - begin
};

struct CriticalPath {
  std::array<Cycles, kNumReasons> cycles{};  // their sum is Result::cycles
  std::vector<PathStep> steps;               // in the order of time
};

struct PathParts {
  const program::Program& program;
  const program::NodeMap& map;
  const Places& places;
  Transport& alone;  // as that of the run, with nothing in it
};

CriticalPath critical_path(const Causes& causes, const PathParts& parts);

}  // namespace dojo::sim
