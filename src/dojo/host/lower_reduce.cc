// Sums, means, maxima and sums of squares over axes.
#include "dojo/host/kernels/reduce.h"
#include "dojo/host/lower.h"

namespace dojo::host {

bool lower_reduce(Lowering& l, const Node& node) {
  kernels::Reduce kind = kernels::Reduce::kSum;
  if (node.op == "ReduceMean")
    kind = kernels::Reduce::kMean;
  else if (node.op == "ReduceSumSquare")
    kind = kernels::Reduce::kSumOfSquares;
  else if (node.op == "ReduceMax")
    kind = kernels::Reduce::kMax;
  else if (node.op != "ReduceSum")
    return false;

  const OpCall call = l.call(node);
  const ValueId x = node.inputs[0], y = node.outputs[0];
  const Shape shape = l.graph.type(x).shape;
  const size_t rank = shape.size();
  std::vector<bool> reduced(rank, !call.attributes.contains("axes"));
  if (call.attributes.contains("axes"))
    for (int64_t a : call.integers("axes"))
      reduced[static_cast<size_t>(a < 0 ? a + static_cast<int64_t>(rank) : a)] = true;
  const bool keepdims = call.integer("keepdims", 1) != 0;

  Layout::Kind form = l.primary(x).kind;
  const bool all = l.graph.type(y).num_elements() == 1;
  if (all) {  // in whatever order; the padding of packed weights is zero
    if (form == Layout::Kind::kPacked &&
        (kind == kernels::Reduce::kMean || kind == kernels::Reduce::kMax))
      return false;
    const int64_t n = l.physical_elements(x);
    const Floats from{l.primary(x).buffer, l.is_bf16(x)};
    const BufferId to = l.result(y, kRow);
    l.add(l.label(node), {from.buffer}, {to}, [=](const Memory& m) {
      return [=, px = from.in(m), py = m.get(to)] { kernels::reduce(kind, 1, n, 1, px, py); };
    });
    return true;
  }
  // What stays of a channels-last operand is in the order of a row-major result only if the
  // channels do not stay together with a later dimension.
  Layout::Kind result_kind = kRow;
  if (form == Layout::Kind::kPacked) form = kRow;
  if (form == kLast) {
    bool space_stays = false;
    for (size_t d = 2; d < rank; ++d) space_stays = space_stays || (!reduced[d] && shape[d] > 1);
    if (keepdims)
      result_kind = kLast;
    else if (!reduced[1] && space_stays)
      form = kRow;
  }
  const Shape dims = physical(shape, form);
  Shape axes;
  for (size_t d = 0; d < rank; ++d)
    if (reduced[d]) axes.push_back(static_cast<int64_t>(physical_axis(d, rank, form)));
  const Floats from = l.floats(x, form);
  const BufferId to = l.result(y, result_kind);
  l.add(l.label(node), {from.buffer}, {to}, [=](const Memory& m) {
    return [=, px = from.in(m), py = m.get(to)] { kernels::reduce_axes(kind, dims, axes, px, py); };
  });
  return true;
}

}  // namespace dojo::host
