// What ElementwiseKernel makes of a program before the first run: how each array is walked, with as
// few dimensions as possible, and which slot of a block buffer holds each value. A slot is used
// again once its value is no longer needed, so that a long chain of instructions stays in the
// first-level cache.
//
//   x[2,3,4] all contiguous  -> one level {24, stride 1}
//   bias[4] over [2,3,4]     -> two levels {6, stride 0}, {4, stride 1}
//   y = relu(x * s + 0.5)    -> slots 0: x, 1: s, 2: the product, the sum, then y; 3: 0.5
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "dojo/host/kernels/elementwise_program.h"

namespace dojo::kernels {

inline constexpr int kMaxSlots = 50;   // of a program with all its inputs and constants
inline constexpr int kMaxLevels = 12;  // the most dimensions that a shape has

// The elements of an array in the order of the iteration space.
struct Walk {
  struct Level {
    int64_t size = 0, stride = 0;
    bool operator==(const Level&) const = default;
  };
  std::vector<Level> levels;  // outermost first, at least one

  bool is_full() const { return levels.size() == 1 && levels[0].stride == 1; }
  bool is_scalar() const { return levels.size() == 1 && levels[0].stride == 0; }
  // One short row repeated, for example the bias of channels.
  bool is_row() const {
    return levels.size() == 2 && levels[0].stride == 0 && levels[1].stride == 1;
  }
};

Walk make_walk(std::span<const int64_t> dims, const Strides& strides);

struct ElementwisePlan {
  struct Step {
    Ew op;
    int16_t result, a, b, c;  // slots
  };
  struct Store {
    int16_t slot;
    Walk walk;
  };
  int64_t size = 0;  // elements of the iteration space
  int num_slots = 0;
  std::vector<Walk> inputs;                          // input i has slot i
  std::vector<std::pair<int16_t, float>> constants;  // slot, value
  std::vector<Step> steps;
  std::vector<Store> outputs;
  // The last step's result is this output, contiguous: it is written there at once. -1: none.
  int direct_output = -1;
  std::vector<int16_t> sum_slots;
  std::vector<Elementwise::Reduction> sums;
};

// REQUIRES: the program is well-formed and needs at most kMaxSlots slots.
ElementwisePlan plan_elementwise(const Elementwise& program);

}  // namespace dojo::kernels
