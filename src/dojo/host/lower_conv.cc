// Convolutions on channels-last images: by oneDNN, in f32 or bf16, or, where that is faster, by our
// own kernel. Where one of three dimensions is one of two on the same bytes it becomes that.
#include "dojo/host/kernels/winograd.h"
#include "dojo/host/lower.h"

namespace dojo::host {
namespace {

// [N,C,W] as [N,C,1,1,W].
Shape with_depth_and_height(Shape shape) {
  while (shape.size() < 5) shape.insert(shape.begin() + 2, 1);
  return shape;
}

// A window that does not reach along the depth sees each place of it as an image of its own; one
// that reaches along the depth alone sees depth as height, and an image as one row.
onednn::ConvShape flattened(onednn::ConvShape s) {
  const bool flat = s.kernel_d == 1 && s.stride_d == 1 && s.front == 0 && s.back == 0;
  const bool deep = s.kernel_h == 1 && s.kernel_w == 1 && s.stride_h == 1 && s.stride_w == 1 &&
                    s.top == 0 && s.bottom == 0 && s.left == 0 && s.right == 0;
  if (flat) {
    s.n *= s.d;
  } else if (deep) {
    s.w *= s.h, s.out_w *= s.out_h;
    s.h = s.d, s.out_h = s.out_d;
    s.kernel_h = s.kernel_d, s.stride_h = s.stride_d, s.dilation_h = s.dilation_d;
    s.top = s.front, s.bottom = s.back;
  } else {
    return s;
  }
  s.d = s.out_d = s.kernel_d = s.stride_d = s.dilation_d = 1;
  s.front = s.back = 0;
  return s;
}

void lower_winograd(Lowering& l, const Node& node, const Node* bias_sum) {
  const onednn::ConvShape shape = conv_shape(l, node);
  const kernels::WinogradConv conv = *winograd_of(shape);
  const onednn::Format by_pixel = onednn::weights_by_pixel(shape);
  const BufferId scratch = l.scratch(
      kernels::winograd_scratch_floats(conv, node.op == "ConvWeightGrad") * int64_t{sizeof(float)});
  if (node.op == "ConvWeightGrad") {
    const BufferId x = l.operand(node.inputs[0], kLast), dy = l.operand(node.inputs[1], kLast);
    const ValueId dw = node.outputs[0];
    const bool packed = l.kind_of(dw) == Layout::Kind::kPacked;
    const onednn::Format wanted = packed ? l.packed_format(dw) : onednn::plain_weights(shape);
    const BufferId to = packed ? l.result(dw, wanted) : l.result(dw, kRow);
    const BufferId made =
        wanted == by_pixel ? to : l.program.add_buffer(l.graph.value(dw).name, by_pixel.bytes());
    const BufferId db = bias_sum ? l.result(bias_sum->outputs[0], kRow) : kNoBuffer;
    std::vector<BufferId> writes = {made, scratch};
    if (bias_sum) writes.push_back(db);
    l.add(l.label(node), {x, dy}, writes, [=](const Memory& memory) -> Kernel {
      return [=, x = memory.get(x), dy = memory.get(dy), dw = memory.get(made), db = memory.get(db),
              s = memory.get(scratch)] { kernels::winograd_weight_grad(conv, x, dy, dw, db, s); };
    });
    if (made != to)
      l.add_operation("unpack %" + l.graph.value(dw).name, onednn::reorder(by_pixel, wanted),
                      {made}, {to});
    return;
  }
  const BufferId image = l.operand(node.inputs[0], kLast);
  const BufferId weights = l.operand(node.inputs[1], by_pixel, shape);
  std::vector<BufferId> reads = {image, weights};
  const bool forward = node.op == "Conv";
  BufferId bias = kNoBuffer;
  if (forward && node.inputs.size() > 2 && node.inputs[2] != kNoValue)
    reads.push_back(bias = l.operand(node.inputs[2], kRow));
  const BufferId result = l.result(node.outputs[0], kLast);
  l.add(l.label(node), reads, {result, scratch}, [=](const Memory& memory) -> Kernel {
    return [=, from = memory.get(image), w = memory.get(weights), b = memory.get(bias),
            to = memory.get(result), s = memory.get(scratch)] {
      if (forward)
        kernels::winograd_forward(conv, from, w, b, to, s);
      else
        kernels::winograd_input_grad(conv, from, w, to, s);
    };
  });
}

}  // namespace

onednn::ConvShape conv_shape(Lowering& l, const Node& node) {
  const OpCall call = l.call(node);
  Shape x, y, kernel;
  if (node.op == "Conv") {
    x = call.in(0), y = call.out(0);
    kernel = Shape(call.in(1).begin() + 2, call.in(1).end());
  } else if (node.op == "ConvInputGrad") {
    x = call.out(0), y = call.in(0);
    kernel = Shape(call.in(1).begin() + 2, call.in(1).end());
  } else {
    x = call.in(0), y = call.in(1);
    kernel = Shape(call.out(0).begin() + 2, call.out(0).end());
  }
  const size_t rank = kernel.size(), missing = 3 - rank;
  const Shape ones(rank, 1), zeros(2 * rank, 0);
  // Depth, height, width; the outer ones are 1 where the convolution has fewer.
  const auto padded = [&](Shape sizes, int64_t with) {
    sizes.insert(sizes.begin(), missing, with);
    return sizes;
  };
  const Shape pads = call.integers("pads", zeros);
  const Shape begin = padded(Shape(pads.begin(), pads.begin() + std::ssize(kernel)), 0);
  const Shape end = padded(Shape(pads.begin() + std::ssize(kernel), pads.end()), 0);
  const Shape strides = padded(call.integers("strides", ones), 1);
  const Shape dilations = padded(call.integers("dilations", ones), 1);
  kernel = padded(kernel, 1);
  x = with_depth_and_height(x), y = with_depth_and_height(y);
  onednn::ConvShape shape = flattened({.n = x[0],
                                       .c = x[1],
                                       .h = x[3],
                                       .w = x[4],
                                       .m = y[1],
                                       .out_h = y[3],
                                       .out_w = y[4],
                                       .kernel_h = kernel[1],
                                       .kernel_w = kernel[2],
                                       .stride_h = strides[1],
                                       .stride_w = strides[2],
                                       .top = begin[1],
                                       .left = begin[2],
                                       .bottom = end[1],
                                       .right = end[2],
                                       .dilation_h = dilations[1],
                                       .dilation_w = dilations[2],
                                       .group = call.integer("group", 1),
                                       .d = x[2],
                                       .out_d = y[2],
                                       .kernel_d = kernel[0],
                                       .stride_d = strides[0],
                                       .front = begin[0],
                                       .back = end[0],
                                       .dilation_d = dilations[0],
                                       .bf16 = l.in_bf16(node)});
  if (node.op == "ConvWeightGrad" && !onednn::weight_grad_takes_bf16(shape)) shape.bf16 = false;
  return shape;
}

bool lower_conv(Lowering& l, const Unit& unit) {
  // kConvGrad: ConvWeightGrad and ReduceSum in either order.
  const Node& first = l.graph.node(unit.nodes[0]);
  const bool bias_gradient = unit.kind == Unit::Kind::kConvGrad;
  const bool swapped = bias_gradient && first.op == "ReduceSum";
  const Node& node = swapped ? l.graph.node(unit.nodes[1]) : first;
  if (!node.op.starts_with("Conv")) return false;
  if (l.conv_algorithm(node) == ConvAlgorithm::kWinograd) {
    const Node* bias_sum = nullptr;
    if (bias_gradient) bias_sum = swapped ? &first : &l.graph.node(unit.nodes[1]);
    lower_winograd(l, node, bias_sum);
    return true;
  }
  if (node.op == "Conv") {
    onednn::ConvShape shape = conv_shape(l, node);
    const ValueId y = l.made(node.outputs[0]);
    shape.bf16_result = l.is_bf16(y);
    const bool bias = node.inputs.size() > 2 && node.inputs[2] != kNoValue;
    const onednn::Conv conv = onednn::conv_forward(shape, bias);
    std::vector<BufferId> reads = {l.factor(node.inputs[0], kLast, shape.bf16),
                                   l.operand(node.inputs[1], conv.weights, shape)};
    if (bias) reads.push_back(l.operand(node.inputs[2], kRow));
    l.add_operation(l.label(node), conv.operation, reads, {l.result(y, kLast)});
    return true;
  }
  if (node.op == "ConvInputGrad") {
    onednn::ConvShape shape = conv_shape(l, node);
    const ValueId dx = l.made(node.outputs[0]);
    shape.bf16_result = l.is_bf16(dx);
    const onednn::Conv conv = onednn::conv_input_grad(shape);
    const BufferId dy = l.factor(node.inputs[0], kLast, shape.bf16);
    const BufferId w = l.operand(node.inputs[1], conv.weights, shape);
    l.add_operation(l.label(node), conv.operation, {dy, w}, {l.result(dx, kLast)});
    return true;
  }
  if (node.op == "ConvWeightGrad") {
    const onednn::ConvShape shape = conv_shape(l, node);
    const onednn::Conv conv = onednn::conv_weight_grad(shape, bias_gradient);
    const BufferId x = l.factor(node.inputs[0], kLast, shape.bf16);
    const BufferId dy = l.factor(node.inputs[1], kLast, shape.bf16);
    const ValueId dw = node.outputs[0];
    const bool packed = l.kind_of(dw) == Layout::Kind::kPacked;
    const onednn::Format wanted = packed ? l.packed_format(dw) : onednn::plain_weights(shape);
    const BufferId to = packed ? l.result(dw, wanted) : l.result(dw, kRow);
    const bool direct = conv.weights == wanted;
    const BufferId made =
        direct ? to : l.program.add_buffer(l.graph.value(dw).name, conv.weights.bytes());
    std::vector<BufferId> writes = {made};
    if (bias_gradient) {
      const Node& sum = swapped ? first : l.graph.node(unit.nodes[1]);
      writes.push_back(l.result(sum.outputs[0], kRow));
    }
    l.add_operation(l.label(node), conv.operation, {x, dy}, writes);
    if (!direct)
      l.add_operation("unpack %" + l.graph.value(dw).name, onednn::reorder(conv.weights, wanted),
                      {made}, {to});
    return true;
  }
  return false;
}

}  // namespace dojo::host
