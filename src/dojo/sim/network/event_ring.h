// Lists of events by the cycle in which they happen: a ring of short-lived lists for what is near,
// whose memory stays in the processor's caches, and a longer one, as long as the longest delay, for
// what is far.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "dojo/base/check.h"

namespace dojo::sim {

template <typename Event>
class EventRing {
 public:
  // `most_delay`: the largest difference between a push's cycle and the one under way.
  explicit EventRing(uint32_t most_delay = 0) {
    if (most_delay + 1 >= kNear) far_.resize(std::bit_ceil(most_delay + 2));
  }

  // REQUIRES: cycles come one after the other, but for those that skip_to() leaves out.
  void begin(uint32_t cycle) {
    now_ = cycle;
    if (far_.empty()) return;
    std::vector<Event>& far = far_[cycle & (far_.size() - 1)];
    if (far.empty()) return;
    std::vector<Event>& near = near_[cycle % kNear];
    near.insert(near.end(), far.begin(), far.end());
    far.clear();
  }

  // The next begin() is of this cycle or of a later one. REQUIRES: there is no event before it.
  void skip_to(uint32_t cycle) { now_ = cycle - 1; }

  // REQUIRES: the cycle is that of begin() or a later one, by at most most_delay.
  Event& push(uint32_t cycle, const Event& event) {
    std::vector<Event>& list =
        cycle - now_ < kNear ? near_[cycle % kNear] : far_[cycle & (far_.size() - 1)];
    list.push_back(event);
    return list.back();
  }
  // In the cycle after that of begin().
  Event& push_next(const Event& event) {
    std::vector<Event>& list = near_[(now_ + 1) % kNear];
    list.push_back(event);
    return list.back();
  }

  // Those of the cycle of begin(), which whoever handles them clears.
  std::vector<Event>& current() { return near_[now_ % kNear]; }

  // How many cycles after that of begin() or skip_to() the next event is; at most `most`.
  uint32_t distance(uint32_t most) const {
    for (uint32_t d = 0; d < kNear && d < most; ++d)
      if (!near_[(now_ + d) % kNear].empty()) most = d;
    for (uint32_t d = 0; d < far_.size() && d < most; ++d)
      if (!far_[(now_ + d) & (far_.size() - 1)].empty()) most = d;
    return most;
  }

  // Counts cycles from a later one. REQUIRES: by a multiple of every ring's length.
  void shift(uint32_t by) { now_ -= by; }

  int64_t bytes() const {
    size_t events = 0;
    for (const auto& list : near_) events += list.capacity();
    for (const auto& list : far_) events += list.capacity();
    return static_cast<int64_t>(events * sizeof(Event));
  }

 private:
  static constexpr uint32_t kNear = 16;
  uint32_t now_ = 0;  // of begin(), or the cycle before that of skip_to()
  std::vector<Event> near_[kNear];
  std::vector<std::vector<Event>> far_;
};

}  // namespace dojo::sim
