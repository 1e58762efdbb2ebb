// Decoded frames of one size in memory, up to a number of bytes; the one that was used longest ago
// makes room. Buffers are made once and used again. Not thread-safe.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <list>
#include <memory>
#include <new>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dojo/base/check.h"

namespace dojo {

class FrameCache {
 public:
  FrameCache(int64_t max_bytes, int64_t frame_bytes)
      : frame_bytes_(static_cast<size_t>(frame_bytes)),
        capacity_(static_cast<size_t>(max_bytes / frame_bytes)) {}

  static uint64_t key(int32_t recording, int64_t frame) {
    return static_cast<uint64_t>(recording) << 40 | static_cast<uint64_t>(frame);
  }

  // The frame's bytes, or null. Kept frames stay valid until release_kept().
  const uint8_t* find(uint64_t key, bool keep) {
    const auto at = entries_.find(key);
    if (at == entries_.end()) return nullptr;
    Entry& e = at->second;
    used_.splice(used_.begin(), used_, e.place);
    if (keep && !e.kept) {
      e.kept = true;
      kept_.push_back(key);
    }
    return e.bytes;
  }

  // Marks a frame as used; true if it was used before, so that keeping it has saved work.
  bool use(uint64_t key) {
    Entry& e = entries_.at(key);
    return std::exchange(e.used, true);
  }

  void insert(uint64_t key, std::span<const uint8_t> bytes) {
    DOJO_CHECK(bytes.size() == frame_bytes_);
    if (!find(key, false)) std::memcpy(add(key).bytes, bytes.data(), frame_bytes_);
  }

  // Room for a frame that is not there, for the caller to fill; it is kept. What cannot be filled
  // is given back.
  uint8_t* reserve(uint64_t key) {
    DOJO_CHECK(entries_.count(key) == 0);
    Entry& e = add(key);
    e.kept = true;
    kept_.push_back(key);
    return e.bytes;
  }
  void give_back(uint64_t key) {
    std::erase(kept_, key);
    const auto entry = entries_.find(key);
    used_.erase(entry->second.place);
    free_.push_back(entry->second.bytes);
    entries_.erase(entry);
  }

  void release_kept() {
    for (uint64_t k : kept_) entries_.at(k).kept = false;
    kept_.clear();
  }

  size_t capacity() const { return capacity_; }

 private:
  struct Entry {
    uint8_t* bytes = nullptr;
    std::list<uint64_t>::iterator place;
    bool used = false;
    bool kept =
        false;  // needed by the batch that is being made: it stays, even beyond the capacity
  };

  Entry& add(uint64_t key) {
    uint8_t* const buffer = make_room();
    used_.push_front(key);
    return entries_[key] = {buffer, used_.begin(), false, false};
  }

  uint8_t* make_room() {
    for (auto at = used_.end(); entries_.size() >= capacity_ && at != used_.begin();) {
      --at;
      const auto entry = entries_.find(*at);
      if (entry->second.kept) continue;
      free_.push_back(entry->second.bytes);
      entries_.erase(entry);
      at = used_.erase(at);
    }
    if (free_.empty()) add_slab();
    uint8_t* const buffer = free_.back();
    free_.pop_back();
    return buffer;
  }

  // Memory for several frames at once, which the system is asked to back at once: page by page, at
  // the first touch, it takes longer (`dojo bench video --case raw`). Huge pages were tried and
  // left: where memory is full of files, making room for them costs more than they spare.
  void add_slab() {
    constexpr size_t kPage = 4096, kSlab = size_t{8} << 20;
    const size_t frames =
        std::clamp<size_t>(kSlab / frame_bytes_, 1, std::max<size_t>(1, capacity_));
    const size_t bytes = (frames * frame_bytes_ + kPage - 1) / kPage * kPage;
    void* const memory = std::aligned_alloc(kPage, bytes);
    if (!memory) throw std::bad_alloc();
#ifdef MADV_POPULATE_WRITE
    madvise(memory, bytes, MADV_POPULATE_WRITE);  // where the kernel does not know it, as ever
#endif
    slabs_.emplace_back(static_cast<uint8_t*>(memory));
    for (size_t i = frames; i-- > 0;) free_.push_back(slabs_.back().get() + i * frame_bytes_);
  }

  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };
  std::vector<std::unique_ptr<uint8_t, Free>> slabs_;
  std::vector<uint8_t*> free_;
  size_t frame_bytes_, capacity_;
  std::list<uint64_t> used_;  // the last used first
  std::unordered_map<uint64_t, Entry> entries_;
  std::vector<uint64_t> kept_;
};

}  // namespace dojo
