// All instructions of a program, numbered: what remembers one needs 4 bytes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dojo/program/site.h"

namespace dojo::sim {

class Sites {
 public:
  explicit Sites(const program::Program& program);

  uint32_t number(program::ClassId node_class, size_t thread, size_t instruction) const {
    return first_[program::at(node_class) * program::kNumThreads + thread] +
           static_cast<uint32_t>(instruction);
  }
  program::Site site(uint32_t number) const;
  uint32_t size() const { return size_; }

 private:
  std::vector<uint32_t> first_;  // of each thread of each class
  uint32_t size_ = 0;
};

}  // namespace dojo::sim
