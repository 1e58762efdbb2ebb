// What the engine tells the one who looks on.
#include "dojo/sim/engine.h"

namespace dojo::sim {

void Engine::tell_spent(size_t cell, size_t thread, Spent on, Cycles begin, Cycles cycles) {
  if (cycles <= 0) return;
  const ThreadState& state = nodes_[cell].threads[thread];
  // A thread at a barrier or at the end of a phase has its next instruction in view already.
  const bool is_past = state.status == Status::kAtBarrier || state.status == Status::kAtPhase;
  parts_.options.observer->spent({.cell = cell,
                                  .thread = thread,
                                  .on = on,
                                  .instruction = state.pc - (is_past ? 1 : 0),
                                  .begin = begin,
                                  .end = begin + cycles});
}

void Engine::tell_unit(size_t cell, bool is_matrix, Cycles begin) {
  const UnitState& unit = is_matrix ? nodes_[cell].matrix : nodes_[cell].vector;
  parts_.options.observer->unit({.cell = cell,
                                 .is_matrix = is_matrix,
                                 .thread = unit.thread,
                                 .begin = begin,
                                 .end = unit.free});
}

void Engine::tell_prolonged(size_t cell, Cycles later) {
  const UnitState& matrix = nodes_[cell].matrix;
  const Cycles ready = nodes_[cell].threads[matrix.thread].ready;
  parts_.options.observer->spent({.cell = cell,
                                  .thread = matrix.thread,
                                  .on = Spent::kMatrix,
                                  .begin = ready,
                                  .end = ready + later,
                                  .goes_on = true});
  parts_.options.observer->unit({.cell = cell,
                                 .is_matrix = true,
                                 .thread = matrix.thread,
                                 .begin = matrix.free,
                                 .end = matrix.free + later,
                                 .goes_on = true});
}

void Engine::tell_stuck() {
  for (size_t cell = 0; cell < nodes_.size(); ++cell)
    for (size_t t = 0; t < program::kNumThreads; ++t) {
      const ThreadState& state = nodes_[cell].threads[t];
      if (state.status == Status::kDone) continue;
      const Spent on = state.status == Status::kAtBarrier ? Spent::kBarrier
                       : state.status == Status::kAtPhase ? Spent::kPhase
                       : state.status == Status::kWaiting ? Spent::kSemaphore
                                                          : Spent::kListEngine;
      tell_spent(cell, t, on, state.ready, end_ - state.ready);
    }
}

}  // namespace dojo::sim
