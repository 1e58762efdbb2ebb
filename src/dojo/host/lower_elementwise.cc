// Chains of elementwise nodes as one program of ElementwiseKernel.
#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>

#include "dojo/base/check.h"
#include "dojo/host/emulate.h"
#include "dojo/host/kernels/elementwise.h"
#include "dojo/host/lower.h"

namespace dojo::host {
namespace {

using kernels::Ew;

struct Name {
  std::string_view op;
  Ew code;
};
constexpr Name kSimple[] = {
    {"Abs", Ew::kAbs},     {"Add", Ew::kAdd},         {"Div", Ew::kDiv},
    {"Exp", Ew::kExp},     {"Log", Ew::kLog},         {"Max", Ew::kMax},
    {"Min", Ew::kMin},     {"Mul", Ew::kMul},         {"Neg", Ew::kNeg},
    {"Relu", Ew::kRelu},   {"Sigmoid", Ew::kSigmoid}, {"Sign", Ew::kSign},
    {"Sqrt", Ew::kSqrt},   {"Sub", Ew::kSub},         {"Tanh", Ew::kTanh},
    {"Expand", Ew::kCopy}, {"Identity", Ew::kCopy},   {"Reciprocal", Ew::kReciprocal}};

// The strides of a value in memory, one for each dimension of the iteration space.
kernels::Strides strides_of(const Shape& shape, Layout::Kind form, const Shape& space,
                            Layout::Kind order) {
  const kernels::Strides in_memory = kernels::full_strides(physical(shape, form));
  kernels::Strides result(space.size(), 0);
  const size_t missing = space.size() - shape.size();
  for (size_t d = missing; d < space.size(); ++d)
    if (shape[d - missing] != 1)
      result[physical_axis(d, space.size(), order)] =
          in_memory[physical_axis(d - missing, shape.size(), form)];
  return result;
}

class ProgramMaker {
 public:
  ProgramMaker(Lowering& l, const Unit& unit) : l_(l) {
    last_ = l.graph.node(unit.nodes.back()).outputs[0];
    space_ = l.graph.type(last_).shape;
    kind_ = l.kind_of(last_);
    if (kind_ == Layout::Kind::kPacked)
      program.dims = {l.elements_like(last_)};
    else
      program.dims = physical(space_, kind_);
    for (NodeId n : unit.nodes) collect(l.graph.node(n), unit);
    for (NodeId n : unit.nodes) append(l.graph.node(n));
    for (NodeId n : unit.nodes) store(l.graph.node(n), unit);
  }

  kernels::Elementwise program;
  std::vector<Floats> reads, writes;
  std::vector<std::pair<BufferId, BufferId>> may_share;

 private:
  bool full(ValueId v) const { return l_.graph.type(v).shape == space_; }

  // Makes inputs of all values from outside first: their numbers come before those of results.
  void collect(const Node& node, const Unit& unit) {
    const auto is_number = [&](ValueId v) { return l_.constants.uniform(v).has_value(); };
    // An instruction has room for one number; one of numbers only, which folding leaves none of,
    // takes them from memory.
    const bool numbers_only = std::all_of(node.inputs.begin(), node.inputs.end(), is_number);
    for (ValueId v : node.inputs) {
      const NodeId producer = l_.graph.value(v).producer;
      const bool inside = producer != kNoNode && unit.has(producer);
      if (inside || (is_number(v) && !numbers_only) || numbers_.contains(v)) continue;
      Floats operand;
      kernels::Strides strides;
      if (kind_ == Layout::Kind::kPacked && full(v)) {
        operand.buffer = l_.operand_like(v, last_);
        strides = kernels::full_strides(program.dims);
      } else if (kind_ == Layout::Kind::kPacked) {
        DOJO_CHECK_EQ(l_.graph.type(v).num_elements(), int64_t{1});
        operand = l_.floats(v, kRow);
        strides = {0};
      } else {
        Layout::Kind form = l_.primary(v).kind;
        if (full(v)) form = kind_;
        if (form == Layout::Kind::kPacked) form = kRow;
        operand = l_.floats(v, form);
        strides = strides_of(l_.graph.type(v).shape, form, space_, kind_);
      }
      numbers_[v] = static_cast<int16_t>(reads.size());
      reads.push_back(operand);
      if (full(v)) full_inputs_.push_back(operand.buffer);
      program.inputs.push_back(std::move(strides));
    }
  }

  int16_t number(ValueId v, kernels::Instruction& instruction) {
    const auto found = numbers_.find(v);
    if (found != numbers_.end()) return found->second;
    instruction.immediate = *l_.constants.uniform(v);
    return kernels::kImmediate;
  }

  int16_t emit(const kernels::Instruction& instruction) {
    program.code.push_back(instruction);
    return static_cast<int16_t>(reads.size() + program.code.size() - 1);
  }

  void append(const Node& node) {
    const OpCall call = l_.call(node);
    kernels::Instruction i;
    if (node.op == "Clip") {
      i.a = number(node.inputs[0], i);
      constexpr double kInfinity = std::numeric_limits<double>::infinity();
      i.op = Ew::kMax, i.b = kernels::kImmediate;
      i.immediate = static_cast<float>(call.number("min", -kInfinity));
      const int16_t raised = emit(i);
      i = {Ew::kMin, raised, kernels::kImmediate, 0,
           static_cast<float>(call.number("max", kInfinity))};
    } else if (node.op == "GeluGrad" || node.op == "ReluGrad") {  // (dy, x), while Ew has (x, dy)
      const bool tanh = node.op == "GeluGrad" && call.text("approximate", "none") == "tanh";
      i.op = node.op == "ReluGrad" ? Ew::kReluGrad : tanh ? Ew::kGeluTanhGrad : Ew::kGeluGrad;
      i.a = number(node.inputs[1], i);
      i.b = number(node.inputs[0], i);
    } else if (node.op == "Cast") {  // between f32 and bf16: layout.h
      i.op = rounds_to_bf16(node) ? Ew::kRoundBf16 : Ew::kCopy;
      i.a = number(node.inputs[0], i);
    } else if (node.op == "Gelu") {
      i.op = call.text("approximate", "none") == "tanh" ? Ew::kGeluTanh : Ew::kGelu;
      i.a = number(node.inputs[0], i);
    } else {
      const auto* found = std::find_if(std::begin(kSimple), std::end(kSimple),
                                       [&](const Name& n) { return n.op == node.op; });
      DOJO_CHECK(found != std::end(kSimple));
      i.op = found->code;
      i.a = number(node.inputs[0], i);
      if (node.inputs.size() > 1) i.b = number(node.inputs[1], i);
    }
    numbers_[node.outputs[0]] = emit(i);
  }

  void store(const Node& node, const Unit& unit) {
    const ValueId v = node.outputs[0];
    if (!l_.used_outside(v, unit)) return;
    const BufferId to = l_.result_like(v, last_);
    program.outputs.push_back({numbers_.at(v), kernels::full_strides(program.dims)});
    for (BufferId from : full_inputs_) may_share.emplace_back(to, from);
    writes.push_back({to, l_.is_bf16(v)});
  }

  Lowering& l_;
  ValueId last_ = kNoValue;  // all results have its shape and its order
  Shape space_;
  Layout::Kind kind_ = kRow;
  std::map<ValueId, int16_t> numbers_;  // in the program
  std::vector<BufferId> full_inputs_;   // of the full shape: a result may take the place of one
};

}  // namespace

void lower_elementwise(Lowering& l, const Unit& unit) {
  ProgramMaker maker(l, unit);
  std::string what;
  for (NodeId n : unit.nodes) what += l.graph.node(n).op + " ";
  what += "%" + l.graph.value(l.graph.node(unit.nodes.back()).outputs[0]).name;
  const auto kernel = std::make_shared<const kernels::ElementwiseKernel>(maker.program);
  std::vector<BufferId> reads, writes;
  for (const Floats& f : maker.reads) reads.push_back(f.buffer);
  for (const Floats& f : maker.writes) writes.push_back(f.buffer);
  l.add(
      std::move(what), std::move(reads), std::move(writes),
      [kernel, operands = maker.reads, results = maker.writes](const Memory& m) {
        std::vector<kernels::FloatsIn> from;
        std::vector<kernels::FloatsOut> to;
        for (const Floats& f : operands) from.push_back(f.in(m));
        for (const Floats& f : results) to.push_back(f.out(m));
        return [kernel, from, to] { kernel->run(std::span(from), std::span(to)); };
      },
      maker.may_share);
}

}  // namespace dojo::host
