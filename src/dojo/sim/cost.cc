#include "dojo/sim/cost.h"

#include <algorithm>

#include "dojo/program/vector_op.h"

namespace dojo::sim {
namespace {

using machine::Instruction;
using program::Element;
using program::VectorOp;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// More than kLongestWork is as good as more.
int64_t times(int64_t a, int64_t b) {
  int64_t product = 0;
  const bool overflows = __builtin_mul_overflow(a, b, &product);
  return overflows ? kLongestWork * 16 : std::min(product, kLongestWork * 16);
}

Element element(const program::Program& program, const program::View& view) {
  return program.allocation(view).element;
}

Instruction unit_of(VectorOp op) {
  switch (op) {
    case VectorOp::kExp:
    case VectorOp::kLog:
    case VectorOp::kSqrt:
    case VectorOp::kRsqrt:
    case VectorOp::kReciprocal:
    case VectorOp::kTanh:
    case VectorOp::kErf:
    case VectorOp::kDivide:
      return Instruction::kVectorSpecial;
    default:
      return Instruction::kVectorArithmetic;
  }
}

// Operations of the SIMD unit, which may be of several kinds.
class UnitTime {
 public:
  explicit UnitTime(const NodeCosts& costs) : costs_(costs) {}

  void add(Instruction kind, int64_t registers, int64_t in_a_chain = 1) {
    if (registers == 0) return;
    cycles_ += times(registers, costs_[kind].interval_cycles);
    latency_ += times(in_a_chain, costs_[kind].latency_cycles);
  }
  Cycles cycles() const { return cycles_; }
  Cycles latency() const { return latency_; }  // from an operand to its result

 private:
  const NodeCosts& costs_;
  Cycles cycles_ = 0, latency_ = 0;
};

UnitWork pipelined(const NodeCosts& costs, Instruction kind, Cycles unit, Cycles latency,
                   int64_t loaded_registers, int64_t stored_registers) {
  const machine::SramPorts& ports = costs.shape.vector_ports;
  const auto& load = costs[Instruction::kVectorLoad];
  const auto& store = costs[Instruction::kVectorStore];
  UnitWork work;
  work.instruction = kind;
  work.unit = unit;
  work.loads = times(ceil_div(loaded_registers, ports.loads), load.interval_cycles);
  work.stores = times(ceil_div(stored_registers, ports.stores), store.interval_cycles);
  work.sram_bytes = times(loaded_registers + stored_registers, ports.bytes_per_cycle);
  work.pace = std::max({Cycles{1}, work.unit, work.loads, work.stores});
  work.total =
      (work.loads > 0 ? load.latency_cycles : 0) + (work.pace - 1) + latency + store.latency_cycles;
  return work;
}

}  // namespace

NodeCosts node_costs(machine::Uses& uses) {
  NodeCosts costs;
  costs.shape = machine::node_shape(uses);
  for (size_t i = 0; i < machine::kNumInstructions; ++i)
    costs.of[i] = machine::instruction_cost(uses, static_cast<Instruction>(i));
  costs.list_engine_holds = costs.shape.list_holds;
  costs.packet_bytes = uses.whole("node/packet/flit");
  return costs;
}

NodeCosts costs_of_one() {
  NodeCosts costs;
  costs.all_one = true;
  costs.list_engine_holds = INT32_MAX;
  return costs;
}

UnitWork matmul_work(const NodeCosts& costs, const program::Program& program,
                     const program::Matmul& matmul) {
  const int64_t work = matmul.m * matmul.n * matmul.k;
  if (costs.all_one) return {.work = work};
  const machine::NodeShape& shape = costs.shape;
  const int64_t width = shape.vector_ports.bytes_per_cycle;
  const int64_t blocks =
      ceil_div(matmul.m, shape.matrix_rows) * ceil_div(matmul.n, shape.matrix_columns);
  const int64_t steps = times(blocks, ceil_div(matmul.k, shape.matrix_depth));
  const int64_t left_bytes =
      shape.matrix_rows * shape.matrix_depth * size_bytes(element(program, matmul.left));
  const int64_t right_bytes =
      shape.matrix_depth * shape.matrix_columns * size_bytes(element(program, matmul.right));
  const int64_t results = blocks * ceil_div(shape.matrix_rows * shape.matrix_columns *
                                                size_bytes(element(program, matmul.to)),
                                            width);
  const int64_t operands = ceil_div(
      steps * (ceil_div(left_bytes, width) + ceil_div(right_bytes, width)), shape.matrix_reuse);
  const auto& step = costs[Instruction::kMatrixMultiply];
  UnitWork all = pipelined(costs, Instruction::kMatrixMultiply, times(steps, step.interval_cycles),
                           step.latency_cycles, operands + (matmul.adds ? results : 0), results);
  all.work = work;
  return all;
}

UnitWork vector_work(const NodeCosts& costs, const program::Program& program,
                     const program::Vector& vector) {
  if (costs.all_one) return {.instruction = unit_of(vector.op), .work = vector.to.elements};
  const int64_t width = costs.shape.vector_bytes;
  const program::VectorOpInfo& op = info(vector.op);
  const Element to = element(program, vector.to);
  // The unit works on the widest format of the instruction.
  int64_t widest = size_bytes(to), elements = vector.to.elements, loaded = 0;
  bool converts = vector.random.of >= 0;
  for (int i = 0; i < op.operands; ++i) {
    const program::Operand& operand = vector.from[static_cast<size_t>(i)];
    if (operand.is_constant()) continue;
    const Element from = element(program, operand.view);
    widest = std::max(widest, size_bytes(from));
    elements = std::max(elements, operand.view.elements);
    converts = converts || !(from == to);
    loaded += ceil_div(operand.view.elements * size_bytes(from), width);
  }
  const int64_t lanes = width / widest;
  const int64_t registers = ceil_div(elements, lanes);
  const Instruction kind = unit_of(vector.op);
  UnitTime time(costs);
  time.add(kind, registers);
  if (vector.op == VectorOp::kSumLanes || vector.op == VectorOp::kMaxLanes) {
    // Each result: half of the lanes onto the other half, until one is left.
    int64_t halvings = 0;
    for (int64_t l = lanes; l > 1; l = ceil_div(l, 2)) ++halvings;
    time.add(Instruction::kVectorShuffle, halvings * vector.to.elements, halvings);
    time.add(kind, halvings * vector.to.elements, halvings);
  }
  if (converts) time.add(Instruction::kVectorConvert, ceil_div(vector.to.elements, lanes));
  UnitWork all = pipelined(costs, kind, time.cycles(), time.latency(), loaded,
                           ceil_div(vector.to.elements * size_bytes(to), width));
  all.work = vector.to.elements;
  return all;
}

}  // namespace dojo::sim
