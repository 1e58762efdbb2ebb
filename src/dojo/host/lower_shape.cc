// Ops that move values: views where the bytes stay as they are, one strided copy elsewhere.
#include <algorithm>
#include <numeric>

#include "dojo/host/kernels/copy.h"
#include "dojo/host/lower.h"
#include "dojo/host/memory_plan.h"

namespace dojo::host {
namespace {

// The order in which a moving op computes: that of its result.
Layout::Kind moving_kind(Lowering& l, const Node& node) {
  return l.kind_of(node.outputs[0]) == kLast ? kLast : kRow;
}

bool lower_transpose(Lowering& l, const Node& node) {
  const ValueId x = node.inputs[0], y = node.outputs[0];
  const Shape shape = l.graph.type(x).shape;
  const size_t rank = shape.size();
  Shape reversed(rank);
  for (size_t d = 0; d < rank; ++d) reversed[d] = static_cast<int64_t>(rank - 1 - d);
  const Shape perm = l.call(node).integers("perm", reversed);
  const Layout::Kind to = moving_kind(l, node);
  Layout::Kind from = l.primary(x).kind;
  if (from == Layout::Kind::kPacked) from = kRow;
  const BufferId source = l.own_operand(x, from);
  Shape permutation(rank);  // of the physical dimensions
  for (size_t d = 0; d < rank; ++d)
    permutation[physical_axis(d, rank, to)] =
        static_cast<int64_t>(physical_axis(static_cast<size_t>(perm[d]), rank, from));
  const Shape dims = physical(shape, from);
  int64_t last = -1;
  bool in_order = true;
  for (int64_t p : permutation) {
    if (dims[static_cast<size_t>(p)] == 1) continue;
    in_order = in_order && p > last;
    last = p;
  }
  if (in_order) {
    l.alias(y, to, source);
    return true;
  }
  l.add_copy(l.label(node), kernels::transpose_copy(dims, permutation), l.graph.type(x).format,
             source, l.result(y, to));
  return true;
}

bool lower_slice(Lowering& l, const Node& node) {
  const ValueId x = node.inputs[0], y = node.outputs[0];
  const Shape in = l.graph.type(x).shape, out = l.graph.type(y).shape;
  const size_t rank = in.size();
  const OpCall call = l.call(node);
  const Shape starts = call.integers("starts");
  Shape axes(starts.size());
  std::iota(axes.begin(), axes.end(), int64_t{0});
  axes = call.integers("axes", axes);
  const Shape steps = call.integers("steps", Shape(starts.size(), 1));
  const Layout::Kind kind = moving_kind(l, node);
  Shape begin(rank, 0), step(rank, 1);
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t axis = static_cast<size_t>(axes[i] < 0 ? axes[i] + int64_t(rank) : axes[i]);
    const size_t p = physical_axis(axis, rank, kind);
    begin[p] = std::clamp<int64_t>(starts[i] < 0 ? starts[i] + in[axis] : starts[i], 0, in[axis]);
    step[p] = out[axis] == 1 ? 1 : steps[i];
  }
  const Shape dims = physical(in, kind), counts = physical(out, kind);
  const BufferId source = l.own_operand(x, kind);
  // Whole inner dimensions of one place of the outer ones lie in one piece.
  size_t outer = 0;
  while (outer < rank && counts[outer] == 1) ++outer;
  bool in_one_piece = outer == rank || step[outer] == 1;
  for (size_t d = outer + 1; d < rank; ++d) in_one_piece = in_one_piece && counts[d] == dims[d];
  int64_t offset = 0;
  for (size_t d = 0; d < rank; ++d) offset = offset * dims[d] + begin[d];
  const int64_t size = size_bytes(l.graph.type(x).format);
  if (in_one_piece && offset * size % kAlignment == 0) {
    l.alias(y, kind, l.program.add_view(source, offset * size, l.graph.type(y).num_bytes()));
    return true;
  }
  l.add_copy(l.label(node), kernels::slice_copy(dims, begin, counts, step), l.graph.type(x).format,
             source, l.result(y, kind));
  return true;
}

bool lower_concat(Lowering& l, const Node& node) {
  const ValueId y = node.outputs[0];
  const Layout::Kind kind = moving_kind(l, node);
  const Shape dims = physical(l.graph.type(y).shape, kind);
  int64_t axis = l.call(node).integer("axis");
  if (axis < 0) axis += std::ssize(dims);
  const size_t p = physical_axis(static_cast<size_t>(axis), dims.size(), kind);
  const int64_t bytes = size_bytes(l.graph.type(y).format);
  std::vector<BufferId> reads;
  std::vector<kernels::StridedCopy> copies;
  std::vector<int64_t> channels;  // where the axis is the last in memory
  const int64_t rows = num_elements(dims) / std::max<int64_t>(1, dims.back());
  Shape start(dims.size(), 0);
  for (ValueId v : node.inputs) {
    const Shape counts = physical(l.graph.type(v).shape, kind);
    channels.push_back(counts[p]);
    reads.push_back(l.is_bf16(y) ? l.own_operand(v, kind) : l.operand(v, kind));
    copies.push_back(kernels::place_copy(dims, start, counts, Shape(dims.size(), 1)));
    start[p] += counts[p];
  }
  const BufferId to = l.result(y, kind);
  l.add(l.label(node), reads, {to}, [=](const Memory& m) -> Kernel {
    std::vector<std::byte*> from;
    for (BufferId b : reads) from.push_back(m.get<std::byte>(b));
    if (bytes == 1)
      return [copies, from, q = m.get<uint8_t>(to)] {
        for (size_t i = 0; i < copies.size(); ++i)
          kernels::copy_u8(copies[i], reinterpret_cast<const uint8_t*>(from[i]), q);
      };
    if (bytes == 2)
      return [copies, from, q = m.get<Bf16>(to)] {
        for (size_t i = 0; i < copies.size(); ++i)
          kernels::copy_bf16(copies[i], reinterpret_cast<const Bf16*>(from[i]), q);
      };
    if (p + 1 == dims.size()) {
      std::vector<kernels::ChannelPart> parts;
      for (size_t i = 0; i < from.size(); ++i)
        parts.push_back({reinterpret_cast<const float*>(from[i]), channels[i]});
      return [parts, rows, q = m.get(to)] { kernels::concat_channels(rows, parts, q); };
    }
    return [copies, from, q = m.get(to)] {
      for (size_t i = 0; i < copies.size(); ++i)
        kernels::copy_f32(copies[i], reinterpret_cast<const float*>(from[i]), q);
    };
  });
  return true;
}

bool lower_pad(Lowering& l, const Node& node) {
  const ValueId x = node.inputs[0], y = node.outputs[0];
  if (l.graph.type(y).format != Format::kF32) return false;
  const Layout::Kind kind = moving_kind(l, node);
  const OpCall call = l.call(node);
  const Shape pads = call.integers("pads");
  const float value = static_cast<float>(call.number("value", 0));
  const size_t rank = l.graph.type(x).shape.size();
  Shape start(rank);
  for (size_t d = 0; d < rank; ++d) start[physical_axis(d, rank, kind)] = pads[d];
  const auto copy = kernels::place_copy(physical(l.graph.type(y).shape, kind), start,
                                        physical(l.graph.type(x).shape, kind), Shape(rank, 1));
  const int64_t n = l.graph.type(y).num_elements();
  const BufferId from = l.operand(x, kind), to = l.result(y, kind);
  l.add(l.label(node), {from}, {to}, [=](const Memory& m) {
    return [=, px = m.get(from), py = m.get(to)] {
      kernels::fill_f32(py, n, value);
      kernels::copy_f32(copy, px, py);
    };
  });
  return true;
}

bool lower_depth_to_space(Lowering& l, const Node& node) {
  const OpCall call = l.call(node);
  const Shape x = call.in(0);
  const int64_t block = call.integer("blocksize");
  const auto order =
      call.text("mode", "DCR") == "CRD" ? kernels::DepthOrder::kCRD : kernels::DepthOrder::kDCR;
  const auto copy = node.op == "DepthToSpace"
                        ? kernels::depth_to_space_copy(x[0], x[2], x[3], x[1], block, order)
                        : kernels::space_to_depth_copy(x[0], x[2], x[3], x[1], block, order);
  const BufferId from = l.operand(node.inputs[0], kLast), to = l.result(node.outputs[0], kLast);
  l.add_copy(l.label(node), copy, Format::kF32, from, to);
  return true;
}

bool lower_cast(Lowering& l, const Node& node) {
  const Format from = l.graph.type(node.inputs[0]).format;
  const Format to = l.graph.type(node.outputs[0]).format;
  if (from != Format::kU8 || to != Format::kF32) return false;
  const BufferId x = l.operand(node.inputs[0], kRow), y = l.result(node.outputs[0], kRow);
  const int64_t n = l.graph.type(node.outputs[0]).num_elements();
  l.add(l.label(node), {x}, {y}, [=](const Memory& m) {
    return [=, px = m.get<uint8_t>(x), py = m.get(y)] { kernels::u8_to_f32(px, py, n); };
  });
  return true;
}

}  // namespace

bool lower_shape(Lowering& l, const Node& node) {
  if (node.op == "Reshape") {
    l.alias(node.outputs[0], kRow, l.own_operand(node.inputs[0], kRow));
    return true;
  }
  if (node.op == "Transpose") return lower_transpose(l, node);
  if (node.op == "Slice") return lower_slice(l, node);
  if (node.op == "Concat") return lower_concat(l, node);
  if (node.op == "Pad") return lower_pad(l, node);
  if (node.op == "DepthToSpace" || node.op == "SpaceToDepth") return lower_depth_to_space(l, node);
  if (node.op == "Cast") return lower_cast(l, node);
  return false;
}

}  // namespace dojo::host
