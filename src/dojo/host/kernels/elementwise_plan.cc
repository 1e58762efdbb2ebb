#include "dojo/host/kernels/elementwise_plan.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "dojo/base/check.h"

namespace dojo::kernels {
namespace {

// By value: the last instruction that reads it. What leaves the program is read for ever.
std::vector<size_t> last_reads(const Elementwise& program) {
  constexpr size_t kForEver = std::numeric_limits<size_t>::max();
  const size_t num_inputs = program.inputs.size();
  std::vector<size_t> last(num_inputs + program.code.size(), 0);
  for (size_t k = 0; k < program.code.size(); ++k) {
    const Instruction& in = program.code[k];
    for (int16_t v : {in.a, in.b, in.c}) {
      DOJO_CHECK_LT(v, static_cast<int64_t>(num_inputs + k));
      if (v >= 0) last[static_cast<size_t>(v)] = k;
    }
  }
  for (const auto& output : program.outputs) last.at(static_cast<size_t>(output.value)) = kForEver;
  for (const auto& sum : program.sums) last.at(static_cast<size_t>(sum.value)) = kForEver;
  return last;
}

// Gives slots to inputs, constants and results, and turns instructions into steps on them.
class SlotPlanner {
 public:
  SlotPlanner(const Elementwise& program, ElementwisePlan& plan)
      : plan_(plan),
        num_inputs_(program.inputs.size()),
        last_read_(last_reads(program)),
        next_slot_(static_cast<int16_t>(num_inputs_)) {
    for (size_t i = 0; i < num_inputs_; ++i) slot_of_.push_back(static_cast<int16_t>(i));
    for (size_t k = 0; k < program.code.size(); ++k) add(program.code[k], k);
    plan_.num_slots = next_slot_;
    DOJO_CHECK_LE(plan_.num_slots, kMaxSlots);
  }

  int16_t slot_of(int value) const { return slot_of_[static_cast<size_t>(value)]; }

 private:
  void add(const Instruction& in, size_t k) {
    const int16_t given[3] = {in.a, in.b, in.c};
    const int operands = num_operands(in.op);
    int16_t slots[3] = {};
    for (int o = 0; o < 3; ++o) {
      if (o >= operands)
        slots[o] = slots[0];  // not read
      else
        slots[o] = given[o] == kImmediate ? constant(in.immediate) : slot_of(given[o]);
    }
    for (int o = 0; o < operands; ++o)  // a slot that ends here may take the result
      if (given[o] >= static_cast<int16_t>(num_inputs_) &&
          last_read_[static_cast<size_t>(given[o])] == k &&
          std::find(free_.begin(), free_.end(), slots[o]) == free_.end())
        free_.push_back(slots[o]);
    slot_of_.push_back(take());
    plan_.steps.push_back({in.op, slot_of_.back(), slots[0], slots[1], slots[2]});
  }

  int16_t take() {
    if (free_.empty()) return next_slot_++;
    const int16_t slot = free_.back();
    free_.pop_back();
    return slot;
  }

  int16_t constant(float x) {
    for (const auto& [slot, value] : plan_.constants)  // -0 is not 0, and a NaN equals itself
      if (std::bit_cast<uint32_t>(value) == std::bit_cast<uint32_t>(x)) return slot;
    plan_.constants.push_back({next_slot_++, x});
    return plan_.constants.back().first;
  }

  ElementwisePlan& plan_;
  const size_t num_inputs_;
  const std::vector<size_t> last_read_;
  int16_t next_slot_;
  std::vector<int16_t> slot_of_;  // by value
  std::vector<int16_t> free_;
};

}  // namespace

Walk make_walk(std::span<const int64_t> dims, const Strides& strides) {
  DOJO_CHECK_EQ(dims.size(), strides.size());
  Walk walk;
  auto& levels = walk.levels;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 1) continue;
    if (!levels.empty() && levels.back().stride == strides[i] * dims[i]) {
      levels.back() = {levels.back().size * dims[i], strides[i]};
    } else {
      levels.push_back({dims[i], strides[i]});
    }
  }
  if (levels.empty()) levels.push_back({1, 1});
  DOJO_CHECK_LE(levels.size(), size_t{kMaxLevels});
  return walk;
}

ElementwisePlan plan_elementwise(const Elementwise& program) {
  ElementwisePlan plan;
  plan.size = 1;
  for (int64_t dim : program.dims) plan.size *= dim;
  for (const Strides& strides : program.inputs)
    plan.inputs.push_back(make_walk(program.dims, strides));
  const SlotPlanner slots(program, plan);

  const int last_value = static_cast<int>(program.inputs.size() + program.code.size()) - 1;
  for (const auto& output : program.outputs) {
    for (size_t d = 0; d < program.dims.size(); ++d)
      DOJO_CHECK(program.dims[d] <= 1 || output.strides[d] != 0);
    plan.outputs.push_back({slots.slot_of(output.value), make_walk(program.dims, output.strides)});
    if (!program.code.empty() && output.value == last_value && plan.outputs.back().walk.is_full())
      plan.direct_output = static_cast<int>(plan.outputs.size()) - 1;
  }
  for (const auto& sum : program.sums) plan.sum_slots.push_back(slots.slot_of(sum.value));
  plan.sums = program.sums;
  return plan;
}

}  // namespace dojo::kernels
