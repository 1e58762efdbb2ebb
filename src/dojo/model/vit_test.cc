#include "dojo/model/vit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "dojo/base/error.h"
#include "dojo/base/random.h"
#include "dojo/graph/cost.h"
#include "dojo/graph/interpreter.h"

namespace dojo {
namespace {

constexpr VitOptions kTiny{.clips = 1,
                           .frames = 4,
                           .height = 4,
                           .width = 6,
                           .patch = 2,
                           .channels = 12,
                           .layers = 1,
                           .heads = 2};

// A block: 12 C^2 weights, 9 C biases, 4 C of the norms.
TEST(Vit, HasTheParametersOfVitSmall) {
  Builder b("vit");
  const TaskGraph task = vit_training(b);
  b.output("loss", task.loss, true);
  const Graph g = std::move(b).finish();
  constexpr int64_t c = 384, values = 1536;
  EXPECT_EQ(graph_cost(g).parameters,
            12 * (12 * c * c + 13 * c) + 2 * c + (values * c + c) + (c * values + values));
  EXPECT_EQ(VitOptions().tokens(), 392);
  const Input* qkv = g.find_input("blocks.11.attn.qkv.weight");
  ASSERT_NE(qkv, nullptr);
  EXPECT_EQ(g.type(qkv->value).shape, (Shape{1152, 384}));
  EXPECT_NE(g.find_input("blocks.0.mlp.fc2.bias"), nullptr);
}

// Values that tell where they are; the reference meaning does not limit them to bytes.
TEST(Vit, ATubeletHasItsValuesByChannelTimeRowAndColumn) {
  Builder b("tubelets");
  const ValueId clip = b.data("clip", {Format::kU8, {1, 4, 4, 6, 3}});
  b.output("y", tubelets(b, kTiny, clip));
  const Graph graph = std::move(b).finish();
  RefTensor x{{Format::kU8, {1, 4, 4, 6, 3}}, {}};
  const auto place = [](int64_t t, int64_t r, int64_t col, int64_t c) {
    return static_cast<double>(((t * 4 + r) * 6 + col) * 3 + c);
  };
  for (int64_t i = 0; i < 4 * 4 * 6 * 3; ++i) x.data.push_back(static_cast<double>(i));
  const RefTensor y = interpret(graph, {x}, Precision::kDouble)[0];
  ASSERT_EQ(y.type.shape, (Shape{1, 12, 24}));
  size_t n = 0;
  for (int64_t time = 0; time < 2; ++time)
    for (int64_t row = 0; row < 2; ++row)
      for (int64_t column = 0; column < 3; ++column)
        for (int64_t c = 0; c < 3; ++c)
          for (int64_t t = 0; t < 2; ++t)
            for (int64_t r = 0; r < 2; ++r)
              for (int64_t w = 0; w < 2; ++w)
                ASSERT_EQ(y.data[n++], place(2 * time + t, 2 * row + r, 2 * column + w, c));
}

TEST(Vit, NoTwoPlacesHaveTheSamePosition) {
  Builder b("positions");
  b.output("y", positions(b, VitOptions(), 48));
  const RefTensor y = interpret(std::move(b).finish(), {}, Precision::kDouble)[0];
  ASSERT_EQ(y.type.shape, (Shape{392, 48}));
  const auto row = [&](size_t i) { return y.data.begin() + static_cast<std::ptrdiff_t>(48 * i); };
  for (size_t i = 0; i < 392; ++i)
    for (size_t k = 0; k < i; ++k) {
      double distance = 0;
      for (int c = 0; c < 48; ++c) distance += std::pow(row(i)[c] - row(k)[c], 2);
      ASSERT_GT(distance, 0.1) << i << " and " << k;
    }
}

// What a token sees must not depend on the other clips of the batch.
TEST(Vit, ClipsDoNotSeeEachOther) {
  VitOptions o = kTiny;
  o.clips = 2;
  Builder b("vit");
  b.output("answer", vit_training(b, o).answer);
  const auto executor = make_interpreter(std::move(b).finish());
  initialize(*executor, 1);
  std::vector<std::byte> clip(2 * 4 * 4 * 6 * 3);
  Random random(3);
  for (std::byte& v : clip) v = static_cast<std::byte>(random.below(256));
  const auto answer = [&] {
    executor->write("clip", clip);
    EXPECT_TRUE(executor->run());
    return executor->read_f32("answer");
  };
  const std::vector<float> first = answer();
  clip.back() = static_cast<std::byte>(std::to_integer<int>(clip.back()) ^ 128);
  const std::vector<float> second = answer();
  const auto half = static_cast<std::ptrdiff_t>(first.size() / 2);
  EXPECT_TRUE(std::equal(first.begin(), first.begin() + half, second.begin()));
  size_t changed = 0;  // every token of the second clip sees the changed one
  for (size_t i = first.size() / 2; i < first.size(); ++i) changed += first[i] != second[i];
  EXPECT_GT(changed, first.size() * 4 / 10);
}

TEST(Vit, SenselessOptionsAreRefused) {
  const auto refused = [](VitOptions o) {
    try {
      check(o);
    } catch (const Error& e) {
      return e.category() == Category::kConfig;
    }
    return false;
  };
  EXPECT_TRUE(refused({.clips = 0}));
  EXPECT_TRUE(refused({.frames = 7}));
  EXPECT_TRUE(refused({.height = 100}));
  EXPECT_TRUE(refused({.width = -224}));
  EXPECT_TRUE(refused({.tubelet = 0}));
  EXPECT_TRUE(refused({.patch = 0}));
  EXPECT_TRUE(refused({.channels = 380}));
  EXPECT_TRUE(refused({.layers = 0}));
  EXPECT_TRUE(refused({.frames = 1024, .height = 1024, .width = 1024}));  // too many tokens
  EXPECT_TRUE(refused({.channels = 6144}));
  EXPECT_TRUE(refused({.heads = 5}));
  EXPECT_FALSE(refused({}));
}

}  // namespace
}  // namespace dojo
