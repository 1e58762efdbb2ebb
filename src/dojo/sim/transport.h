// What carries bytes between the memories of nodes and interface processors. The simulator sends
// messages and is told when they have been read and when they are where they belong; how long that
// takes is the business of the level:
//
//   ImmediateTransport  a cycle, whatever the way: values without time
//   BurstTransport      messages are events on links, which serve one after the other
//   FlitTransport       packets go through routers flit by flit, cycle by cycle
//
// A place is a node of the machine, row by row, disabled ones too, or behind them an interface.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "dojo/sim/archive.h"
#include "dojo/sim/link.h"
#include "dojo/sim/time.h"

namespace dojo::sim {

using PlaceId = int32_t;

struct Send {
  uint32_t message = 0;  // the sender's name for it, which arrivals give back
  PlaceId from = 0;
  std::span<const PlaceId> to;  // several: each gets the same
  int64_t bytes = 0;            // more than 0
  Cycles ready = 0;             // from when on it can be read. REQUIRES: not in the past
  // Decides between messages that come to something in the same cycle. REQUIRES: no other message
  // that is under way has it.
  uint64_t order = 0;
};

struct Arrival {
  enum class Kind : uint8_t {
    kRead,    // the last byte has left the memory of `place`, from where it was sent
    kWritten  // the last byte is in the memory of `place`
  } kind = Kind::kWritten;
  uint32_t message = 0;
  PlaceId place = 0;
  uint64_t order = 0;
  int32_t waited = 0;  // of kWritten: cycles that its last piece waited for the memory's port
};

// By place, then by `order`, so that who found them first does not matter.
inline void sort_arrivals(std::span<Arrival> arrivals) {
  std::sort(arrivals.begin(), arrivals.end(), [](const Arrival& a, const Arrival& b) {
    return std::tie(a.place, a.order, a.kind) < std::tie(b.place, b.order, b.kind);
  });
}

class Transport {
 public:
  virtual ~Transport() = default;

  virtual void send(const Send& send) = 0;

  // The next cycle in which something happens inside, or kNever.
  virtual Cycles next() const = 0;

  // Lets happen what happens in that cycle, and appends what arrives in it, ordered as
  // sort_arrivals() does. REQUIRES: now == next().
  virtual void advance(Cycles now, std::vector<Arrival>* arrivals) = 0;

  // All that is under way, for a checkpoint; what comes of it comes in `next` or later. What was
  // read is checked as it is used: advance() throws Error(kInput) where it cannot be. REQUIRES: to
  // be read it is new. Throws Error(kUnimplemented) where a level has none.
  virtual void fields(Archive& archive, Cycles next) = 0;

  // That carried something; none where there are no links.
  virtual std::vector<LinkStats> links() const { return {}; }
};

}  // namespace dojo::sim
