// What is under way between memories: a transfer's request or its data, a signal, a step of a
// barrier.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dojo/program/program.h"
#include "dojo/sim/transport.h"
#include "dojo/sim/values/values.h"

namespace dojo::sim {

struct Message {
  enum class Kind : uint8_t {
    kSignal,       // adds `amount` to `slot` where it arrives
    kBarrierUp,    // `slot` is the barrier
    kBarrierDown,  // the same
    kRequest,      // asks for data; becomes kData where it arrives
    kData,
  } kind = Kind::kSignal;
  bool is_used = false;  // by Messages: it is under way
  program::Copy::Way way = program::Copy::Way::kHere;
  uint32_t cell = 0;                        // of the node whose thread issued it
  int32_t slot = -1;                        // of kSignal, of barriers
  int32_t slot_here = -1, slot_there = -1;  // of a transfer: counters, or -1
  int64_t amount = 0;
  int64_t bytes = 0;
  PlaceId interface = -1;          // that it is written into
  int32_t to_come = 0;             // arrivals
  std::unique_ptr<Parcel> parcel;  // of a transfer with values
  std::unique_ptr<Clock> known;    // of all else with values
};

// Messages by number; numbers of those that are done are used again.
class Messages {
 public:
  uint32_t add(Message message) {
    message.is_used = true;
    if (free_.empty()) {
      all_.push_back(std::move(message));
      return static_cast<uint32_t>(all_.size() - 1);
    }
    const uint32_t number = free_.back();
    free_.pop_back();
    all_[number] = std::move(message);
    return number;
  }
  Message& operator[](uint32_t number) { return all_[number]; }
  void remove(uint32_t number) {
    all_[number] = {};
    free_.push_back(number);
  }

  bool is_one(uint32_t number) const { return number < all_.size() && all_[number].is_used; }
  // each(message) for those that are under way.
  template <typename Each>
  void fields(Archive& archive, const Each& each) {
    archive.list(all_, [&](Message& message) {
      archive.flag(message.is_used);
      if (message.is_used) each(message);
    });
    if (!archive.reads()) return;
    free_.clear();
    for (size_t i = 0; i < all_.size(); ++i)
      if (!all_[i].is_used) free_.push_back(static_cast<uint32_t>(i));
  }

 private:
  std::vector<Message> all_;
  std::vector<uint32_t> free_;
};

}  // namespace dojo::sim
