// Pools of channels-last images.
#include <algorithm>

#include "dojo/host/kernels/box_filter.h"
#include "dojo/host/kernels/pool.h"
#include "dojo/host/lower.h"

namespace dojo::host {
namespace {

struct Window {
  Shape kernel, strides, pads, dilations;
};

Window window_of(const OpCall& call) {
  Window w;
  w.kernel = call.integers("kernel_shape");
  w.strides = call.integers("strides", Shape(w.kernel.size(), 1));
  w.pads = call.integers("pads", Shape(2 * w.kernel.size(), 0));
  w.dilations = call.attributes.contains("dilations") ? call.integers("dilations")
                                                      : Shape(w.kernel.size(), 1);
  return w;
}

// A window of two dimensions sees each depth of a video [N,C,D,H,W] as an image of its own.
void flatten_depth(Window& w, Shape& x, Shape& y) {
  if (w.kernel.size() != 3 || w.kernel[0] != 1 || w.strides[0] != 1 || w.pads[0] != 0 ||
      w.pads[3] != 0)
    return;
  for (Shape* shape : {&x, &y})
    *shape = {(*shape)[0] * (*shape)[2], (*shape)[1], (*shape)[3], (*shape)[4]};
  for (Shape* sizes : {&w.kernel, &w.strides, &w.dilations}) sizes->erase(sizes->begin());
  w.pads = {w.pads[1], w.pads[2], w.pads[4], w.pads[5]};
}

bool all_are(const Shape& shape, int64_t value) {
  return std::all_of(shape.begin(), shape.end(), [&](int64_t x) { return x == value; });
}

bool lower_max_pool(Lowering& l, const Node& node) {
  const bool grad = node.op == "MaxPoolGrad";
  const OpCall call = l.call(node);
  Shape x = call.in(0), y = grad ? call.in(1) : call.out(0);
  Window w = window_of(call);
  flatten_depth(w, x, y);
  if (x.size() != 4 || !all_are(w.dilations, 1)) return false;
  const kernels::MaxPool pool{.n = x[0],
                              .h = x[2],
                              .w = x[3],
                              .c = x[1],
                              .out_h = y[2],
                              .out_w = y[3],
                              .kernel_h = w.kernel[0],
                              .kernel_w = w.kernel[1],
                              .stride_h = w.strides[0],
                              .stride_w = w.strides[1],
                              .pad_h = w.pads[0],
                              .pad_w = w.pads[1]};
  const ValueId maxima = grad ? node.inputs[1] : node.outputs[0];
  if (!grad) {
    const BufferId from = l.operand(node.inputs[0], kLast), to = l.result(node.outputs[0], kLast);
    const BufferId places = l.program.add_buffer(l.graph.value(maxima).name + ".places",
                                                 num_elements(y) * int64_t{sizeof(int32_t)});
    l.side[maxima] = places;
    l.add(l.label(node), {from}, {to, places}, [=](const Memory& m) {
      return [=, px = m.get(from), py = m.get(to), pi = m.get<int32_t>(places)] {
        kernels::max_pool(pool, px, py, pi);
      };
    });
    return true;
  }
  const BufferId dy = l.operand(node.inputs[2], kLast), dx = l.result(node.outputs[0], kLast);
  const auto found = l.side.find(maxima);
  const bool paired = found != l.side.end() &&
                      l.graph.node(l.graph.value(maxima).producer).inputs[0] == node.inputs[0] &&
                      l.graph.node(l.graph.value(maxima).producer).attributes == node.attributes;
  if (paired) {
    const BufferId places = found->second;
    l.add(l.label(node), {dy, places}, {dx}, [=](const Memory& m) {
      return [=, pd = m.get(dy), pi = m.get<int32_t>(places), px = m.get(dx)] {
        kernels::max_pool_backward(pool, pd, pi, px);
      };
    });
    return true;
  }
  const BufferId from = l.operand(node.inputs[0], kLast);
  l.add(l.label(node), {from, dy}, {dx}, [=](const Memory& m) {
    return [=, px = m.get(from), pd = m.get(dy), qx = m.get(dx)] {
      kernels::max_pool_backward_from_x(pool, px, pd, qx);
    };
  });
  return true;
}

// Stride 1 and "same" padding that counts: one kernel serves forward and gradient.
bool is_box_filter(const OpCall& call, const Window& w) {
  if (w.kernel.size() != 2 || call.integer("count_include_pad", 0) == 0) return false;
  if (!all_are(w.strides, 1) || !all_are(w.dilations, 1)) return false;
  for (size_t d = 0; d < 2; ++d)
    if (w.kernel[d] % 2 == 0 || w.pads[d] != w.kernel[d] / 2 || w.pads[d + 2] != w.kernel[d] / 2)
      return false;
  return true;
}

bool lower_average_pool(Lowering& l, const Node& node) {
  const bool grad = node.op == "AveragePoolGrad";
  const OpCall call = l.call(node);
  const Shape x = grad ? call.out(0) : call.in(0);
  const Window w = window_of(call);
  if (is_box_filter(call, w)) {
    const kernels::BoxFilter f{.n = x[0],
                               .h = x[2],
                               .w = x[3],
                               .c = x[1],
                               .kernel_h = w.kernel[0],
                               .kernel_w = w.kernel[1]};
    const BufferId from = l.operand(node.inputs[0], kLast), to = l.result(node.outputs[0], kLast);
    const BufferId scratch =
        l.scratch(kernels::scratch_floats(f) * static_cast<int64_t>(sizeof(float)));
    l.add(l.label(node), {from}, {to, scratch}, [=](const Memory& m) {
      return [=, a = m.get(from), b = m.get(to), s = m.get(scratch)] {
        kernels::box_filter(f, a, b, s);
      };
    });
    return true;
  }
  if (!all_are(w.pads, 0) || !all_are(w.dilations, 1)) return false;
  const BufferId from = l.operand(node.inputs[0], kLast);
  const bool whole = std::equal(w.kernel.begin(), w.kernel.end(), x.begin() + 2, x.end());
  if (whole) {
    const BufferId to = l.result(node.outputs[0], kLast);
    int64_t pixels = 1;
    for (int64_t k : w.kernel) pixels *= k;
    l.add(l.label(node), {from}, {to}, [=](const Memory& m) -> Kernel {
      const float* a = m.get(from);
      float* b = m.get(to);
      if (grad) return [=] { kernels::global_average_pool_backward(x[0], pixels, x[1], a, b); };
      return [=] { kernels::global_average_pool(x[0], pixels, x[1], a, b); };
    });
    return true;
  }
  if (x.size() != 4 || w.strides != w.kernel) return false;
  const BufferId to = l.result(node.outputs[0], kLast);
  const kernels::AveragePool pool{
      .n = x[0], .h = x[2], .w = x[3], .c = x[1], .kernel_h = w.kernel[0], .kernel_w = w.kernel[1]};
  l.add(l.label(node), {from}, {to}, [=](const Memory& m) -> Kernel {
    const float* a = m.get(from);
    float* b = m.get(to);
    if (grad) return [=] { kernels::average_pool_backward(pool, a, b); };
    return [=] { kernels::average_pool(pool, a, b); };
  });
  return true;
}

}  // namespace

bool lower_pool(Lowering& l, const Node& node) {
  if (node.op == "MaxPool" || node.op == "MaxPoolGrad") return lower_max_pool(l, node);
  if (node.op == "AveragePool" || node.op == "AveragePoolGrad") return lower_average_pool(l, node);
  if (node.op != "GlobalAveragePool") return false;
  const Shape& x = l.graph.type(node.inputs[0]).shape;
  const int64_t n = x[0], c = x[1], pixels = num_elements(x) / (n * c);
  const BufferId from = l.operand(node.inputs[0], kLast), to = l.result(node.outputs[0], kLast);
  l.add(l.label(node), {from}, {to}, [=](const Memory& m) {
    return [=, px = m.get(from), py = m.get(to)] {
      kernels::global_average_pool(n, pixels, c, px, py);
    };
  });
  return true;
}

}  // namespace dojo::host
