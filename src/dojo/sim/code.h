// A program prepared for running: for each class what its instructions cost, and where the
// variables of its threads lie. A thread's variables, x, y, arguments and counters, are as many as
// it has and of 32 bits, beside each other in the node's words (state.h).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "dojo/program/program.h"
#include "dojo/sim/cost.h"

namespace dojo::sim {

struct ThreadCode {
  const program::Code* code = nullptr;
  std::vector<program::Term> terms;        // Code::terms, over the thread's variables
  std::vector<UnitWork> matmuls, vectors;  // by index in Code
  uint32_t num_variables = 0;
  uint32_t first_counter = 0;  // variable of the frame's kFirstCounter
  bool runs_ahead = false;     // nothing else in its node uses what its arithmetic does

  int64_t value(const program::Affine& affine, const int32_t* variables) const {
    int64_t sum = affine.constant;
    for (uint32_t i = affine.first_term; i < affine.first_term + affine.num_terms; ++i)
      sum += terms[i].factor * variables[terms[i].var];
    return sum;
  }
  uint32_t variable(program::Var var) const {  // the place of a Frame's variable
    return var < program::kFirstCounter ? var : first_counter + (var - program::kFirstCounter);
  }
  // Those that turn `turn` of a loop sets.
  void set_counters(const program::Loop& loop, int64_t turn, int32_t* variables) const;

  bool is_empty() const { return code->instructions.empty(); }
};

struct ClassCode {
  std::array<ThreadCode, program::kNumThreads> threads;
  int32_t num_threads = 0;  // that have instructions
  int32_t num_slots = 0;    // counters of the layout
  uint32_t num_words = 0;   // counters, then the variables of each thread
  std::array<uint32_t, program::kNumThreads> first_variable{};  // in the words
};

std::vector<ClassCode> prepare(const program::Program& program, const NodeCosts& costs);

}  // namespace dojo::sim
