#include "dojo/model/transformer.h"

#include <cmath>

#include "dojo/model/blocks.h"

namespace dojo {
namespace {

// For each clip and head softmax(q k' / sqrt(d)) v, with d channels a head.
ValueId attention(Builder& b, std::string_view name, ValueId x, int64_t clips, int64_t heads) {
  const auto scope = b.scope(name);
  const int64_t rows = b.shape(x)[0], channels = b.shape(x)[1];
  const int64_t tokens = rows / clips, d = channels / heads;
  const ValueId qkv = b.reshape(linear(b, "qkv", x, 3 * channels), {clips, tokens, 3, heads, d});
  const ValueId parts = b.reshape(b.transpose(qkv, {2, 0, 3, 1, 4}), {3, clips * heads, tokens, d});
  const auto part = [&](int64_t i) {
    return b.reshape(b.slice(parts, 0, i, i + 1), {clips * heads, tokens, d});
  };
  const ValueId q = b.mul(part(0), 1 / std::sqrt(static_cast<double>(d)));
  const ValueId scores = b.op("MatMul", {q, b.transpose(part(1), {0, 2, 1})});
  const ValueId seen = b.op("MatMul", {b.op("Softmax", {scores}), part(2)});
  const ValueId y = b.transpose(b.reshape(seen, {clips, heads, tokens, d}), {0, 2, 1, 3});
  return linear(b, "proj", b.reshape(y, {rows, channels}), channels);
}

ValueId mlp(Builder& b, std::string_view name, ValueId x) {
  const auto scope = b.scope(name);
  const int64_t channels = b.shape(x)[1];
  return linear(b, "fc2", gelu(b, linear(b, "fc1", x, 4 * channels)), channels);
}

}  // namespace

ValueId linear(Builder& b, std::string_view name, ValueId x, int64_t out, bool bias) {
  const auto scope = b.scope(name);
  const int64_t in = b.shape(x)[1];
  const double bound = std::sqrt(6.0 / static_cast<double>(in + out));
  std::vector<ValueId> operands = {x, b.parameter("weight", {out, in}, uniform(bound))};
  if (bias) operands.push_back(b.parameter("bias", {out}, constant_value(0)));
  return b.op("Gemm", operands, {{"transB", int64_t{1}}});
}

ValueId layer_norm(Builder& b, std::string_view name, ValueId x) {
  const auto scope = b.scope(name);
  const int64_t channels = b.shape(x).back();
  const ValueId scale = b.parameter("weight", {channels}, constant_value(1));
  const ValueId bias = b.parameter("bias", {channels}, constant_value(0));
  return b.op("LayerNormalization", {x, scale, bias}, {{"epsilon", 1e-6}});
}

ValueId transformer_block(Builder& b, std::string_view name, ValueId x, int64_t clips,
                          int64_t heads) {
  const auto scope = b.scope(name);
  const ValueId h = b.add(x, attention(b, "attn", layer_norm(b, "norm1", x), clips, heads));
  return b.add(h, mlp(b, "mlp", layer_norm(b, "norm2", h)));
}

}  // namespace dojo
