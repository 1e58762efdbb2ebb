// GridSample, AffineGrid, linear Resize, CostVolume and their gradients. Images are channels-last,
// grids row-major.
#include "dojo/host/kernels/cost_volume.h"
#include "dojo/host/kernels/sample.h"
#include "dojo/host/lower.h"

namespace dojo::host {
namespace {

bool lower_grid_sample(Lowering& l, const Node& node) {
  const OpCall call = l.call(node);
  if (call.text("mode", "linear") != "linear") return false;
  const bool of_input = node.op == "GridSampleInputGrad", of_grid = node.op == "GridSampleGridGrad";
  const Shape x = of_input ? call.out(0) : call.in(of_grid ? 1 : 0);
  const Shape grid = call.in(of_grid ? 2 : 1);
  const kernels::GridSample s{.n = x[0],
                              .h = x[2],
                              .w = x[3],
                              .c = x[1],
                              .out_h = grid[1],
                              .out_w = grid[2],
                              .padding = call.text("padding_mode", "zeros") == "border"
                                             ? kernels::Padding::kBorder
                                             : kernels::Padding::kZeros,
                              .align_corners = call.integer("align_corners", 0) != 0};
  if (of_input) {
    const BufferId dy = l.operand(node.inputs[0], kLast), g = l.operand(node.inputs[1], kRow);
    const BufferId dx = l.result(node.outputs[0], kLast);
    l.add(l.label(node), {dy, g}, {dx}, [=](const Memory& m) {
      return [=, pd = m.get(dy), pg = m.get(g), px = m.get(dx)] {
        kernels::grid_sample_backward(s, nullptr, pg, pd, px, nullptr);
      };
    });
  } else if (of_grid) {
    const BufferId dy = l.operand(node.inputs[0], kLast), image = l.operand(node.inputs[1], kLast);
    const BufferId g = l.operand(node.inputs[2], kRow), dg = l.result(node.outputs[0], kRow);
    l.add(l.label(node), {dy, image, g}, {dg}, [=](const Memory& m) {
      return [=, pd = m.get(dy), px = m.get(image), pg = m.get(g), qg = m.get(dg)] {
        kernels::grid_sample_backward(s, px, pg, pd, nullptr, qg);
      };
    });
  } else {
    const BufferId image = l.operand(node.inputs[0], kLast), g = l.operand(node.inputs[1], kRow);
    const BufferId y = l.result(node.outputs[0], kLast);
    l.add(l.label(node), {image, g}, {y}, [=](const Memory& m) {
      return [=, px = m.get(image), pg = m.get(g), py = m.get(y)] {
        kernels::grid_sample(s, px, pg, py);
      };
    });
  }
  return true;
}

bool lower_resize(Lowering& l, const Node& node) {
  const OpCall call = l.call(node);
  if (call.text("mode", "nearest") != "linear") return false;
  const bool grad = node.op == "ResizeGrad";
  const Shape x = grad ? call.out(0) : call.in(0), y = grad ? call.in(0) : call.out(0);
  const std::string mode = call.text("coordinate_transformation_mode", "half_pixel");
  const kernels::Coordinates coordinates = mode == "half_pixel" ? kernels::Coordinates::kHalfPixel
                                           : mode == "asymmetric"
                                               ? kernels::Coordinates::kAsymmetric
                                               : kernels::Coordinates::kAlignCorners;
  const auto resize = std::make_shared<const kernels::ResizeLinear>(x[0], x[2], x[3], x[1], y[2],
                                                                    y[3], coordinates);
  const BufferId from = l.operand(node.inputs[0], kLast), to = l.result(node.outputs[0], kLast);
  l.add(l.label(node), {from}, {to}, [=](const Memory& m) -> Kernel {
    const float* a = m.get(from);
    float* b = m.get(to);
    if (grad) return [=] { resize->backward(a, b); };
    return [=] { resize->forward(a, b); };
  });
  return true;
}

bool lower_cost_volume(Lowering& l, const Node& node) {
  const bool grad = node.op == "CostVolumeGrad";
  const OpCall call = l.call(node);
  const Shape x = call.in(grad ? 1 : 0);
  const kernels::CostVolume v{
      .n = x[0], .h = x[2], .w = x[3], .c = x[1], .radius = call.integer("radius", 1)};
  const BufferId scratch =
      l.scratch(kernels::scratch_floats(v) * static_cast<int64_t>(sizeof(float)));
  if (!grad) {
    const BufferId a = l.operand(node.inputs[0], kLast), b = l.operand(node.inputs[1], kLast);
    const BufferId y = l.result(node.outputs[0], kLast);
    l.add(l.label(node), {a, b}, {y, scratch}, [=](const Memory& m) {
      return [=, pa = m.get(a), pb = m.get(b), py = m.get(y), ps = m.get(scratch)] {
        kernels::cost_volume(v, pa, pb, py, ps);
      };
    });
    return true;
  }
  const BufferId dy = l.operand(node.inputs[0], kLast);
  const BufferId a = l.operand(node.inputs[1], kLast), b = l.operand(node.inputs[2], kLast);
  const BufferId da = l.result(node.outputs[0], kLast), db = l.result(node.outputs[1], kLast);
  l.add(l.label(node), {dy, a, b}, {da, db, scratch}, [=](const Memory& m) {
    return [=, pd = m.get(dy), pa = m.get(a), pb = m.get(b), qa = m.get(da), qb = m.get(db),
            ps = m.get(scratch)] { kernels::cost_volume_backward(v, pd, pa, pb, qa, qb, ps); };
  });
  return true;
}

}  // namespace

bool lower_sample(Lowering& l, const Node& node) {
  if (node.op.starts_with("CostVolume")) return lower_cost_volume(l, node);
  if (node.op.starts_with("GridSample")) return lower_grid_sample(l, node);
  if (node.op == "Resize" || node.op == "ResizeGrad") return lower_resize(l, node);
  if (node.op != "AffineGrid") return false;
  const OpCall call = l.call(node);
  const int64_t n = call.out(0)[0], h = call.out(0)[1], w = call.out(0)[2];
  const bool align = call.integer("align_corners", 0) != 0;
  const BufferId theta = l.operand(node.inputs[0], kRow), grid = l.result(node.outputs[0], kRow);
  l.add(l.label(node), {theta}, {grid}, [=](const Memory& m) {
    return
        [=, pt = m.get(theta), pg = m.get(grid)] { kernels::affine_grid(n, h, w, align, pt, pg); };
  });
  return true;
}

}  // namespace dojo::host
