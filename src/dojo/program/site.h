// A place in a program, for messages: what a verifier or a simulator complains of.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "dojo/program/program.h"

namespace dojo::program {

struct Site {
  enum class Kind : uint8_t {
    kProgram,
    kPlacement,
    kLayout,
    kAllocation,
    kSemaphore,
    kBarrier,
    kClass,
    kInstruction
  } kind = Kind::kProgram;
  int32_t index = 0;  // of the thing; of an instruction: its class
  int32_t thread = 0, instruction = 0;

  bool operator==(const Site&) const = default;
};

inline Site site(ClassId node_class, size_t thread, size_t instruction) {
  return {Site::Kind::kInstruction, index(node_class), static_cast<int32_t>(thread),
          static_cast<int32_t>(instruction)};
}

// The lines on which things stand in a program's text, from 1.
struct SourceLines {
  std::string file;
  std::vector<uint32_t> placements, layouts, allocations, semaphores, barriers, classes;
  std::vector<std::array<std::vector<uint32_t>, kNumThreads>> instructions;  // by class

  uint32_t line(const Site& site) const;
};

// "copy.program:17: class sender, thread 0: wait full"; without lines only what follows the number.
std::string to_string(const Program& program, const Site& site, const SourceLines* lines = nullptr);

}  // namespace dojo::program
