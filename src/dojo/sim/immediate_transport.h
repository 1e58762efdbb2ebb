// Every message is read in the cycle in which it is ready and written in the next one, whatever its
// size and way: for values without time.
#pragma once

#include <vector>

#include "dojo/sim/event_queue.h"
#include "dojo/sim/transport.h"

namespace dojo::sim {

class ImmediateTransport : public Transport {
 public:
  void send(const Send& send) override;
  Cycles next() const override { return queue_.next(); }
  void advance(Cycles now, std::vector<Arrival>* arrivals) override;
  void fields(Archive& archive, Cycles next) override;

 private:
  struct Event {
    Arrival arrival;
    uint64_t order() const { return arrival.order; }
  };
  EventQueue<Event> queue_;
};

}  // namespace dojo::sim
