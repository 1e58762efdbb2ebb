// Batch and group normalisation, with the ReLU behind them, on channels-last images.
#include <algorithm>

#include "dojo/base/check.h"
#include "dojo/host/fuse_bf16.h"
#include "dojo/host/kernels/norm.h"
#include "dojo/host/lower.h"

namespace dojo::host {
namespace {

kernels::Norm norm_shape(Lowering& l, const Node& node) {
  const OpCall call = l.call(node);
  const Shape& x = call.in(0);
  int64_t space = 1;
  for (size_t d = 2; d < x.size(); ++d) space *= x[d];
  kernels::Norm norm{.n = x[0],
                     .rows = space,
                     .c = x[1],
                     .groups = x[1],
                     .epsilon = static_cast<float>(call.number("epsilon", 1e-5))};
  if (node.op.starts_with("Group")) {
    norm.groups = call.integer("num_groups");
  } else {
    norm.n = 1;
    norm.rows = x[0] * space;
  }
  return norm;
}

Layout::Kind image_kind(Lowering& l, const Node& node) {
  return l.graph.type(node.inputs[0]).shape.size() >= 3 ? kLast : kRow;
}

void lower_forward(Lowering& l, const Node& node, const Node* relu) {
  kernels::Norm norm = norm_shape(l, node);
  if (relu) norm.activation = kernels::Activation::kRelu;
  const Layout::Kind kind = image_kind(l, node);
  const Floats x = l.floats(node.inputs[0], kind);
  const BufferId scale = l.operand(node.inputs[1], kRow), bias = l.operand(node.inputs[2], kRow);
  const Floats y = l.floats_result(relu ? relu->outputs[0] : node.outputs[0], kind);
  const std::string what = l.label(node) + (relu ? " + Relu" : "");
  if (node.op.starts_with("Group")) {
    const BufferId mean = l.result(node.outputs[1], kRow);
    const BufferId variance = l.result(node.outputs[2], kRow);
    l.add(what, {x.buffer, scale, bias}, {y.buffer, mean, variance},
          [=](const Memory& m) {
            return [=, px = x.in(m), ps = m.get(scale), pb = m.get(bias), py = y.out(m),
                    pm = m.get(mean),
                    pv = m.get(variance)] { kernels::norm_forward(norm, px, ps, pb, py, pm, pv); };
          },
          {{y.buffer, x.buffer}});
    return;
  }
  const OpCall call = l.call(node);
  const BufferId old_mean = l.operand(node.inputs[3], kRow);
  const BufferId old_variance = l.operand(node.inputs[4], kRow);
  if (call.integer("training_mode", 0) == 0) {
    l.add(what, {x.buffer, scale, bias, old_mean, old_variance}, {y.buffer},
          [=](const Memory& m) {
            return [=, px = x.in(m), ps = m.get(scale), pb = m.get(bias), py = y.out(m),
                    pm = m.get(old_mean), pv = m.get(old_variance)] {
              kernels::norm_apply(norm, px, ps, pb, pm, pv, py);
            };
          },
          {{y.buffer, x.buffer}});
    return;
  }
  const float keep = static_cast<float>(call.number("momentum", 0.9));
  const BufferId new_mean = l.result(node.outputs[1], kRow);
  const BufferId new_variance = l.result(node.outputs[2], kRow);
  const BufferId mean = l.result(node.outputs[3], kRow);
  const BufferId variance = l.result(node.outputs[4], kRow);
  l.add(what, {x.buffer, scale, bias, old_mean, old_variance},
        {y.buffer, new_mean, new_variance, mean, variance},
        [=](const Memory& m) {
          return [=, px = x.in(m), ps = m.get(scale), pb = m.get(bias), py = y.out(m),
                  pm = m.get(mean), pv = m.get(variance), om = m.get(old_mean),
                  ov = m.get(old_variance), nm = m.get(new_mean), nv = m.get(new_variance)] {
            kernels::norm_forward(norm, px, ps, pb, py, pm, pv);
            for (int64_t c = 0; c < norm.c; ++c) {
              nm[c] = om[c] * keep + pm[c] * (1 - keep);
              nv[c] = ov[c] * keep + pv[c] * (1 - keep);
            }
          };
        },
        {{y.buffer, x.buffer}});
}

// dx, dscale, dbias of the norm; `relu_grad` makes the norm's dy from the activation's.
bool lower_backward(Lowering& l, const Node& node, const Node* relu_grad, ValueId bias_value) {
  kernels::Norm norm = norm_shape(l, node);
  if (relu_grad) norm.activation = kernels::Activation::kRelu;
  if (node.op.starts_with("Batch") && l.call(node).integer("training_mode", 0) == 0) return false;
  const Layout::Kind kind = image_kind(l, node);
  const Floats x = l.floats(node.inputs[0], kind);
  const Floats dy = l.floats(relu_grad ? relu_grad->inputs[0] : node.inputs[2], kind);
  const BufferId scale = l.operand(node.inputs[1], kRow);
  const BufferId mean = l.operand(node.inputs[3], kRow), variance = l.operand(node.inputs[4], kRow);
  // Without an activation the bias has no influence: any array of its size will do.
  const BufferId bias = bias_value == kNoValue ? scale : l.operand(bias_value, kRow);
  const Floats dx = l.floats_result(node.outputs[0], kind);
  const BufferId dscale = l.result(node.outputs[1], kRow), dbias = l.result(node.outputs[2], kRow);
  const std::vector<BufferId> reads = {x.buffer, scale, dy.buffer, mean, variance, bias};
  l.add(l.label(node) + (relu_grad ? " + ReluGrad" : ""), reads, {dx.buffer, dscale, dbias},
        [=](const Memory& m) {
          return [=, px = x.in(m), ps = m.get(scale), pb = m.get(bias), pm = m.get(mean),
                  pv = m.get(variance), pd = dy.in(m), qx = dx.out(m), qs = m.get(dscale),
                  qb = m.get(dbias)] {
            kernels::norm_backward(norm, px, ps, pb, pm, pv, pd, qx, qs, qb);
          };
        },
        {{dx.buffer, dy.buffer}});
  return true;
}

}  // namespace

bool lower_norm(Lowering& l, const Unit& unit) {
  const Node& first = l.graph.node(unit.nodes[0]);
  const Node& last = l.graph.node(unit.nodes.back());
  if (unit.kind == Unit::Kind::kNorm) {
    lower_forward(l, first, &last);
    return true;
  }
  if (unit.kind == Unit::Kind::kNormGrad) {
    // ReluGrad(dy, Relu(Norm(x, scale, bias))): the bias is the norm's.
    const Node& relu = *unrounded(l.graph, first.inputs[1]);
    const Node& norm = l.graph.node(l.graph.value(relu.inputs[0]).producer);
    return lower_backward(l, last, &first, norm.inputs[2]);
  }
  if (first.op == "GroupNormalization" || first.op == "BatchNormalization") {
    lower_forward(l, first, nullptr);
    return true;
  }
  if (first.op == "GroupNormalizationGrad" || first.op == "BatchNormalizationGrad")
    return lower_backward(l, first, nullptr, kNoValue);
  return false;
}

}  // namespace dojo::host
