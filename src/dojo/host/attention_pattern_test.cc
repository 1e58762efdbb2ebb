// Attention as one kernel: what is joined, and that it computes what the interpreter does.
#include "dojo/host/attention_pattern.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "dojo/base/random.h"
#include "dojo/graph/autodiff.h"
#include "dojo/graph/builder.h"
#include "dojo/graph/interpreter.h"
#include "dojo/host/test_step.h"
#include "dojo/host/units.h"

namespace dojo::host {
namespace {

struct Case {
  int64_t clips = 2, heads = 3, tokens = 7, d = 16;
  bool scaled = true;
  bool one_product = true;  // q, k and v from one Gemm, as in transformer.cc; else from three
  bool gradient = true;
  bool shows_probabilities = false;  // an output, so that they must be made
};

Graph attention_graph(const Case& c) {
  Builder b("attention");
  const int64_t rows = c.clips * c.tokens, channels = c.heads * c.d;
  const ValueId x = b.data("x", {Format::kF32, {rows, channels}});
  const ValueId wanted = b.data("wanted", {Format::kF32, {rows, channels}});
  std::vector<ValueId> weights;
  const auto linear = [&](const char* name, ValueId in, int64_t out) {
    weights.push_back(b.parameter(name, {out, b.shape(in)[1]}, normal(0.3)));
    return b.op("Gemm", {in, weights.back()}, {{"transB", int64_t{1}}});
  };
  ValueId q, k, v;
  if (c.one_product) {
    const ValueId qkv =
        b.reshape(linear("qkv", x, 3 * channels), {c.clips, c.tokens, 3, c.heads, c.d});
    const ValueId parts =
        b.reshape(b.transpose(qkv, {2, 0, 3, 1, 4}), {3, c.clips * c.heads, c.tokens, c.d});
    const auto part = [&](int64_t i) {
      return b.reshape(b.slice(parts, 0, i, i + 1), {c.clips * c.heads, c.tokens, c.d});
    };
    q = part(0), k = part(1), v = part(2);
  } else {
    const auto part = [&](const char* name) {
      const ValueId y = b.reshape(linear(name, x, channels), {c.clips, c.tokens, c.heads, c.d});
      return b.reshape(b.transpose(y, {0, 2, 1, 3}), {c.clips * c.heads, c.tokens, c.d});
    };
    q = part("q"), k = part("k"), v = part("v");
  }
  if (c.scaled) q = b.mul(q, 1 / std::sqrt(static_cast<double>(c.d)));
  const ValueId p =
      b.op("Softmax", {b.op("MatMul", {q, b.transpose(k, {0, 2, 1})})}, {}, "probabilities");
  const ValueId seen = b.op("MatMul", {p, v});
  const ValueId y =
      b.reshape(b.transpose(b.reshape(seen, {c.clips, c.heads, c.tokens, c.d}), {0, 2, 1, 3}),
                {rows, channels});
  const ValueId error = b.sub(linear("proj", y, channels), wanted);
  const ValueId loss = b.op("ReduceMean", {b.mul(error, error)}, {{"keepdims", int64_t{0}}});
  b.output("loss", loss);
  if (c.gradient) {
    const std::vector<ValueId> grads = gradients(b, loss, weights);
    for (size_t i = 0; i < grads.size(); ++i) b.output(fmt::format("gradient{}", i), grads[i]);
  }
  if (c.shows_probabilities) b.output("probabilities", p);
  return std::move(b).finish();
}

// How many units of attention, and how many nodes that only move values stand outside of them.
struct Found {
  int forward = 0, backward = 0, moves = 0;
  bool operator==(const Found&) const = default;
};

Found units_of(const Graph& graph) {
  const Constants constants = fold_constants(graph);
  Found found;
  for (const Unit& unit : make_units(graph, constants, assign_layouts(graph, {}), true)) {
    found.forward += unit.kind == Unit::Kind::kAttention;
    found.backward += unit.kind == Unit::Kind::kAttentionGrad;
    if (unit.kind == Unit::Kind::kAttention || unit.kind == Unit::Kind::kAttentionGrad) continue;
    for (NodeId n : unit.nodes) {
      const std::string& op = graph.node(n).op;
      found.moves += op == "Transpose" || op == "Slice" || op == "Pad" || op == "Reshape";
    }
  }
  return found;
}

void PrintTo(const Found& f, std::ostream* out) {
  *out << fmt::format("{} forward, {} backward, {} moves", f.forward, f.backward, f.moves);
}

TEST(AttentionPattern, TakesAllThatMovesItsOperandsAndResults) {
  EXPECT_EQ(units_of(attention_graph({})), (Found{1, 1, 0}));
  EXPECT_EQ(units_of(attention_graph({.scaled = false})), (Found{1, 1, 0}));
  EXPECT_EQ(units_of(attention_graph({.one_product = false})), (Found{1, 1, 0}));
  EXPECT_EQ(units_of(attention_graph({.gradient = false})), (Found{1, 0, 0}));
  EXPECT_EQ(units_of(attention_graph({.clips = 1, .heads = 1})), (Found{1, 1, 0}));
}

TEST(AttentionPattern, LeavesWhatTheKernelsDoNotMakeOrDoNotTake) {
  EXPECT_EQ(units_of(attention_graph({.shows_probabilities = true})).forward, 0);
  EXPECT_EQ(units_of(attention_graph({.d = 8})).forward, 0);
}

TEST(AttentionPattern, ComputesWhatTheInterpreterDoes) {
  for (uint64_t trial = 0; trial < 200; ++trial) {
    Random random(5, stream_id("attention"), trial);
    const Case c{.clips = 1 + random.below(2),
                 .heads = 1 + random.below(3),
                 .tokens = 1 + random.below(trial < 190 ? 12 : 60),
                 .d = 16 * (1 + random.below(2)),
                 .scaled = random.chance(0.7),
                 .one_product = random.chance(0.7),
                 .gradient = random.chance(0.8),
                 .shows_probabilities = random.chance(0.1)};
    const Graph graph = attention_graph(c);
    const auto ours = make_host_executor(graph), oracle = make_interpreter(graph);
    for (const Input& input : graph.inputs) {
      const Value& v = graph.value(input.value);
      std::vector<float> x(static_cast<size_t>(v.type.num_elements()));
      for (float& f : x)
        f = static_cast<float>(random.normal() * (input.role == Role::kData ? 1 : 0.1));
      ours->write_f32(v.name, x);
      oracle->write_f32(v.name, x);
    }
    ASSERT_TRUE(ours->run() && oracle->run());
    expect_same_results(graph, *ours, *oracle, fmt::format("trial {}", trial));
  }
}

}  // namespace
}  // namespace dojo::host
