// Graphs for the tests of this folder.
#pragma once

#include "dojo/base/random.h"
#include "dojo/graph/autodiff.h"
#include "dojo/graph/builder.h"
#include "dojo/graph/ops/op_cases.h"

namespace dojo {

// Linear regression with AdamW: y = x w, loss = mean (y - target)^2.
inline Graph tiny_step() {
  Builder b("tiny");
  const ValueId x = b.data("x", {Format::kF32, {4, 3}});
  const ValueId target = b.data("target", {Format::kF32, {4, 2}});
  const ValueId lr = b.data("lr", {}), step = b.data("step", {});
  const ValueId w = b.parameter("w", {3, 2}, normal(0.5));
  const ValueId m = b.state("w.m", {Format::kF32, {3, 2}}, constant_value(0));
  const ValueId v = b.state("w.v", {Format::kF32, {3, 2}}, constant_value(0));
  const ValueId error = b.sub(b.op("MatMul", {x, w}, {}, "y"), target);
  const ValueId loss =
      b.op("ReduceMean", {b.mul(error, error)}, {{"keepdims", int64_t{0}}}, "loss");
  const ValueId wrt[] = {w};
  const std::vector<ValueId> g = gradients(b, loss, wrt);
  const std::vector<ValueId> next = b.op_multi("AdamW", {w, m, v, g[0], lr, step}, {}, "adamw");
  b.output("loss", loss, true);
  b.update(w, next[0]);
  b.update(m, next[1]);
  b.update(v, next[2]);
  return std::move(b).finish();
}

// `layers` on x [size,size], each with values that its gradient needs; outputs the loss and the
// gradients.
inline Graph deep_step(int64_t layers, int64_t size) {
  Builder b("deep");
  ValueId x = b.data("x", {Format::kF32, {size, size}});
  std::vector<ValueId> wrt;
  for (int64_t i = 0; i < layers; ++i) {
    wrt.push_back(b.parameter("w" + std::to_string(i), {size, size}, normal(0.2)));
    x = b.op("Gelu", {b.op("MatMul", {x, wrt.back()})});
    x = b.add(b.op("Tanh", {x}), b.op("Sigmoid", {x}));
  }
  const ValueId loss = b.op("ReduceMean", {b.mul(x, x)}, {{"keepdims", int64_t{0}}}, "loss");
  const std::vector<ValueId> g = gradients(b, loss, wrt);
  b.output("loss", loss, true);
  for (size_t i = 0; i < g.size(); ++i) b.output("g" + std::to_string(i), g[i]);
  return std::move(b).finish();
}

// Many cases of ops in one graph, some on shared operands; with parameters, states, guards and
// updates.
inline Graph random_graph(uint64_t seed) {
  Random random(seed, stream_id("random_graph"));
  Builder b("random");
  int64_t n = 0;
  for (const OpCase& c : op_cases(random)) {
    if (random.chance(0.7)) continue;
    std::vector<ValueId> operands;
    auto scope = b.scope("case" + std::to_string(n++));
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      const std::string name = "x" + std::to_string(i);
      const Type& type = c.inputs[i].type;
      ValueId v = kNoValue;
      if (!c.inputs[i].present) {
      } else if (type.format == Format::kF32 && random.chance(0.3)) {
        v = b.parameter(name, type.shape, random.chance(0.5) ? normal(0.1) : uniform(1.0 / 3));
      } else if (random.chance(0.3)) {
        v = b.state(name, type, constant_value(1));
        b.update(v, v);
      } else {
        v = b.data(name, type);
      }
      operands.push_back(v);
    }
    const std::vector<ValueId> results = b.op_multi(c.op, operands, c.attributes);
    for (size_t i = 0; i < results.size(); ++i)
      if (i == 0 || random.chance(0.5))
        b.output("out" + std::to_string(n) + "_" + std::to_string(i), results[i],
                 b.type(results[i]) == Type{} && random.chance(0.5));
  }
  return std::move(b).finish();
}

}  // namespace dojo
