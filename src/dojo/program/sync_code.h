// A thread's code without arithmetic: what other threads and nodes can notice, and the loops around
// that. The verifier executes it in the abstract.
#pragma once

#include <cstdint>
#include <vector>

#include "dojo/program/program.h"

namespace dojo::program {

struct SyncStep {
  static constexpr uint32_t kNone = UINT32_MAX;

  Op op = Op::kPhase;        // kCopy, kSignal, kWait, kBarrier, kPhase, kLoop, kEndLoop
  uint8_t depth = 0;         // loops around
  uint32_t index = 0;        // as in Instruction
  uint32_t around = kNone;   // the innermost loop around, as its step
  uint32_t partner = 0;      // of a loop: its end here; of an end: its loop
  uint32_t instruction = 0;  // in Code::instructions
};

struct SyncCode {
  std::vector<SyncStep> steps;
  uint32_t depth = 0;  // the most loops at one place
};

// Loops that nobody can notice are left out.
SyncCode sync_code(const Code& code);

// The counters that wrap, in turn `turn` of a loop whose start values the frame gives.
void set_counters(const Code& code, const Loop& loop, int64_t turn, Frame* frame);

}  // namespace dojo::program
