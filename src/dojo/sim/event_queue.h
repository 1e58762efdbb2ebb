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
#include "dojo/sim/archive.h"
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
    collect(slot(cycle));
    sort();
    return taken_;
  }

  // fn(event) for all, in no order.
  template <typename Fn>
  void for_each(Fn&& fn) const {
    for (const auto& [cycle, event] : near_events()) fn(event);
    for (const auto& [cycle, event] : later_) fn(event);
  }

  // What is in it, all of it in [next, most], with each(event) for an event's fields. Events of one
  // cycle come out in the same order as they would have.
  template <typename Each>
  void fields(Archive& archive, Cycles next, Cycles most, const Each& each) {
    archive.whole(now_, 0, next);
    std::vector<std::pair<Cycles, Event>> near;
    if (!archive.reads()) near = near_events();
    for (auto* events : {&near, &later_})
      archive.list(*events, [&](std::pair<Cycles, Event>& one) {
        archive.whole(one.first, next, most);
        each(one.second);
      });
    if (!archive.reads()) return;
    pool_.clear();
    free_ = kNone;
    first_.fill(kNone);
    used_.fill(0);
    for (const auto& [cycle, event] : near) {
      Archive::require(cycle - now_ < kBuckets);
      put(cycle, event);
    }
    Archive::require(std::is_heap(later_.begin(), later_.end(), Sooner()));
  }

 private:
  static constexpr Cycles kBuckets = 4096;
  static constexpr size_t kWords = kBuckets / 64;
  static constexpr uint32_t kNone = UINT32_MAX;

  // Events of one cycle, beside each other as far as they fit.
  static constexpr uint32_t kBlock = 8;
  struct Block {
    std::array<Event, kBlock> events;
    uint32_t size = 0;
    uint32_t next = kNone;  // of the same cycle, put in before; or of those that are free
  };

  struct Sooner {
    bool operator()(const std::pair<Cycles, Event>& a, const std::pair<Cycles, Event>& b) const {
      return a.first > b.first;
    }
  };

  static size_t slot(Cycles cycle) { return static_cast<size_t>(cycle % kBuckets); }

  void put(Cycles cycle, const Event& event) {
    uint32_t& first = first_[slot(cycle)];
    if (first == kNone || pool_[first].size == kBlock) {
      uint32_t block = free_;
      if (block == kNone) {
        block = static_cast<uint32_t>(pool_.size());
        pool_.emplace_back();
      } else {
        free_ = pool_[block].next;
      }
      pool_[block].size = 0;
      pool_[block].next = first;
      first = block;
    }
    pool_[first].events[pool_[first].size++] = event;
    used_[slot(cycle) / 64] |= uint64_t{1} << (slot(cycle) % 64);
  }

  // Those of the ring, of each cycle as they were put in.
  std::vector<std::pair<Cycles, Event>> near_events() const {
    std::vector<std::pair<Cycles, Event>> all;
    std::vector<uint32_t> blocks;
    for (Cycles cycle = now_; cycle < now_ + kBuckets; ++cycle) {
      blocks.clear();
      for (uint32_t b = first_[slot(cycle)]; b != kNone; b = pool_[b].next) blocks.push_back(b);
      for (size_t i = blocks.size(); i-- > 0;)
        for (uint32_t k = 0; k < pool_[blocks[i]].size; ++k)
          all.emplace_back(cycle, pool_[blocks[i]].events[k]);
    }
    return all;
  }

  // The events of a bucket, as they were put in.
  void collect(size_t bucket) {
    taken_.clear();
    blocks_.clear();
    for (uint32_t b = first_[bucket]; b != kNone; b = pool_[b].next) blocks_.push_back(b);
    for (size_t i = blocks_.size(); i-- > 0;) {
      Block& block = pool_[blocks_[i]];
      taken_.insert(taken_.end(), block.events.begin(), block.events.begin() + block.size);
      block.next = std::exchange(free_, blocks_[i]);
    }
    first_[bucket] = kNone;
    used_[bucket / 64] &= ~(uint64_t{1} << (bucket % 64));
  }

  // By order, then as they were put in. Orders are sorted and not events, which are large. What was
  // put in in one cycle is mostly in order already, so that sorted runs are merged.
  void sort() {
    orders_.clear();
    runs_.clear();
    for (uint32_t i = 0; i < taken_.size(); ++i) {
      const uint64_t order = taken_[i].order();
      if (i == 0 || order < orders_.back().first) runs_.push_back(i);
      orders_.emplace_back(order, i);
    }
    if (runs_.size() <= 1) return;
    runs_.push_back(static_cast<uint32_t>(taken_.size()));
    while (runs_.size() > 2) merge_pairs();
    sorted_.resize(taken_.size());
    for (size_t i = 0; i < orders_.size(); ++i) sorted_[i] = taken_[orders_[i].second];
    taken_.swap(sorted_);
  }

  // Of the runs of orders_ each two that follow each other.
  void merge_pairs() {
    merged_.resize(orders_.size());
    const auto sooner = [](const auto& a, const auto& b) { return a.first < b.first; };
    const auto at = [&](size_t run) {
      return orders_.begin() + static_cast<std::ptrdiff_t>(runs_[run]);
    };
    auto to = merged_.begin();
    size_t kept = 0;
    for (size_t r = 0; r + 1 < runs_.size(); r += 2) {
      const size_t second = r + 1, end = std::min(r + 2, runs_.size() - 1);
      to = std::merge(at(r), at(second), at(second), at(end), to, sooner);
      runs_[kept++] = runs_[r];
    }
    runs_[kept++] = runs_.back();
    runs_.resize(kept);
    orders_.swap(merged_);
  }

  Cycles now_ = 0;
  std::vector<Block> pool_;
  uint32_t free_ = kNone;
  std::array<uint32_t, kBuckets> first_ = [] {  // of the events of a cycle, the last one put in
    std::array<uint32_t, kBuckets> none;
    none.fill(kNone);
    return none;
  }();
  std::array<uint64_t, kWords> used_{};
  std::vector<Event> taken_, sorted_;
  std::vector<uint32_t> blocks_;                                // of the bucket that is taken
  std::vector<std::pair<uint64_t, uint32_t>> orders_, merged_;  // of its events
  std::vector<uint32_t> runs_;                                  // where those of orders_ begin
  std::vector<std::pair<Cycles, Event>> later_;
};

}  // namespace dojo::sim
