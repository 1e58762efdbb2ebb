// A run is the same with any number of threads: values, errors, time and what is counted.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "dojo/base/random.h"
#include "dojo/sim/test_run.h"

namespace dojo::sim {
namespace {

// All of 8 nodes do the same drawn list of instructions over the same few places again and again,
// many of which overlap, and send each other what they have in the meantime.
std::string drawn_program(uint64_t seed) {
  Random random(seed);
  const auto below = [&](int64_t n) { return static_cast<int64_t>(random.next_u32()) % n; };
  std::string text;
  for (int i = 0; i < 40; ++i) {
    const int64_t n = 1 + below(48);
    const auto view = [&](const char* of) {
      return fmt::format("{}[{}:+{}]", of, below(64 - n), n);
    };
    switch (below(6)) {
      case 0:
        text += fmt::format("vector {} = add {}, {}\n", view("v"), view("v"), view("w"));
        break;
      case 1:
        text += fmt::format("vector {} = multiply {}, 0.75\n", view("w"), view("v"));
        break;
      case 2:
        text += fmt::format("vector {} = move {}\n", view("v"), view("v"));
        break;
      case 3:
        text += fmt::format("vector a[{}, 0:+8] = move v[{}:+8]\n", below(8), below(56));
        break;
      case 4:
        text += fmt::format("matmul 8 x 8 x 8: {} {} a * transposed a\n",
                            below(2) == 0 ? "c" : "c[0:+8, 0:+8]", below(2) == 0 ? "=" : "+=");
        break;
      default:
        text += fmt::format("copy to node(3 - x, 1 - y): {} = {}; here gone\nwait gone\n",
                            view("v"), view("w"));
    }
    if (below(8) == 0) text += "vector w[0:+64] = move c[:, :]\n";
  }
  return R"(program "drawn" { nodes 4 x 2 layout main { code at 0 size 16384
    v: f32[64] at 16384 input output w: f32[64] at 16640 input output
    a: bf16[8, 8] at 16896 input c: f32[8, 8] at 17024 input output semaphore gone }
    class each uses main { on [0:+4, 0:+2] thread 0 { )" +
         text + "} } }";
}

struct Seen {
  Cycles cycles = 0;
  int64_t events = 0;
  std::vector<float> numbers;
  std::vector<int64_t> counted;  // of nodes and links
  std::string error;             // with its place

  bool operator==(const Seen&) const = default;
};

Seen run(const std::string& text, Level level, bool races, int threads) {
  TestRun test(text, {.level = level, .races = races, .threads = threads});
  Random random(7);
  for (const char* name : {"v", "w", "a", "c"}) {
    std::vector<float> numbers(64);
    for (float& x : numbers) x = static_cast<float>(static_cast<int>(random.next_u32() % 17)) - 8;
    test.write_everywhere(name, numbers);
  }
  Seen seen;
  try {
    const Result& result = test.simulator.run();
    seen.cycles = result.cycles;
    seen.events = result.events;
    for (const NodeStats& n : result.nodes) {
      seen.counted.insert(seen.counted.end(), n.spent.begin(), n.spent.end());
      seen.counted.insert(seen.counted.end(), {n.matrix_unit, n.vector_unit, n.end, n.sent_bytes});
    }
    for (const LinkStats& l : result.links)
      seen.counted.insert(seen.counted.end(), {l.from.x, l.from.y, l.bytes, l.busy, l.stalled});
  } catch (const Error& error) {
    seen.error = error.message() + " | " + error.where();
    return seen;
  }
  for (const char* name : {"v", "w", "c"})
    for (int32_t y = 0; y < 2; ++y)
      for (int32_t x = 0; x < 4; ++x)
        for (const float number : test.read(name, {x, y})) seen.numbers.push_back(number);
  return seen;
}

TEST(Threads, ValuesAndTimeAreTheSameOfAnyNumber) {
  for (const Level level : {Level::kFunctional, Level::kBurst, Level::kFlit})
    for (uint64_t seed = 0; seed < 25; ++seed) {
      const std::string text = drawn_program(seed);
      const Seen one = run(text, level, false, 1);
      ASSERT_EQ(one.error, "") << text;
      ASSERT_TRUE(
          std::any_of(one.numbers.begin(), one.numbers.end(), [](float x) { return x != 0; }));
      for (const int threads : {2, 3, 8})
        ASSERT_TRUE(run(text, level, false, threads) == one)
            << name(level) << " " << seed << " " << threads << "\n"
            << text;
    }
}

TEST(Threads, RacesAreFoundAtTheSamePlace) {
  int races = 0;
  for (uint64_t seed = 0; seed < 25; ++seed) {
    const std::string text = drawn_program(seed);
    const Seen one = run(text, Level::kBurst, true, 1);
    races += one.error.find("data race") != std::string::npos;
    for (const int threads : {2, 3})
      EXPECT_EQ(run(text, Level::kBurst, true, threads).error, one.error) << seed << " " << threads;
  }
  EXPECT_GT(races, 10);
}

}  // namespace
}  // namespace dojo::sim
