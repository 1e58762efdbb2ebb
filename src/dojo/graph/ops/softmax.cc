// Softmax along an axis, and the mean cross entropy of softmax scores against class labels. Both
// subtract the largest score first, so that no exponential overflows.
#include <algorithm>
#include <cmath>

#include "dojo/graph/ops/nn_rules.h"

namespace dojo::ops {
namespace {

// ---- Softmax

std::vector<Type> infer_softmax(const OpCall& call) {
  const Shape& x = f32_operand(call, 0, "x", 1, 8);
  axis_of(call.integer("axis", -1), x.size());
  return {f32(x)};
}

void evaluate_softmax(const OpCall& call, Inputs in, Outputs out) {
  const Shape& shape = call.in(0);
  const size_t axis = axis_of(call.integer("axis", -1), shape.size());
  const int64_t count = shape[axis], step = product(shape, axis + 1, shape.size());
  for (int64_t outer = 0; outer < product(shape, 0, axis); ++outer)
    for (int64_t inner = 0; inner < step; ++inner) {
      const double* x = in[0]->data.data() + outer * count * step + inner;
      double* y = out[0].data.data() + outer * count * step + inner;
      double largest = x[0], sum = 0;
      for (int64_t i = 0; i < count; ++i) largest = std::max(largest, x[i * step]);
      for (int64_t i = 0; i < count; ++i) sum += y[i * step] = std::exp(x[i * step] - largest);
      for (int64_t i = 0; i < count; ++i) y[i * step] /= sum;
    }
}

// dx = y (dy - sum(y dy))
std::vector<ValueId> gradient_softmax(Builder& b, const Node& node, Gradients dy,
                                      const Wanted& wanted) {
  if (!wanted[0]) return {kNoValue};
  const ValueId y = node.outputs[0];
  Shape one = b.shape(y);
  one[axis_of(OpCall{node.attributes, {}, {}}.integer("axis", -1), one.size())] = 1;
  return {b.mul(y, b.sub(dy[0], b.sum_to(b.mul(y, dy[0]), one)))};
}

// ---- SoftmaxCrossEntropyLoss

void check_loss(const OpCall& call) {
  const Shape& scores = f32_operand(call, 0, "scores", 2, 2);
  const Type labels{Format::kI32, {scores[0]}};
  if (*call.inputs[1] != labels) {
    bad(fmt::format("labels must be {}, seen {}", to_string(labels), to_string(*call.inputs[1])));
  }
  choice(call, "reduction", {"mean"});
}

// Calls f(row, label) for each row; an Error(kInput) for a label that is no class.
template <class F>
void for_each_label(const RefTensor& labels, int64_t classes, F f) {
  for (size_t n = 0; n < labels.data.size(); ++n) {
    const double label = labels.data[n];
    if (label < 0 || label >= double(classes))
      bad(fmt::format("label {} of row {} is not in 0 .. {}", label, n, classes - 1));
    f(int64_t(n), int64_t(label));
  }
}

double log_sum_exp(const double* x, int64_t count) {
  const double largest = *std::max_element(x, x + count);
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += std::exp(x[i] - largest);
  return largest + std::log(sum);
}

void evaluate_loss(const OpCall& call, Inputs in, Outputs out) {
  const int64_t rows = call.in(0)[0], classes = call.in(0)[1];
  for_each_label(*in[1], classes, [&](int64_t n, int64_t label) {
    const double* x = in[0]->data.data() + n * classes;
    out[0].data[0] += (log_sum_exp(x, classes) - x[label]) / double(rows);
  });
}

// (softmax(scores) - one at the label) * dloss / N
void evaluate_loss_grad(const OpCall& call, Inputs in, Outputs out) {
  const int64_t rows = call.in(0)[0], classes = call.in(0)[1];
  for_each_label(*in[1], classes, [&](int64_t n, int64_t label) {
    const double* x = in[0]->data.data() + n * classes;
    const double log_sum = log_sum_exp(x, classes);
    for (int64_t i = 0; i < classes; ++i) {
      out[0].data[size_t(n * classes + i)] =
          (std::exp(x[i] - log_sum) - (i == label ? 1 : 0)) * in[2]->data[0] / double(rows);
    }
  });
}

std::vector<ValueId> gradient_loss(Builder& b, const Node& node, Gradients dy,
                                   const Wanted& wanted) {
  std::vector<ValueId> result(2, kNoValue);
  if (wanted[0]) {
    result[0] = b.op("SoftmaxCrossEntropyLossGrad", {node.inputs[0], node.inputs[1], dy[0]},
                     node.attributes);
  }
  return result;
}

Cost cost_softmax(const OpCall& call) { return {.flop = 5.0 * double(num_elements(call.in(0)))}; }

}  // namespace

const OpDef kSoftmax = {
    .name = "Softmax",
    .summary = "(x; axis = -1) -> y: exp(x) / sum of exp(x) along the axis",
    .min_inputs = 1,
    .max_inputs = 1,
    .attributes = {"axis"},
    .infer = infer_softmax,
    .gradient = gradient_softmax,
    .evaluate = evaluate_softmax,
    .cost = cost_softmax,
};

const OpDef kSoftmaxCrossEntropyLoss = {
    .name = "SoftmaxCrossEntropyLoss",
    .summary =
        "(scores[N,C], labels i32[N]; reduction mean) -> loss[]: mean of -log "
        "softmax(scores)[label]",
    .min_inputs = 2,
    .max_inputs = 2,
    .attributes = {"reduction"},
    .infer =
        [](const OpCall& call) {
          check_loss(call);
          return std::vector{f32({})};
        },
    .gradient = gradient_loss,
    .evaluate = evaluate_loss,
    .cost = cost_softmax,
};

const OpDef kSoftmaxCrossEntropyLossGrad = {
    .name = "SoftmaxCrossEntropyLossGrad",
    .summary =
        "(scores, labels, dloss[]; reduction) -> dscores: gradient of SoftmaxCrossEntropyLoss",
    .min_inputs = 3,
    .max_inputs = 3,
    .attributes = {"reduction"},
    .infer =
        [](const OpCall& call) {
          check_loss(call);
          expect_shape(call, 2, "dloss", {});
          return std::vector{f32(call.in(0))};
        },
    .evaluate = evaluate_loss_grad,
    .cost = cost_softmax,
};

}  // namespace dojo::ops
