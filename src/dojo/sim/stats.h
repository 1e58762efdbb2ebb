// What a run has counted. Cycles of a node are those of its threads: each is in one state at a
// time.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "dojo/machine/instruction.h"
#include "dojo/program/program.h"
#include "dojo/sim/time.h"

namespace dojo::sim {

// What a thread can do with its time, from its start until it is done.
enum class Spent : uint8_t {
  kMatrix,     // in matmul, from its start on the unit to its result in SRAM
  kVector,     // the same of vector
  kUnit,       // waiting for a unit that another thread's instruction is in
  kSemaphore,  // waiting in `wait`
  kBarrier,
  kPhase,
  kListEngine,  // waiting for room in the list engine
  kIdle,        // in `idle`
  kOther,       // loops, and what instructions take that only issue something
};
inline constexpr size_t kNumSpent = static_cast<size_t>(Spent::kOther) + 1;
std::string_view name(Spent spent);     // "matrix"
std::string_view meaning(Spent spent);  // half a sentence
bool is_waiting(Spent spent);           // for another thread, a message, a unit, the list engine

struct NodeStats {
  std::array<Cycles, kNumSpent> spent{};       // of all threads that have instructions
  Cycles matrix_unit = 0, vector_unit = 0;     // that these were busy
  Cycles end = 0;                              // when its last thread was done
  int64_t sent_bytes = 0, received_bytes = 0;  // of transfers' data
  int64_t products = 0;                        // multiply-adds that the program asked for
  int64_t sram_bytes = 0;                      // that units loaded and stored
};

// Of one kind of instruction, over all nodes.
struct InstructionStats {
  int64_t count = 0;
  Cycles cycles = 0;  // that threads were in it, with waiting
  int64_t work =
      0;  // multiply-adds of the matrix unit, results of the SIMD unit, bytes of transfers
};

}  // namespace dojo::sim
