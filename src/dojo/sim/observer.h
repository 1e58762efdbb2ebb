// Who looks on while a program runs: what each thread spends its time on, when units are taken and
// when links carry something. A run without an observer pays one test of a pointer for each.
//
// Spans are half open, [begin, end), in cycles. Those of one thread, one unit or one link come in
// the order of their beginning, apart from short messages, which a link lets in between longer
// ones; of different threads or links in any order: a thread that nobody can notice runs ahead.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dojo/machine/topology.h"
#include "dojo/sim/stats.h"
#include "dojo/sim/time.h"
#include "dojo/sim/transport.h"

namespace dojo::sim {

struct ThreadSpan {
  size_t cell = 0;  // program::NodeMap's
  size_t thread = 0;
  Spent on = Spent::kOther;
  uint32_t instruction = 0;  // of the thread's code; no meaning where it goes on
  Cycles begin = 0, end = 0;
  bool goes_on = false;  // the thread's span before was longer by this: it missed ports
};

// That a unit cannot take another instruction.
struct UnitSpan {
  size_t cell = 0;
  bool is_matrix = false;  // else the SIMD unit
  size_t thread = 0;       // whose instruction it is
  Cycles begin = 0, end = 0;
  bool goes_on = false;  // as above
};

// Bytes on one direction of a link: of a node to its neighbour, or between a node and an interface.
struct LinkSpan {
  PlaceId node = 0;  // that it leaves, or, from an interface, comes to
  machine::Side side = machine::Side::kEast;
  bool is_interface = false, inwards = false;  // LinkStats
  PlaceId from = 0;                            // of the message
  uint64_t order = 0;                          // Send::order: which message it is
  Cycles begin = 0, end = 0;
  int64_t bytes = 0;
};

class Observer {
 public:
  virtual ~Observer() = default;

  virtual void spent(const ThreadSpan& span) = 0;
  virtual void unit(const UnitSpan& span) = 0;
  virtual void link(const LinkSpan& span) = 0;
};

}  // namespace dojo::sim
