#include "dojo/graph/ops/op_cases.h"

#include <cmath>

#include "dojo/graph/builder.h"

namespace dojo {
namespace {

using Ints = std::vector<int64_t>;

CaseInput f32(Shape shape, double begin = -2, double end = 2) {
  return {{Format::kF32, std::move(shape)}, begin, end};
}

CaseInput fixed(CaseInput input) {
  input.differentiable = false;
  return input;
}

size_t random_rank(Random& random, size_t low, size_t high) {
  return low + static_cast<size_t>(random.below(static_cast<int64_t>(high - low + 1)));
}

// A shape that broadcasts to `shape`: leading dimensions missing, others made 1.
Shape narrowed(Random& random, const Shape& shape) {
  const auto skip = random.below(std::ssize(shape) + 1);
  Shape result(shape.begin() + skip, shape.end());
  for (int64_t& d : result)
    if (random.chance(0.3)) d = 1;
  return result;
}

// Some of the axes of a rank, in random order, a part of them counted from the back.
Ints random_axes(Random& random, size_t rank) {
  Ints axes;
  for (size_t d = 0; d < rank; ++d)
    if (random.chance(0.5))
      axes.insert(
          axes.begin() + random.below(std::ssize(axes) + 1),
          static_cast<int64_t>(d) - (random.chance(0.3) ? static_cast<int64_t>(rank) : int64_t{0}));
  return axes;
}

}  // namespace

Shape random_shape(Random& random, size_t rank, int64_t largest) {
  Shape shape(rank);
  for (int64_t& d : shape) d = 1 + random.below(largest);
  return shape;
}

std::vector<double> random_values(Random& random, const CaseInput& input) {
  std::vector<double> values(static_cast<size_t>(input.type.num_elements()));
  for (double& x : values) {
    x = random.uniform(input.begin, input.end);
    if (!is_floating(input.type.format)) x = std::floor(x);
    if (input.type.format == Format::kBF16) x = round_to(Format::kBF16, x);
  }
  return values;
}

Graph case_graph(const OpCase& c) {
  Builder b("case");
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i)
    inputs.push_back(c.inputs[i].present ? b.data("x" + std::to_string(i), c.inputs[i].type)
                                         : kNoValue);
  const std::vector<ValueId> outputs = b.op_multi(c.op, inputs, c.attributes);
  for (size_t i = 0; i < outputs.size(); ++i) b.output("y" + std::to_string(i), outputs[i]);
  return std::move(b).finish();
}

std::vector<OpCase> op_cases(Random& random) {
  std::vector<OpCase> cases;
  add_elementwise_cases(random, cases);
  add_shape_cases(random, cases);
  add_reduce_cases(random, cases);
  add_optimizer_cases(random, cases);
  add_nn_cases(random, cases);
  add_bf16_cases(random, cases);  // last: it takes up those before
  return cases;
}

void add_elementwise_cases(Random& random, std::vector<OpCase>& cases) {
  for (const char* op : {"Add", "Sub", "Mul", "Div", "Min", "Max"}) {
    const Shape shape = random_shape(random, random_rank(random, 1, 4));
    const bool is_div = op == std::string_view("Div");
    const CaseInput full = f32(shape, 0.5, 2), narrow = f32(narrowed(random, shape), 0.5, 2);
    const CaseInput any = f32(shape);
    cases.push_back({op, {any, is_div ? full : any}});
    cases.push_back({op, {any, narrow}});
    cases.push_back({op, {f32(narrowed(random, shape)), full}});
    cases.push_back({op, {f32({3, 1, 2}), f32({4, 1}, 0.5, 2)}});  // both are stretched
    cases.push_back({op, {f32({}), f32({}, 0.5, 2)}});
  }
  for (const char* op :
       {"Neg", "Abs", "Sign", "Exp", "Sigmoid", "Tanh", "Relu", "Identity", "Gelu"})
    cases.push_back({op, {f32(random_shape(random, random_rank(random, 0, 4)), -3, 3)}});
  for (const char* op : {"Sqrt", "Log", "Reciprocal"})
    cases.push_back({op, {f32(random_shape(random, random_rank(random, 0, 4)), 0.2, 3)}});
  const Shape shape = random_shape(random, random_rank(random, 0, 4));
  cases.push_back({"ReluGrad", {f32(shape), f32(shape)}});
  for (const char* approximate : {"none", "tanh"}) {
    cases.push_back({"Gelu", {f32(shape, -4, 4)}, {{"approximate", approximate}}});
    cases.push_back({"GeluGrad", {f32(shape), f32(shape, -4, 4)}, {{"approximate", approximate}}});
  }
  cases.push_back({"Clip", {f32(shape)}, {{"min", -1.0}, {"max", 0.5}}});
  cases.push_back({"Clip", {f32(shape)}, {{"min", int64_t{0}}}});
  cases.push_back({"Clip", {f32(shape)}, {{"max", 1.0}}});
  cases.push_back({"Cast", {{{Format::kU8, shape}, 0, 256}}, {{"to", "f32"}}});
  cases.push_back({"Cast", {{{Format::kI32, shape}, -300, 600}}, {{"to", "u8"}}});
  cases.push_back({"Cast", {f32(shape, -3, 300)}, {{"to", "u8"}}});
  cases.push_back({"Cast", {f32(shape, -1e5, 1e5)}, {{"to", "i32"}}});
  cases.push_back({"Cast", {f32(shape)}, {{"to", "f32"}}});
}

void add_shape_cases(Random& random, std::vector<OpCase>& cases) {
  const size_t rank = random_rank(random, 1, 4);
  const Shape shape = random_shape(random, rank);
  const CaseInput x = f32(shape);
  cases.push_back({"Identity", {{{Format::kU8, shape}, 0, 256}}});
  cases.push_back({"Constant", {}, {{"value", 0.5}}});
  cases.push_back({"Constant", {}, {{"value", random_values(random, x)}, {"shape", shape}}});
  cases.push_back({"Constant", {}, {{"value", int64_t{7}}, {"shape", shape}, {"format", "i32"}}});
  cases.push_back({"Reshape", {x}, {{"shape", Ints{-1}}}});
  cases.push_back({"Reshape", {f32({2, 3, 4})}, {{"shape", Ints{0, 2, -1}}}});
  cases.push_back({"Transpose", {x}});
  Ints perm;
  for (size_t d = 0; d < rank; ++d)
    perm.insert(perm.begin() + random.below(std::ssize(perm) + 1), static_cast<int64_t>(d));
  cases.push_back({"Transpose", {x}, {{"perm", perm}}});
  cases.push_back({"Transpose", {{{Format::kU8, shape}, 0, 256}}, {{"perm", perm}}});
  for (bool is_u8 : {false, true}) {
    const int64_t axis = random.below(static_cast<int64_t>(rank));
    OpCase concat{"Concat", {}, {{"axis", random.chance(0.5) ? axis : axis - std::ssize(shape)}}};
    for (int64_t i = 0; i <= random.below(3); ++i) {
      Shape part = shape;
      part[static_cast<size_t>(axis)] = 1 + random.below(4);
      concat.inputs.push_back(is_u8 ? CaseInput{{Format::kU8, part}, 0, 256} : f32(part));
    }
    cases.push_back(concat);
  }
  for (int64_t largest_step : {1, 3}) {
    Ints axes, starts, ends, steps;
    for (int64_t a : random_axes(random, rank)) {
      const int64_t size = shape[static_cast<size_t>(a < 0 ? a + std::ssize(shape) : a)];
      const int64_t begin = random.below(size);
      axes.push_back(a);
      starts.push_back(random.chance(0.5) ? begin : begin - size);
      ends.push_back(random.chance(0.3) ? int64_t{1} << 40
                                        : begin + 1 + random.below(size - begin));
      steps.push_back(1 + random.below(largest_step));
    }
    cases.push_back(
        {"Slice", {x}, {{"axes", axes}, {"starts", starts}, {"ends", ends}, {"steps", steps}}});
  }
  cases.push_back({"Slice", {f32({7, 5})}, {{"starts", Ints{1, -4}}, {"ends", Ints{-1, 9}}}});
  cases.push_back(
      {"Slice", {f32({8})}, {{"starts", Ints{1}}, {"ends", Ints{8}}, {"steps", Ints{3}}}});
  Ints pads;
  for (size_t d = 0; d < 2 * rank; ++d) pads.push_back(random.below(3));
  cases.push_back({"Pad", {x}, {{"pads", pads}}});
  cases.push_back({"Pad", {x}, {{"pads", pads}, {"value", -1.5}}});
  const Shape narrow = narrowed(random, shape);
  cases.push_back({"Expand", {f32(narrow)}, {{"shape", shape}}});
  cases.push_back({"Expand", {f32({3, 1})}, {{"shape", Ints{2, 1, 4}}}});
}

void add_reduce_cases(Random& random, std::vector<OpCase>& cases) {
  for (const char* op : {"ReduceSum", "ReduceMean", "ReduceSumSquare", "ReduceMax"}) {
    const size_t rank = random_rank(random, 1, 4);
    const CaseInput x = f32(random_shape(random, rank));
    cases.push_back({op, {x}});
    cases.push_back({op, {x}, {{"keepdims", int64_t{0}}}});
    for (int64_t keepdims : {0, 1})
      cases.push_back({op, {x}, {{"axes", random_axes(random, rank)}, {"keepdims", keepdims}}});
    cases.push_back({op, {f32({2, 3, 4, 5})}, {{"axes", Ints{2, 3}}}});
    cases.push_back({op, {f32({2, 3, 4, 5})}, {{"axes", Ints{0, 2}}, {"keepdims", int64_t{0}}}});
  }
}

void add_optimizer_cases(Random& random, std::vector<OpCase>& cases) {
  const Shape shape = random_shape(random, random_rank(random, 0, 4));
  const CaseInput tensor = fixed(f32(shape)), second_moment = fixed(f32(shape, 0.01, 2));
  const CaseInput lr = fixed(f32({}, 1e-3, 0.1)), step = fixed(f32({}, 1, 20));
  const CaseInput scale = fixed(f32({}, 0.1, 1));
  cases.push_back({"AdamW", {tensor, tensor, second_moment, tensor, lr, step}});
  cases.push_back({"AdamW",
                   {tensor, tensor, second_moment, tensor, lr, step, scale},
                   {{"beta1", 0.8}, {"beta2", 0.95}, {"epsilon", 1e-6}, {"weight_decay", 0.1}}});
  cases.push_back({"Momentum", {tensor, tensor, tensor, lr}});
  for (int64_t nesterov : {0, 1})
    cases.push_back({"Momentum",
                     {tensor, tensor, tensor, lr, scale},
                     {{"momentum", 0.8}, {"weight_decay", 0.01}, {"nesterov", nesterov}}});
}

}  // namespace dojo
