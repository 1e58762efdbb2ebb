#include "dojo/sim/immediate_transport.h"

namespace dojo::sim {

void ImmediateTransport::send(const Send& send) {
  queue_.push(send.ready, {{Arrival::Kind::kRead, send.message, send.from, send.order, 0}});
  for (const PlaceId to : send.to)
    queue_.push(send.ready + 1, {{Arrival::Kind::kWritten, send.message, to, send.order, 0}});
}

void ImmediateTransport::advance(Cycles now, std::vector<Arrival>* arrivals) {
  const size_t before = arrivals->size();
  for (const Event& event : queue_.take(now)) arrivals->push_back(event.arrival);
  sort_arrivals(std::span(*arrivals).subspan(before));
}

void ImmediateTransport::fields(Archive& archive, Cycles next) {
  queue_.fields(archive, next, kLatest, [&](Event& event) {
    Arrival& arrival = event.arrival;
    archive.whole(arrival.kind, 0, static_cast<int64_t>(Arrival::Kind::kWritten));
    archive.word(arrival.message);
    archive.whole(arrival.place, 0, INT32_MAX);
    archive.word(arrival.order);
  });
}

}  // namespace dojo::sim
