// What somebody knows of the past: of each agent, up to which of its times. An agent is a thread,
// or one of the transfers that a memory sees; it counts its own time up. An access is before
// another one iff who makes the other knows the agent's time of the first: the vector clocks of
// Fidge and Mattern.
//
// Clocks are copied at each signal and mostly alike, so that they share parts until one changes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "dojo/sim/archive.h"

namespace dojo::sim {

class ClockParts;

class Clock {
 public:
  static constexpr uint32_t kPart = 64;  // agents
  using Part = std::array<uint32_t, kPart>;

  uint32_t of(uint32_t agent) const {
    const size_t part = agent / kPart;
    return part < parts_.size() && parts_[part] ? (*parts_[part])[agent % kPart] : 0;
  }
  void set(uint32_t agent, uint32_t time);
  void join(const Clock& other);  // knows what either knew

  // `agents`: there are none beyond.
  void fields(Archive& archive, ClockParts* shared, uint32_t agents);

 private:
  std::vector<std::shared_ptr<Part>> parts_;  // nothing: zeros
};

// The parts that clocks of one checkpoint share, in the order in which they come.
class ClockParts {
 public:
  void fields(Archive& archive, std::shared_ptr<Clock::Part>& part);  // may be null

 private:
  std::vector<std::shared_ptr<Clock::Part>> parts_;
  std::unordered_map<const Clock::Part*, size_t> numbers_;
};

}  // namespace dojo::sim
