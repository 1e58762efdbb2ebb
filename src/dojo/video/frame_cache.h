// Decoded frames of one size in memory, up to a number of bytes; the one that was used longest ago
// makes room. Buffers are made once and used again. Not thread-safe.
#pragma once

#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
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
    return e.bytes.get();
  }

  // Marks a frame as used; true if it was used before, so that keeping it has saved work.
  bool use(uint64_t key) {
    Entry& e = entries_.at(key);
    return std::exchange(e.used, true);
  }

  void insert(uint64_t key, std::span<const uint8_t> bytes) {
    DOJO_CHECK(bytes.size() == frame_bytes_);
    if (!find(key, false)) std::memcpy(add(key).bytes.get(), bytes.data(), frame_bytes_);
  }

  // Room for a frame that is not there, for the caller to fill; it is kept. What cannot be filled
  // is given back.
  uint8_t* reserve(uint64_t key) {
    DOJO_CHECK(entries_.count(key) == 0);
    Entry& e = add(key);
    e.kept = true;
    kept_.push_back(key);
    return e.bytes.get();
  }
  void give_back(uint64_t key) {
    std::erase(kept_, key);
    used_.erase(entries_.at(key).place);
    entries_.erase(key);
  }

  void release_kept() {
    for (uint64_t k : kept_) entries_.at(k).kept = false;
    kept_.clear();
  }

  size_t capacity() const { return capacity_; }

 private:
  struct Entry {
    std::unique_ptr<uint8_t[]> bytes;
    std::list<uint64_t>::iterator place;
    bool used = false;
    bool kept =
        false;  // needed by the batch that is being made: it stays, even beyond the capacity
  };

  Entry& add(uint64_t key) {
    std::unique_ptr<uint8_t[]> buffer = make_room();
    used_.push_front(key);
    return entries_[key] = {std::move(buffer), used_.begin(), false, false};
  }

  std::unique_ptr<uint8_t[]> make_room() {
    std::unique_ptr<uint8_t[]> buffer;
    for (auto at = used_.end(); entries_.size() >= capacity_ && at != used_.begin();) {
      --at;
      const auto entry = entries_.find(*at);
      if (entry->second.kept) continue;
      buffer = std::move(entry->second.bytes);
      entries_.erase(entry);
      at = used_.erase(at);
    }
    return buffer ? std::move(buffer) : std::make_unique_for_overwrite<uint8_t[]>(frame_bytes_);
  }

  size_t frame_bytes_, capacity_;
  std::list<uint64_t> used_;  // the last used first
  std::unordered_map<uint64_t, Entry> entries_;
  std::vector<uint64_t> kept_;
};

}  // namespace dojo
