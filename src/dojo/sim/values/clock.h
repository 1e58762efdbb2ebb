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
#include <vector>

namespace dojo::sim {

class Clock {
 public:
  uint32_t of(uint32_t agent) const {
    const size_t part = agent / kPart;
    return part < parts_.size() && parts_[part] ? (*parts_[part])[agent % kPart] : 0;
  }
  void set(uint32_t agent, uint32_t time);
  void join(const Clock& other);  // knows what either knew

 private:
  static constexpr uint32_t kPart = 64;
  using Part = std::array<uint32_t, kPart>;

  std::vector<std::shared_ptr<Part>> parts_;  // nothing: zeros
};

}  // namespace dojo::sim
