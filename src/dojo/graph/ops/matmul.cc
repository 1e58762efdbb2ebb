// MatMul and Gemm. Their gradients are matrix products again.
#include <numeric>

#include "dojo/graph/ops/nn_rules.h"

namespace dojo::ops {
namespace {

// ---- MatMul: a [...,M,K] times b [...,K,N]; the leading dimensions broadcast.

Shape leading(const Shape& shape) { return Shape(shape.begin(), shape.end() - 2); }

std::vector<Type> infer_matmul(const OpCall& call) {
  const Shape& a = factor(call, 0, "a", 2, 8);
  const Shape& b = factor(call, 1, "b", 2, 8);
  const int64_t k = b[b.size() - 2];
  if (a.back() != k)
    bad(fmt::format("a {} has {} columns, b {} has {} rows", to_string(a), a.back(), to_string(b),
                    k));
  Shape y = broadcast(leading(a), leading(b));
  y.insert(y.end(), {a[a.size() - 2], b.back()});
  return {f32(y)};
}

void evaluate_matmul(const OpCall& call, Inputs in, Outputs out) {
  const Shape &a = call.in(0), &b = call.in(1);
  const int64_t rows = a[a.size() - 2], inner = a.back(), columns = b.back();
  const Shape batch = broadcast(leading(a), leading(b));
  const auto a_strides = broadcast_strides(leading(a), batch),
             b_strides = broadcast_strides(leading(b), batch);
  for_each_index(batch, [&](const std::vector<int64_t>& index, size_t n) {
    const double* pa = in[0]->data.data() + offset_of(index, a_strides) * rows * inner;
    const double* pb = in[1]->data.data() + offset_of(index, b_strides) * inner * columns;
    double* py = out[0].data.data() + int64_t(n) * rows * columns;
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j)
        for (int64_t k = 0; k < inner; ++k)
          py[i * columns + j] += pa[i * inner + k] * pb[k * columns + j];
  });
}

ValueId transposed(Builder& b, ValueId x) {
  std::vector<int64_t> permutation(b.shape(x).size());
  std::iota(permutation.begin(), permutation.end(), 0);
  std::swap(permutation[permutation.size() - 1], permutation[permutation.size() - 2]);
  return b.transpose(x, permutation);
}

std::vector<ValueId> gradient_matmul(Builder& b, const Node& node, Gradients dy,
                                     const Wanted& wanted) {
  const ValueId x = node.inputs[0], w = node.inputs[1];
  std::vector<ValueId> result(2, kNoValue);
  const ValueId d = as_factor(b, dy[0], x);
  if (wanted[0]) result[0] = b.sum_to(b.op("MatMul", {d, transposed(b, w)}), b.shape(x));
  if (wanted[1]) result[1] = b.sum_to(b.op("MatMul", {transposed(b, x), d}), b.shape(w));
  return result;
}

Cost cost_matmul(const OpCall& call) {
  return {.flop = 2.0 * double(num_elements(call.out(0))) * double(call.in(0).back())};
}

// ---- Gemm: alpha a' b' + beta c

struct GemmSizes {
  bool trans_a = false, trans_b = false;
  int64_t rows = 0, inner = 0, columns = 0;
};

GemmSizes gemm(const OpCall& call) {
  const Shape& a = factor(call, 0, "a", 2, 2);
  const Shape& b = factor(call, 1, "b", 2, 2);
  GemmSizes g{flag(call, "transA", false), flag(call, "transB", false)};
  g.rows = a[g.trans_a ? 1 : 0];
  g.inner = a[g.trans_a ? 0 : 1];
  g.columns = b[g.trans_b ? 0 : 1];
  if (b[g.trans_b ? 1 : 0] != g.inner) {
    bad(fmt::format("a {} (transA = {}) and b {} (transB = {}) do not match", to_string(a),
                    int(g.trans_a), to_string(b), int(g.trans_b)));
  }
  return g;
}

std::vector<Type> infer_gemm(const OpCall& call) {
  const GemmSizes g = gemm(call);
  const Shape y = {g.rows, g.columns};
  if (call.has(2) && broadcast(f32_operand(call, 2, "c", 0, 2), y) != y) {
    bad(fmt::format("c {} does not broadcast to the result {}", to_string(call.in(2)),
                    to_string(y)));
  }
  call.number("alpha", 1.0);
  call.number("beta", 1.0);
  return {f32(y)};
}

void evaluate_gemm(const OpCall& call, Inputs in, Outputs out) {
  const GemmSizes g = gemm(call);
  const double alpha = call.number("alpha", 1.0), beta = call.number("beta", 1.0);
  const auto c_strides =
      call.has(2) ? broadcast_strides(call.in(2), call.out(0)) : std::vector<int64_t>(2, 0);
  for (int64_t i = 0; i < g.rows; ++i)
    for (int64_t j = 0; j < g.columns; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < g.inner; ++k) {
        sum += in[0]->data[size_t(g.trans_a ? k * g.rows + i : i * g.inner + k)] *
               in[1]->data[size_t(g.trans_b ? j * g.inner + k : k * g.columns + j)];
      }
      const double c = call.has(2) ? in[2]->data[size_t(i * c_strides[0] + j * c_strides[1])] : 0;
      out[0].data[size_t(i * g.columns + j)] = alpha * sum + (call.has(2) ? beta * c : 0);
    }
}

std::vector<ValueId> gradient_gemm(Builder& b, const Node& node, Gradients dy,
                                   const Wanted& wanted) {
  const OpCall call{node.attributes, {}, {}};
  const int64_t trans_a = call.integer("transA", 0), trans_b = call.integer("transB", 0);
  const double alpha = call.number("alpha", 1.0), beta = call.number("beta", 1.0);
  const auto product_of = [&](ValueId left, int64_t trans_left, ValueId right,
                              int64_t trans_right) {
    return b.op("Gemm", {left, right},
                {{"transA", trans_left}, {"transB", trans_right}, {"alpha", alpha}});
  };
  const ValueId x = node.inputs[0], w = node.inputs[1];
  std::vector<ValueId> result(node.inputs.size(), kNoValue);
  const ValueId d = wanted[0] || wanted[1] ? as_factor(b, dy[0], x) : kNoValue;
  if (wanted[0])
    result[0] = trans_a ? product_of(w, trans_b, d, 1) : product_of(d, 0, w, 1 - trans_b);
  if (wanted[1])
    result[1] = trans_b ? product_of(d, 1, x, trans_a) : product_of(x, 1 - trans_a, d, 0);
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue && wanted[2]) {
    result[2] = b.sum_to(beta == 1 ? dy[0] : b.mul(dy[0], beta), b.shape(node.inputs[2]));
  }
  return result;
}

Cost cost_gemm(const OpCall& call) {
  const GemmSizes g = gemm(call);
  return {.flop =
              double(g.rows) * double(g.columns) * (2.0 * double(g.inner) + (call.has(2) ? 1 : 0))};
}

}  // namespace

const OpDef kMatMul = {
    .name = "MatMul",
    .summary =
        "(a[...,M,K], b[...,K,N]) -> y[...,M,N]: matrix product; leading dimensions broadcast; "
        "operands have 2 dimensions or more, and may both be bf16; y is f32",
    .min_inputs = 2,
    .max_inputs = 2,
    .attributes = {},
    .infer = infer_matmul,
    .gradient = gradient_matmul,
    .evaluate = evaluate_matmul,
    .cost = cost_matmul,
};

const OpDef kGemm = {
    .name = "Gemm",
    .summary =
        "(a[M,K], b[K,N], c?; transA = 0, transB = 0, alpha = 1, beta = 1) -> y[M,N]: alpha a b + "
        "beta c; c broadcasts; a and b may both be bf16, c and y are f32",
    .min_inputs = 2,
    .max_inputs = 3,
    .attributes = {"transA", "transB", "alpha", "beta"},
    .infer = infer_gemm,
    .gradient = gradient_gemm,
    .evaluate = evaluate_gemm,
    .cost = cost_gemm,
};

}  // namespace dojo::ops
