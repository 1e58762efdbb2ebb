// Convolutions of one and two spatial dimensions, by oneDNN on channels-last images.
#include "dojo/host/lower.h"

namespace dojo::host {
namespace {

// [N,C,W] as [N,C,1,W].
Shape with_height(const Shape& shape) {
  return shape.size() == 3 ? Shape{shape[0], shape[1], 1, shape[2]} : shape;
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
  const size_t rank = kernel.size();
  const Shape ones(rank, 1), zeros(2 * rank, 0);
  Shape strides = call.integers("strides", ones), dilations = call.integers("dilations", ones);
  Shape pads = call.integers("pads", zeros);
  if (rank == 1) {
    kernel = {1, kernel[0]};
    strides = {1, strides[0]};
    dilations = {1, dilations[0]};
    pads = {0, pads[0], 0, pads[1]};
  }
  x = with_height(x), y = with_height(y);
  return {.n = x[0],
          .c = x[1],
          .h = x[2],
          .w = x[3],
          .m = y[1],
          .out_h = y[2],
          .out_w = y[3],
          .kernel_h = kernel[0],
          .kernel_w = kernel[1],
          .stride_h = strides[0],
          .stride_w = strides[1],
          .top = pads[0],
          .left = pads[1],
          .bottom = pads[2],
          .right = pads[3],
          .dilation_h = dilations[0],
          .dilation_w = dilations[1],
          .group = call.integer("group", 1)};
}

bool lower_conv(Lowering& l, const Unit& unit) {
  // kConvGrad: ConvWeightGrad and ReduceSum in either order.
  const Node& first = l.graph.node(unit.nodes[0]);
  const bool bias_gradient = unit.kind == Unit::Kind::kConvGrad;
  const bool swapped = bias_gradient && first.op == "ReduceSum";
  const Node& node = swapped ? l.graph.node(unit.nodes[1]) : first;
  if (!node.op.starts_with("Conv")) return false;
  if (l.graph.type(node.inputs[0]).shape.size() > 4) return false;
  if (node.op == "Conv") {
    const onednn::ConvShape shape = conv_shape(l, node);
    const bool bias = node.inputs.size() > 2 && node.inputs[2] != kNoValue;
    const onednn::Conv conv = onednn::conv_forward(shape, bias);
    std::vector<BufferId> reads = {
        l.operand(node.inputs[0], kLast),
        l.operand(node.inputs[1], conv.weights, onednn::plain_weights(shape))};
    if (bias) reads.push_back(l.operand(node.inputs[2], kRow));
    l.add_operation(l.label(node), conv.operation, reads, {l.result(node.outputs[0], kLast)});
    return true;
  }
  if (node.op == "ConvInputGrad") {
    const onednn::ConvShape shape = conv_shape(l, node);
    const onednn::Conv conv = onednn::conv_input_grad(shape);
    const BufferId dy = l.operand(node.inputs[0], kLast);
    const BufferId w = l.operand(node.inputs[1], conv.weights, onednn::plain_weights(shape));
    l.add_operation(l.label(node), conv.operation, {dy, w}, {l.result(node.outputs[0], kLast)});
    return true;
  }
  if (node.op == "ConvWeightGrad") {
    const onednn::ConvShape shape = conv_shape(l, node);
    const onednn::Conv conv = onednn::conv_weight_grad(shape, bias_gradient);
    const BufferId x = l.operand(node.inputs[0], kLast), dy = l.operand(node.inputs[1], kLast);
    const ValueId dw = node.outputs[0];
    const bool packed = l.kind_of(dw) == Layout::Kind::kPacked;
    const onednn::Format wanted = packed ? l.packed_format(dw) : onednn::plain_weights(shape);
    const BufferId to = packed ? l.result(dw, wanted) : l.result(dw, kRow);
    const bool direct = conv.weights == wanted;
    const BufferId made = direct ? to : l.scratch(conv.weights.bytes());
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
