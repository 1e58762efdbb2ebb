// LayerNormalization and its gradient, on rows.
#include "dojo/host/kernels/layer_norm.h"
#include "dojo/host/lower.h"

namespace dojo::host {

bool lower_layer_norm(Lowering& l, const Node& node) {
  const bool grad = node.op == "LayerNormalizationGrad";
  if (!grad && node.op != "LayerNormalization") return false;
  const OpCall call = l.call(node);
  const int64_t c = num_elements(call.in(1)), rows = num_elements(call.in(0)) / c;
  const Floats x = l.floats(node.inputs[0], kRow);
  const BufferId scale = l.operand(node.inputs[1], kRow);
  if (!grad) {
    const float epsilon = static_cast<float>(call.number("epsilon", 1e-5));
    const BufferId bias = l.operand(node.inputs[2], kRow);
    const Floats y = l.floats_result(node.outputs[0], kRow);
    const BufferId mean = l.result(node.outputs[1], kRow);
    const BufferId inverse = l.result(node.outputs[2], kRow);
    l.add(l.label(node), {x.buffer, scale, bias}, {y.buffer, mean, inverse},
          [=](const Memory& m) {
            return [=, px = x.in(m), ps = m.get(scale), pb = m.get(bias), py = y.out(m),
                    pm = m.get(mean), pi = m.get(inverse)] {
              kernels::layer_norm_forward(rows, c, epsilon, px, ps, pb, py, pm, pi);
            };
          },
          {{y.buffer, x.buffer}});
    return true;
  }
  const Floats dy = l.floats(node.inputs[2], kRow), dx = l.floats_result(node.outputs[0], kRow);
  const BufferId mean = l.operand(node.inputs[3], kRow), inverse = l.operand(node.inputs[4], kRow);
  const BufferId dscale = l.result(node.outputs[1], kRow), dbias = l.result(node.outputs[2], kRow);
  const BufferId scratch =
      l.scratch(kernels::layer_norm_scratch_floats(rows, c) * static_cast<int64_t>(sizeof(float)));
  l.add(l.label(node), {x.buffer, scale, dy.buffer, mean, inverse},
        {dx.buffer, dscale, dbias, scratch},
        [=](const Memory& m) {
          return [=, px = x.in(m), ps = m.get(scale), pd = dy.in(m), pm = m.get(mean),
                  pi = m.get(inverse), qx = dx.out(m), qs = m.get(dscale), qb = m.get(dbias),
                  sums = m.get(scratch)] {
            kernels::layer_norm_backward(rows, c, px, ps, pm, pi, pd, qx, qs, qb, sums);
          };
        },
        {{dx.buffer, dy.buffer}});
  return true;
}

}  // namespace dojo::host
