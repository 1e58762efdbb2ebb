#include "dojo/program/sync_code.h"

#include <algorithm>

namespace dojo::program {

SyncCode sync_code(const Code& code) {
  SyncCode sync;
  std::vector<uint32_t> open;  // loops, by their steps
  for (uint32_t i = 0; i < code.instructions.size(); ++i) {
    const Instruction& instruction = code.instructions[i];
    SyncStep step{instruction.op,
                  static_cast<uint8_t>(open.size()),
                  instruction.index,
                  open.empty() ? SyncStep::kNone : open.back(),
                  0,
                  i};
    switch (instruction.op) {
      case Op::kMatmul:
      case Op::kVector:
      case Op::kIdle:
        continue;
      case Op::kLoop:
        open.push_back(static_cast<uint32_t>(sync.steps.size()));
        sync.steps.push_back(step);
        continue;
      case Op::kEndLoop: {
        const uint32_t begin = open.back();
        open.pop_back();
        if (sync.steps.size() == begin + 1) {  // nothing in it
          sync.steps.pop_back();
          continue;
        }
        step.depth = sync.steps[begin].depth;
        step.around = sync.steps[begin].around;
        step.partner = begin;
        sync.steps[begin].partner = static_cast<uint32_t>(sync.steps.size());
        sync.depth = std::max(sync.depth, step.depth + 1u);
        sync.steps.push_back(step);
        continue;
      }
      default:
        sync.steps.push_back(step);
    }
  }
  return sync;
}

void set_counters(const Code& code, const Loop& loop, int64_t turn, Frame* frame) {
  (*frame)[loop.counter] = turn;
  for (const Wrap& wrap : code.wraps_of(loop))
    (*frame)[wrap.var] = wrap.value(code.value(wrap.start, *frame), turn);
}

}  // namespace dojo::program
