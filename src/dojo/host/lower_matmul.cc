// Matrix products by oneDNN, in f32 or bf16, or, in f32 and where that is faster, by our kernel;
// softmax and the cross-entropy loss by our kernels. All row-major.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/host/kernels/gemm.h"
#include "dojo/host/kernels/softmax.h"
#include "dojo/host/lower.h"
#include "dojo/host/native_bf16.h"

namespace dojo::host {
namespace {

int64_t leading(const Shape& shape) {
  int64_t n = 1;
  for (size_t d = 0; d + 2 < shape.size(); ++d) n *= shape[d];
  return n;
}

// A factor of bf16, read through transpositions; not beyond what lies in memory.
struct Factor {
  ValueId value = kNoValue;
  bool transposed = false;
};

Factor factor_of(const Lowering& l, ValueId v) {
  Factor f{v};
  for (NodeId n = l.graph.value(v).producer;
       n != kNoNode && !l.is_made(f.value) && swaps_rows_and_columns(l.graph, l.graph.node(n));
       n = l.graph.value(f.value).producer)
    f = {l.graph.node(n).inputs[0], !f.transposed};
  return f;
}

// The transposition of the value, where nothing else reads it; or kNoValue.
ValueId only_transposed(const Lowering& l, ValueId v) {
  const std::vector<NodeId>& users = l.readers()[at(v)];
  if (users.size() != 1 || users[0] == kNoNode) return kNoValue;
  const Node& reader = l.graph.node(users[0]);
  return swaps_rows_and_columns(l.graph, reader) ? reader.outputs[0] : kNoValue;
}

// Adds the product of two factors, and of a bias that may be kNoBuffer. Where both factors lie
// transposed in bf16, the right one is turned first: oneDNN 2.6.3 has wrong sums for some such
// shapes (19x95 times 95x63; Bf16Kernels in bf16_kernels_test.cc).
void add_product(Lowering& l, const Node& node, onednn::MatmulShape shape, BufferId left,
                 BufferId right, BufferId bias, ValueId result) {
  if (shape.bf16 && shape.transpose_a && shape.transpose_b) {
    const int64_t batch = shape.shared_b ? 1 : shape.batch;
    const Shape dims = {batch, shape.n, shape.k};
    const BufferId turned = l.scratch(num_elements(dims) * static_cast<int64_t>(sizeof(Bf16)));
    l.add_copy("reorder %" + l.program.buffers[at(right)].name,
               kernels::transpose_copy(dims, Shape{0, 2, 1}), Format::kBF16, right, turned);
    right = turned;
    shape.transpose_b = false;
  }
  std::vector<BufferId> reads = {left, right};
  if (bias != kNoBuffer) reads.push_back(bias);
  if (l.product_algorithm(shape) == ProductAlgorithm::kPanels) {
    const kernels::Gemm g = *panels_of(shape);
    const BufferId to = l.result(result, kRow);
    const BufferId scratch =
        l.scratch(kernels::gemm_scratch_floats(g) * static_cast<int64_t>(sizeof(float)));
    l.add(l.label(node), reads, {to, scratch}, [=](const Memory& m) -> Kernel {
      return [=, a = m.get(left), b = m.get(right), c = m.get(bias), y = m.get(to),
              s = m.get(scratch)] { kernels::gemm(g, a, b, c, y, s); };
    });
    return;
  }
  l.add_operation(l.label(node), onednn::matmul(shape, bias != kNoBuffer), reads,
                  {l.result(result, kRow)});
}

bool lower_product(Lowering& l, const Node& node) {
  const OpCall call = l.call(node);
  const Shape a = call.in(0), b = call.in(1), y = call.out(0);
  const int64_t batch = leading(y);
  const bool whole_a = leading(a) == batch, whole_b = leading(b) == batch;
  if ((!whole_a && leading(a) != 1) || (!whole_b && leading(b) != 1)) return false;
  Factor left = factor_of(l, node.inputs[0]), right = factor_of(l, node.inputs[1]);
  onednn::MatmulShape shape{.batch = batch,
                            .m = y[y.size() - 2],
                            .n = y.back(),
                            .k = a.back(),
                            .transpose_a = left.transposed,
                            .transpose_b = right.transposed,
                            .shared_a = !whole_a,
                            .shared_b = !whole_b,
                            .bf16 = l.in_bf16(node)};
  ValueId result = l.made(node.outputs[0]);
  if (const ValueId turned = only_transposed(l, result); turned != kNoValue) {  // (a b)' = b' a'
    result = turned;
    std::swap(left, right);
    std::swap(shape.m, shape.n);
    std::swap(shape.shared_a, shape.shared_b);
    shape.transpose_a = !left.transposed, shape.transpose_b = !right.transposed;
  }
  shape.bf16_result = l.is_bf16(result);
  add_product(l, node, shape, l.factor(left.value, kRow, shape.bf16),
              l.factor(right.value, kRow, shape.bf16), kNoBuffer, result);
  return true;
}

bool lower_gemm(Lowering& l, const Node& node) {
  const OpCall call = l.call(node);
  const Shape y = call.out(0);
  const bool bias = call.has(2);
  if (call.number("alpha", 1) != 1) return false;
  if (bias && (call.number("beta", 1) != 1 || call.in(2) != Shape{y[1]})) return false;
  const bool ta = call.integer("transA", 0) != 0, tb = call.integer("transB", 0) != 0;
  const ValueId result = l.made(node.outputs[0]);
  const onednn::MatmulShape shape{.m = y[0],
                                  .n = y[1],
                                  .k = call.in(0)[ta ? 0 : 1],
                                  .transpose_a = ta,
                                  .transpose_b = tb,
                                  .bf16 = l.in_bf16(node),
                                  .bf16_result = l.is_bf16(result)};
  add_product(l, node, shape, l.factor(node.inputs[0], kRow, shape.bf16),
              l.factor(node.inputs[1], kRow, shape.bf16),
              bias ? l.operand(node.inputs[2], kRow) : kNoBuffer, result);
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
    const Floats x = l.floats(node.inputs[0], kRow), y = l.floats_result(node.outputs[0], kRow);
    l.add(l.label(node), {x.buffer}, {y.buffer}, [=](const Memory& m) {
      return [=, px = x.in(m), py = y.out(m)] { kernels::softmax(rows, c, px, py); };
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

// Mul(y, dy), its ReduceSum, Sub(dy, sum), Mul(y, difference): fuse_bf16.h.
bool lower_softmax_gradient(Lowering& l, const Unit& unit) {
  const Node& product = l.graph.node(unit.nodes[0]);
  const Node& last = l.graph.node(unit.nodes.back());
  const Shape& shape = l.graph.type(last.outputs[0]).shape;
  const int64_t c = shape.back(), rows = num_elements(shape) / c;
  const Floats y = l.floats(product.inputs[0], kRow), dy = l.floats(product.inputs[1], kRow);
  const Floats dx = l.floats_result(last.outputs[0], kRow);
  l.add("SoftmaxGrad %" + l.graph.value(last.outputs[0]).name, {y.buffer, dy.buffer}, {dx.buffer},
        [=](const Memory& m) {
          return [=, py = y.in(m), pd = dy.in(m), to = dx.out(m)] {
            kernels::softmax_backward(rows, c, py, pd, to);
          };
        },
        {{dx.buffer, dy.buffer}});
  return true;
}

}  // namespace dojo::host
