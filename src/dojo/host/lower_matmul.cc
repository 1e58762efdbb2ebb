// Matrix products by oneDNN; softmax and the cross-entropy loss by our kernels. All row-major.
#include <fmt/format.h>

#include <algorithm>

#include "dojo/base/error.h"
#include "dojo/host/kernels/softmax.h"
#include "dojo/host/lower.h"

namespace dojo::host {
namespace {

int64_t leading(const Shape& shape) {
  int64_t n = 1;
  for (size_t d = 0; d + 2 < shape.size(); ++d) n *= shape[d];
  return n;
}

bool lower_product(Lowering& l, const Node& node) {
  const OpCall call = l.call(node);
  const Shape a = call.in(0), b = call.in(1), y = call.out(0);
  const int64_t batch = leading(y);
  const bool whole_a = leading(a) == batch, whole_b = leading(b) == batch;
  if ((!whole_a && leading(a) != 1) || (!whole_b && leading(b) != 1)) return false;
  const onednn::MatmulShape shape{.batch = batch,
                                  .m = y[y.size() - 2],
                                  .n = y.back(),
                                  .k = a.back(),
                                  .shared_a = !whole_a,
                                  .shared_b = !whole_b};
  const std::vector<BufferId> reads = {l.operand(node.inputs[0], kRow),
                                       l.operand(node.inputs[1], kRow)};
  l.add_operation(l.label(node), onednn::matmul(shape, false), reads,
                  {l.result(node.outputs[0], kRow)});
  return true;
}

bool lower_gemm(Lowering& l, const Node& node) {
  const OpCall call = l.call(node);
  const Shape y = call.out(0);
  const bool bias = call.has(2);
  if (call.number("alpha", 1) != 1) return false;
  if (bias && (call.number("beta", 1) != 1 || call.in(2) != Shape{y[1]})) return false;
  const bool ta = call.integer("transA", 0) != 0, tb = call.integer("transB", 0) != 0;
  const onednn::MatmulShape shape{
      .m = y[0], .n = y[1], .k = call.in(0)[ta ? 0 : 1], .transpose_a = ta, .transpose_b = tb};
  std::vector<BufferId> reads;
  for (ValueId v : node.inputs)
    if (v != kNoValue) reads.push_back(l.operand(v, kRow));
  l.add_operation(l.label(node), onednn::matmul(shape, bias), reads,
                  {l.result(node.outputs[0], kRow)});
  return true;
}

}  // namespace

bool lower_matmul(Lowering& l, const Node& node) {
  if (node.op == "MatMul") return lower_product(l, node);
  if (node.op == "Gemm") return lower_gemm(l, node);
  const OpCall call = l.call(node);
  if (node.op == "Softmax") {
    const Shape& shape = call.in(0);
    const int64_t axis = call.integer("axis", -1), rank = std::ssize(shape);
    if (axis != -1 && axis != rank - 1) return false;
    const int64_t c = shape.back(), rows = num_elements(shape) / c;
    const BufferId x = l.operand(node.inputs[0], kRow), y = l.result(node.outputs[0], kRow);
    l.add(l.label(node), {x}, {y}, [=](const Memory& m) {
      return [=, px = m.get(x), py = m.get(y)] { kernels::softmax(rows, c, px, py); };
    });
    return true;
  }
  if (node.op == "SoftmaxCrossEntropyLoss") {
    const int64_t rows = call.in(0)[0], c = call.in(0)[1];
    const BufferId x = l.operand(node.inputs[0], kRow), labels = l.operand(node.inputs[1], kRow);
    const BufferId loss = l.result(node.outputs[0], kRow);
    l.add(l.label(node), {x, labels}, {loss}, [=](const Memory& m) {
      return [=, px = m.get(x), pl = m.get<int32_t>(labels), py = m.get(loss)] {
        for (int64_t r = 0; r < rows; ++r)
          if (pl[r] < 0 || pl[r] >= c)
            throw Error(Category::kInput,
                        fmt::format("label {} of row {} is not in 0 .. {}", pl[r], r, c - 1),
                        "SoftmaxCrossEntropyLoss");
        kernels::softmax_cross_entropy(rows, c, px, pl, py, nullptr);
      };
    });
    return true;
  }
  return false;
}

}  // namespace dojo::host
