// BatchNormalization and GroupNormalization: both subtract the mean and divide by the standard
// deviation of a set of elements, then scale and shift each channel. They differ in the set only,
// see Sets. Variances are those of the population (divided by the number of elements), as in ONNX.
#include <cmath>

#include "dojo/graph/ops/nn_rules.h"

namespace dojo::ops {
namespace {

// Which set an element of x [N,C,space...] belongs to: its channel, or its image and group of
// channels.
struct Sets {
  int64_t images = 0, channels = 0, space = 0;
  int64_t groups = 0;  // 0: one set for each channel over all images

  int64_t count() const { return groups == 0 ? channels : images * groups; }
  double size() const { return double(images * channels * space) / double(count()); }

  // Calls f(element, channel, set) in row-major order.
  template <class F>
  void for_each(F f) const {
    for (int64_t n = 0; n < images; ++n)
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t set = groups == 0 ? c : n * groups + c / (channels / groups);
        for (int64_t s = 0; s < space; ++s) f((n * channels + c) * space + s, c, set);
      }
  }
};

using Numbers = std::vector<double>;

void moments(const Sets& sets, const Numbers& x, Numbers& mean, Numbers& variance) {
  sets.for_each([&](int64_t i, int64_t, int64_t set) { mean[set] += x[i] / sets.size(); });
  sets.for_each([&](int64_t i, int64_t, int64_t set) {
    variance[set] += (x[i] - mean[set]) * (x[i] - mean[set]) / sets.size();
  });
}

void normalize(const Sets& sets, double epsilon, const Numbers& x, const Numbers& scale,
               const Numbers& bias, const Numbers& mean, const Numbers& variance, Numbers& y) {
  sets.for_each([&](int64_t i, int64_t c, int64_t set) {
    y[i] = (x[i] - mean[set]) / std::sqrt(variance[set] + epsilon) * scale[c] + bias[c];
  });
}

// With h the normalised x and g = dy * scale: dx = (g - mean(g) - h mean(g h)) / deviation, the
// means over the set. Where the statistics do not depend on x (`fixed`), dx = g / deviation.
void normalize_grad(const Sets& sets, double epsilon, bool fixed, const Numbers& x,
                    const Numbers& scale, const Numbers& dy, const Numbers& mean,
                    const Numbers& variance, Numbers& dx, Numbers& dscale, Numbers& dbias) {
  Numbers mean_g(size_t(sets.count()), 0), mean_gh(size_t(sets.count()), 0);
  const auto h = [&](int64_t i, int64_t set) {
    return (x[i] - mean[set]) / std::sqrt(variance[set] + epsilon);
  };
  sets.for_each([&](int64_t i, int64_t c, int64_t set) {
    dscale[c] += dy[i] * h(i, set);
    dbias[c] += dy[i];
    mean_g[set] += dy[i] * scale[c] / sets.size();
    mean_gh[set] += dy[i] * scale[c] * h(i, set) / sets.size();
  });
  sets.for_each([&](int64_t i, int64_t c, int64_t set) {
    const double g = dy[i] * scale[c];
    dx[i] = (fixed ? g : g - mean_g[set] - h(i, set) * mean_gh[set]) /
            std::sqrt(variance[set] + epsilon);
  });
}

ValueId sum(Builder& b, ValueId x, ValueId y) {
  return x == kNoValue ? y : y == kNoValue ? x : b.add(x, y);
}

// What flows back to x through the statistics themselves: (dmean + 2 (x - mean) dvariance) / size
// of a set. `view` is x with its sets along one of three dimensions, `statistics` a set's shape
// that broadcasts to it.
ValueId moments_grad(Builder& b, ValueId x, const Shape& view, const Shape& statistics,
                     ValueId mean, ValueId dmean, ValueId dvariance) {
  const double size = double(num_elements(view)) / double(num_elements(statistics));
  ValueId dx = kNoValue;
  if (dmean != kNoValue) {
    dx = b.op("Expand", {b.reshape(b.mul(dmean, 1 / size), statistics)}, {{"shape", view}});
  }
  if (dvariance != kNoValue) {
    const ValueId centred = b.sub(b.reshape(x, view), b.reshape(mean, statistics));
    dx = sum(b, dx, b.mul(centred, b.reshape(b.mul(dvariance, 2 / size), statistics)));
  }
  return dx == kNoValue ? dx : b.reshape(dx, b.shape(x));
}

double epsilon_of(const OpCall& call) { return positive(call, "epsilon", 1e-5); }

Sets per_channel(const OpCall& call) {
  const Shape& x = f32_operand(call, 0, "x", 2, 5);
  return {x[0], x[1], product(x, 2, x.size()), 0};
}

Sets per_group(const OpCall& call) {
  const Shape& x = f32_operand(call, 0, "x", 3, 5);
  const int64_t groups = call.integer("num_groups");
  if (groups < 1 || x[1] % groups != 0)
    bad(fmt::format("num_groups {} must divide the {} channels of x", groups, x[1]));
  return {x[0], x[1], product(x, 2, x.size()), groups};
}

// ---- BatchNormalization

std::vector<Type> infer_batch(const OpCall& call) {
  const Shape channels = {per_channel(call).channels};
  expect_shape(call, 1, "scale", channels);
  expect_shape(call, 2, "bias", channels);
  expect_shape(call, 3, "running_mean", channels);
  expect_shape(call, 4, "running_var", channels);
  epsilon_of(call);
  const double momentum = call.number("momentum", 0.9);
  if (!(momentum >= 0 && momentum <= 1))
    bad(fmt::format("momentum must be in 0 .. 1, seen {}", momentum));
  std::vector<Type> types = {f32(call.in(0))};
  if (flag(call, "training_mode", false)) types.insert(types.end(), 4, f32(channels));
  return types;
}

void evaluate_batch(const OpCall& call, Inputs in, Outputs out) {
  const Sets sets = per_channel(call);
  const Numbers &x = in[0]->data, &scale = in[1]->data, &bias = in[2]->data;
  if (!flag(call, "training_mode", false)) {
    normalize(sets, epsilon_of(call), x, scale, bias, in[3]->data, in[4]->data, out[0].data);
    return;
  }
  Numbers &mean = out[3].data, &variance = out[4].data;
  moments(sets, x, mean, variance);
  normalize(sets, epsilon_of(call), x, scale, bias, mean, variance, out[0].data);
  const double momentum = call.number("momentum", 0.9);
  for (size_t c = 0; c < mean.size(); ++c) {
    out[1].data[c] = in[3]->data[c] * momentum + mean[c] * (1 - momentum);
    out[2].data[c] = in[4]->data[c] * momentum + variance[c] * (1 - momentum);
  }
}

std::vector<ValueId> gradient_batch(Builder& b, const Node& node, Gradients dy,
                                    const Wanted& wanted) {
  const bool training = node.outputs.size() > 1;
  if (!training && (wanted[3] || wanted[4])) {
    throw Error(Category::kUnimplemented,
                "the gradient of BatchNormalization with respect to statistics that it is given");
  }
  std::vector<ValueId> result(5, kNoValue);
  if (dy[0] != kNoValue) {
    const ValueId mean = training ? node.outputs[3] : node.inputs[3];
    const ValueId variance = training ? node.outputs[4] : node.inputs[4];
    Attributes attributes = node.attributes;
    attributes.erase("momentum");
    const auto grads =
        b.op_multi("BatchNormalizationGrad",
                   {node.inputs[0], node.inputs[1], dy[0], mean, variance}, attributes);
    for (size_t i = 0; i < 3; ++i) {
      if (wanted[i]) result[i] = grads[i];
    }
  }
  if (!training) return result;
  const Shape x = b.shape(node.inputs[0]);
  const double momentum = OpCall{node.attributes, {}, {}}.number("momentum", 0.9);
  ValueId dstatistic[2] = {dy[3], dy[4]};
  for (size_t i = 0; i < 2; ++i) {
    if (dy[1 + i] == kNoValue) continue;
    dstatistic[i] = sum(b, dstatistic[i], b.mul(dy[1 + i], 1 - momentum));
    if (wanted[3 + i]) result[3 + i] = b.mul(dy[1 + i], momentum);
  }
  if (wanted[0]) {
    result[0] = sum(b, result[0],
                    moments_grad(b, node.inputs[0], {x[0], x[1], product(x, 2, x.size())},
                                 {1, x[1], 1}, node.outputs[3], dstatistic[0], dstatistic[1]));
  }
  return result;
}

std::vector<Type> infer_batch_grad(const OpCall& call) {
  const Shape channels = {per_channel(call).channels};
  expect_shape(call, 1, "scale", channels);
  expect_shape(call, 2, "dy", call.in(0));
  expect_shape(call, 3, "mean", channels);
  expect_shape(call, 4, "variance", channels);
  epsilon_of(call);
  flag(call, "training_mode", false);
  return {f32(call.in(0)), f32(channels), f32(channels)};
}

void evaluate_batch_grad(const OpCall& call, Inputs in, Outputs out) {
  normalize_grad(per_channel(call), epsilon_of(call), !flag(call, "training_mode", false),
                 in[0]->data, in[1]->data, in[2]->data, in[3]->data, in[4]->data, out[0].data,
                 out[1].data, out[2].data);
}

// ---- GroupNormalization

std::vector<Type> infer_group(const OpCall& call) {
  const Sets sets = per_group(call);
  expect_shape(call, 1, "scale", {sets.channels});
  expect_shape(call, 2, "bias", {sets.channels});
  epsilon_of(call);
  const Shape statistics = {sets.images, sets.groups};
  return {f32(call.in(0)), f32(statistics), f32(statistics)};
}

void evaluate_group(const OpCall& call, Inputs in, Outputs out) {
  const Sets sets = per_group(call);
  moments(sets, in[0]->data, out[1].data, out[2].data);
  normalize(sets, epsilon_of(call), in[0]->data, in[1]->data, in[2]->data, out[1].data, out[2].data,
            out[0].data);
}

std::vector<ValueId> gradient_group(Builder& b, const Node& node, Gradients dy,
                                    const Wanted& wanted) {
  std::vector<ValueId> result(3, kNoValue);
  if (dy[0] != kNoValue) {
    const auto grads = b.op_multi(
        "GroupNormalizationGrad",
        {node.inputs[0], node.inputs[1], dy[0], node.outputs[1], node.outputs[2]}, node.attributes);
    for (size_t i = 0; i < 3; ++i) {
      if (wanted[i]) result[i] = grads[i];
    }
  }
  if (wanted[0]) {
    const Shape x = b.shape(node.inputs[0]), statistics = b.shape(node.outputs[1]);
    const int64_t n = statistics[0], groups = statistics[1];
    result[0] = sum(b, result[0],
                    moments_grad(b, node.inputs[0], {n, groups, num_elements(x) / (n * groups)},
                                 {n, groups, 1}, node.outputs[1], dy[1], dy[2]));
  }
  return result;
}

std::vector<Type> infer_group_grad(const OpCall& call) {
  const Sets sets = per_group(call);
  const Shape statistics = {sets.images, sets.groups};
  expect_shape(call, 1, "scale", {sets.channels});
  expect_shape(call, 2, "dy", call.in(0));
  expect_shape(call, 3, "mean", statistics);
  expect_shape(call, 4, "variance", statistics);
  epsilon_of(call);
  return {f32(call.in(0)), f32({sets.channels}), f32({sets.channels})};
}

void evaluate_group_grad(const OpCall& call, Inputs in, Outputs out) {
  normalize_grad(per_group(call), epsilon_of(call), false, in[0]->data, in[1]->data, in[2]->data,
                 in[3]->data, in[4]->data, out[0].data, out[1].data, out[2].data);
}

// Mean 1, variance 3, normalise, scale and shift 4; backward two sums of products 6 and dx 6.
Cost cost_forward(const OpCall& call) { return {.flop = 8.0 * double(num_elements(call.in(0)))}; }
Cost cost_grad(const OpCall& call) { return {.flop = 12.0 * double(num_elements(call.in(0)))}; }

}  // namespace

const OpDef kBatchNormalization = {
    .name = "BatchNormalization",
    .summary =
        "(x[N,C,...], scale[C], bias[C], running_mean[C], running_var[C]; epsilon = 1e-5, momentum "
        "= 0.9, training_mode = 0) -> "
        "y; in training mode also the new running_mean and running_var (old * momentum + batch * "
        "(1 - momentum), the variance "
        "being that of the population, as in ONNX; PyTorch takes the unbiased one) and, beyond "
        "ONNX, the batch's mean[C] and "
        "variance[C]",
    .min_inputs = 5,
    .max_inputs = 5,
    .attributes = {"epsilon", "momentum", "training_mode"},
    .infer = infer_batch,
    .gradient = gradient_batch,
    .evaluate = evaluate_batch,
    .cost = cost_forward,
};

const OpDef kBatchNormalizationGrad = {
    .name = "BatchNormalizationGrad",
    .summary = "(x, scale, dy, mean[C], variance[C]; epsilon, training_mode) -> dx, dscale, dbias",
    .min_inputs = 5,
    .max_inputs = 5,
    .attributes = {"epsilon", "training_mode"},
    .infer = infer_batch_grad,
    .evaluate = evaluate_batch_grad,
    .cost = cost_grad,
};

const OpDef kGroupNormalization = {
    .name = "GroupNormalization",
    .summary =
        "(x[N,C,...], scale[C], bias[C]; num_groups = G, epsilon = 1e-5) -> y and, beyond ONNX, "
        "mean[N,G] and variance[N,G] (of "
        "the population)",
    .min_inputs = 3,
    .max_inputs = 3,
    .attributes = {"num_groups", "epsilon"},
    .infer = infer_group,
    .gradient = gradient_group,
    .evaluate = evaluate_group,
    .cost = cost_forward,
};

const OpDef kGroupNormalizationGrad = {
    .name = "GroupNormalizationGrad",
    .summary = "(x, scale, dy, mean[N,G], variance[N,G]; num_groups, epsilon) -> dx, dscale, dbias",
    .min_inputs = 5,
    .max_inputs = 5,
    .attributes = {"num_groups", "epsilon"},
    .infer = infer_group_grad,
    .evaluate = evaluate_group_grad,
    .cost = cost_grad,
};

}  // namespace dojo::ops
