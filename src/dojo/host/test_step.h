// What the executor's tests have in common: a small training step with its data, and comparison
// with another executor.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "dojo/base/random.h"
#include "dojo/graph/autodiff.h"
#include "dojo/graph/builder.h"
#include "dojo/graph/bytes.h"
#include "dojo/host/executor.h"

namespace dojo {

inline std::vector<double> values_of(const Executor& e, const std::string& name, const Type& type) {
  std::vector<std::byte> bytes(static_cast<size_t>(type.num_bytes()));
  e.read(name, bytes);
  std::vector<double> values(static_cast<size_t>(type.num_elements()));
  from_bytes(type.format, bytes, values);
  return values;
}

// |a - b| relative to the largest value of the tensor.
inline double error_of(const std::vector<double>& a, const std::vector<double>& b) {
  double worst = 0, scale = 1e-3;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (!(a[i] == b[i]))
      worst = std::max(worst, std::isfinite(a[i] - b[i]) ? std::abs(a[i] - b[i]) : 1e30);
    if (std::isfinite(b[i])) scale = std::max(scale, std::abs(b[i]));
  }
  return worst / scale;
}

inline void expect_same_results(const Graph& graph, const Executor& ours, const Executor& oracle,
                                const std::string& what, double tolerance = 1e-4) {
  for (const Output& o : graph.outputs)
    EXPECT_LE(error_of(values_of(ours, o.name, graph.type(o.value)),
                       values_of(oracle, o.name, graph.type(o.value))),
              tolerance)
        << what << " output " << o.name;
  for (const Update& u : graph.updates) {
    const Value& v = graph.value(u.state);
    EXPECT_LE(error_of(values_of(ours, v.name, v.type), values_of(oracle, v.name, v.type)),
              tolerance)
        << what << " state " << v.name;
  }
}

inline const HostOptions kPlain{.fuse = false, .channels_last = false, .packed_weights = false};

// A small convolutional network with everything that a real step has.
inline Graph training_graph(int64_t channels = 16) {
  Builder b("small");
  using Integers = std::vector<int64_t>;
  const ValueId x = b.data("x", {Format::kF32, {2, 3, 8, 12}});
  const ValueId target = b.data("target", {Format::kF32, {2, 2, 4, 6}});
  const ValueId lr = b.data("lr", {Format::kF32, {}});
  const ValueId step = b.data("step", {Format::kF32, {}});
  std::vector<ValueId> parameters;
  const auto conv = [&](ValueId in, const char* name, int64_t out, int64_t k, int64_t stride) {
    const auto scope = b.scope(name);
    parameters.push_back(b.parameter("w", {out, b.shape(in)[1], k, k}, normal(0.3)));
    const ValueId w = parameters.back();
    // A bias before a norm has a gradient of rounding errors only, which AdamW blows up.
    std::vector<ValueId> operands = {in, w};
    if (out == 2) {
      parameters.push_back(b.parameter("b", {out}, normal(0.1)));
      operands.push_back(parameters.back());
    }
    return b.op(
        "Conv", operands,
        {{"pads", Integers{k / 2, k / 2, k / 2, k / 2}}, {"strides", Integers{stride, stride}}});
  };
  const auto norm = [&](ValueId in, const char* name) {
    const auto scope = b.scope(name);
    const int64_t c = b.shape(in)[1];
    parameters.push_back(b.parameter("scale", {c}, normal(1)));
    const ValueId scale = parameters.back();
    parameters.push_back(b.parameter("bias", {c}, normal(0.1)));
    const ValueId bias = parameters.back();
    const ValueId mean = b.state("mean", {Format::kF32, {c}}, constant_value(0));
    const ValueId variance = b.state("variance", {Format::kF32, {c}}, constant_value(1));
    const auto y = b.op_multi("BatchNormalization", {in, scale, bias, mean, variance},
                              {{"training_mode", int64_t{1}}});
    b.update(mean, y[1]);
    b.update(variance, y[2]);
    return y[0];
  };
  ValueId h = b.op("Relu", {norm(conv(x, "stem", channels, 3, 1), "n0")});
  h = b.op("MaxPool", {h},
           {{"kernel_shape", Integers{3, 3}},
            {"strides", Integers{2, 2}},
            {"pads", Integers{1, 1, 1, 1}}});
  const ValueId inner = b.op("Relu", {norm(conv(h, "a", channels, 3, 1), "n1")});
  h = b.op("Relu", {b.add(h, norm(conv(inner, "b", channels, 3, 1), "n2"))});
  ValueId y = conv(b.op("Gelu", {h}), "head", 2, 1, 1);
  y = b.add(y, b.slice(b.concat({h, y}, 1), 1, 0, 2));
  const ValueId error = b.sub(y, target);
  const ValueId loss = b.op("ReduceMean", {b.mul(error, error)}, {{"keepdims", int64_t{0}}});
  const auto grads = gradients(b, loss, parameters);
  ValueId sum = b.constant(0);
  for (ValueId g : grads)
    sum = b.add(sum, b.op("ReduceSumSquare", {g}, {{"keepdims", int64_t{0}}}));
  const ValueId grad_norm = b.op("Sqrt", {sum});
  const ValueId scale = b.op("Min", {b.div(b.constant(1), grad_norm), b.constant(1)});
  const ValueId rate = b.div(b.constant(1), b.add(step, 5));
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Type type = b.type(parameters[i]);
    const std::string name = b.graph().value(parameters[i]).name;
    const ValueId m = b.state(name + ".m", type, constant_value(0));
    const ValueId v = b.state(name + ".v", type, constant_value(0));
    const ValueId ema = b.state(name + ".ema", type, constant_value(0));
    const auto next = b.op_multi("AdamW", {parameters[i], m, v, grads[i], lr, step, scale},
                                 {{"weight_decay", type.shape.size() > 1 ? 0.1 : 0.0}});
    b.update(parameters[i], next[0]);
    b.update(m, next[1]);
    b.update(v, next[2]);
    b.update(ema, b.add(ema, b.mul(b.sub(next[0], ema), rate)));
  }
  b.output("loss", loss, true);
  b.output("grad_norm", grad_norm, true);
  b.output("y", y);
  return std::move(b).finish();
}

inline void feed(Executor& e, const Graph& graph, uint64_t seed, int64_t step) {
  for (const Input& input : graph.inputs) {
    if (input.role != Role::kData) continue;
    const Value& v = graph.value(input.value);
    if (v.name == "step") {
      e.write_scalar("step", static_cast<float>(step));
    } else if (v.name == "lr") {
      e.write_scalar("lr", 0.01f);
    } else {
      Random random(seed, stream_id(v.name), static_cast<uint64_t>(step));
      std::vector<float> x(static_cast<size_t>(v.type.num_elements()));
      for (float& f : x) f = static_cast<float>(random.normal());
      e.write_f32(v.name, x);
    }
  }
}

}  // namespace dojo
