// What happens when. Events of one cycle come out together, ordered by what they are and not by
// when they were put in, so that the order never depends on who put them in first.
//
//   EventQueue<Resume> queue;                // struct Resume { ...; uint64_t order() const; };
//   queue.push(cycle, resume);
//   while (queue.next() != kNever) {
//     const Cycles now = queue.next();
//     for (const Resume& r : queue.take(now)) ...   // may push, also for `now`
//   }
//
// The next few thousand cycles are a ring of lists, what is later waits in a heap, so that an event
// costs the same however many there are. Memory is that of the most events at a time.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "dojo/base/check.h"
#include "dojo/sim/time.h"

namespace dojo::sim {

template <typename Event>
class EventQueue {
 public:
  // REQUIRES: not before the cycle that was taken last.
  void push(Cycles cycle, const Event& event) {
    DOJO_CHECK_LE(now_, cycle);
    if (cycle - now_ >= kBuckets) {
      later_.push_back({cycle, event});
      std::push_heap(later_.begin(), later_.end(), Sooner());
      return;
    }
    put(cycle, event);
  }

  // The first cycle that has an event, or kNever.
  Cycles next() const {
    const Cycles later = later_.empty() ? kNever : later_.front().first;
    const size_t first = slot(now_);
    // The word of the first bucket is looked at twice: from the bucket on, then up to it.
    for (size_t i = 0; i <= kWords; ++i) {
      const size_t word = (first / 64 + i) % kWords;
      uint64_t bits = used_[word];
      if (i == 0) bits &= ~uint64_t{0} << (first % 64);
      if (bits == 0) continue;
      const size_t found = word * 64 + static_cast<size_t>(std::countr_zero(bits));
      const auto ahead = static_cast<Cycles>((found - first) % kBuckets);
      return std::min(later, now_ + ahead);
    }
    return later;
  }

  // The events of a cycle, in their order. Valid until the next call.
  // REQUIRES: cycle == next().
  std::span<const Event> take(Cycles cycle) {
    now_ = cycle;
    while (!later_.empty() && later_.front().first - now_ < kBuckets) {
      std::pop_heap(later_.begin(), later_.end(), Sooner());
      put(later_.back().first, later_.back().second);
      later_.pop_back();
    }
    taken_.clear();
    uint32_t& first = first_[slot(cycle)];
    while (first != kNone) {
      Waiting& waiting = pool_[first];
      taken_.push_back(waiting.event);
      first = std::exchange(waiting.next, std::exchange(free_, first));
    }
    std::reverse(taken_.begin(), taken_.end());  // as they were put in
    used_[slot(cycle) / 64] &= ~(uint64_t{1} << (slot(cycle) % 64));
    if (taken_.size() > 1)
      std::stable_sort(taken_.begin(), taken_.end(),
                       [](const Event& a, const Event& b) { return a.order() < b.order(); });
    return taken_;
  }

 private:
  static constexpr Cycles kBuckets = 4096;
  static constexpr size_t kWords = kBuckets / 64;
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Waiting {
    Event event;
    uint32_t next = kNone;  // of the same cycle, or of those that are free
  };

  struct Sooner {
    bool operator()(const std::pair<Cycles, Event>& a, const std::pair<Cycles, Event>& b) const {
      return a.first > b.first;
    }
  };

  static size_t slot(Cycles cycle) { return static_cast<size_t>(cycle % kBuckets); }

  void put(Cycles cycle, const Event& event) {
    uint32_t place = free_;
    if (place == kNone) {
      place = static_cast<uint32_t>(pool_.size());
      pool_.emplace_back();
    } else {
      free_ = pool_[place].next;
    }
    pool_[place] = {event, first_[slot(cycle)]};
    first_[slot(cycle)] = place;
    used_[slot(cycle) / 64] |= uint64_t{1} << (slot(cycle) % 64);
  }

  Cycles now_ = 0;
  std::vector<Waiting> pool_;
  uint32_t free_ = kNone;
  std::array<uint32_t, kBuckets> first_ = [] {  // of the events of a cycle, the last one put in
    std::array<uint32_t, kBuckets> none;
    none.fill(kNone);
    return none;
  }();
  std::array<uint64_t, kWords> used_{};
  std::vector<Event> taken_;
  std::vector<std::pair<Cycles, Event>> later_;
};

}  // namespace dojo::sim
