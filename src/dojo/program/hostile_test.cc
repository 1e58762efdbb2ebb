// Programs from anybody: mutations of the examples and of drawn programs with all kinds of
// instructions either are refused with line and reason, or are verified in a bounded time. A
// thousand, or, with DOJO_FULL_TESTS=1, a hundred thousand.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "dojo/base/error.h"
#include "dojo/base/random.h"
#include "dojo/program/test_programs.h"
#include "dojo/program/text.h"
#include "dojo/program/verify.h"

namespace dojo::program {
namespace {

std::string mutated(std::string text, dojo::Random* random) {
  // clang-format off
  static constexpr const char* kPieces[] = {
      "0", "-1", "1", "2", "7", "16777216", "9223372036854775807", "1.5e300",  // the first 7: numbers
      "{", "}", "[", "]", ":", ",", ":+", "*", "\"", "#", "\n", "x", "y",
      "loop k < 3 {", "wait full", "signal full", "phase", "pad", "transposed", "node(x, y)",
      "nodes[0:+2, 0:+2]", "barrier", "live 0:+1"};
  // clang-format on
  for (int64_t n = 1 + random->below(3); n > 0; --n) {
    const auto at = static_cast<size_t>(random->below(std::ssize(text)));
    const auto length = static_cast<size_t>(1 + random->below(30));
    switch (random->below(9)) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, text.substr(static_cast<size_t>(random->below(std::ssize(text))), length));
        break;
      case 2:
        text.insert(at, fmt::format(" {} ", kPieces[random->below(std::ssize(kPieces))]));
        break;
      case 3:
        text[at] = static_cast<char>(random->below(256));
        break;
      default:  // another number
        if (const size_t digit = text.find_first_of("0123456789", at); digit != std::string::npos)
          text.replace(digit, 1, kPieces[random->below(7)]);
    }
    if (text.empty()) text = " ";
  }
  return text;
}

// What one file may take of a processor: far more than any takes here, so that a slow machine and
// sanitizers do not matter, and far less than what hangs.
constexpr double kMostSeconds = 30;

class Stopwatch {
 public:
  double seconds() const { return static_cast<double>(std::clock() - start_) / CLOCKS_PER_SEC; }

 private:
  std::clock_t start_ = std::clock();  // of this process, whoever else is busy
};

TEST(HostilePrograms, AThousandMutationsAreRefusedOrVerified) {
  std::vector<std::string> seeds;
  for (const Example& example : examples())
    for (int i = 0; i < 10; ++i) seeds.push_back(example.text);
  for (uint64_t i = 0; i < 20; ++i) seeds.push_back(print_program(random_program(i)));
  const uint64_t mutations = std::getenv("DOJO_FULL_TESTS") ? 100'000 : 1000;
  int refused = 0, wrong = 0, right = 0;
  for (uint64_t i = 0; i < mutations; ++i) {
    dojo::Random random(1, stream_id("hostile programs"), i);
    const std::string text =
        mutated(seeds[static_cast<size_t>(random.below(std::ssize(seeds)))], &random);
    const Stopwatch watch;
    try {
      SourceLines lines;
      const Program program = parse_program(text, "f", &lines);
      ASSERT_EQ(parse_program(print_program(program)), program) << text;
      const Verification result = verify(program, small_machine(), {.most_steps = 100'000});
      for (const Problem& problem : result.problems.list()) {
        EXPECT_FALSE(problem.message.empty());
        EXPECT_GE(lines.line(problem.site), 1u);
      }
      ++(result.ok() ? right : wrong);
    } catch (const Error& error) {
      ASSERT_EQ(error.category(), Category::kInput) << text;
      ASSERT_EQ(error.where().substr(0, 2), "f:") << error.what() << "\n" << text;
      ASSERT_FALSE(error.message().empty());
      ++refused;
    }
    ASSERT_LT(watch.seconds(), kMostSeconds) << text;
  }
  // Each way out is taken often, so that each is tested.
  EXPECT_GT(refused, 300);
  EXPECT_GT(wrong, 50);
  EXPECT_GT(right, 50);
}

// One class on a grid, whose layout has these items.
std::string on_grid(int columns, int rows, std::string_view items, std::string_view body,
                    std::string_view barriers = "") {
  return fmt::format(
      "program \"p\" {{ nodes {0} x {1}\nlayout l {{ code at 0 size 65536 {2} }}\n{4}"
      "class c uses l {{ on [0:+{0}, 0:+{1}]\n{3} }} }}",
      columns, rows, items, body, barriers);
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// Many numbers at their limits: each has a problem, which must not take long to see.
TEST(HostilePrograms, WhatIsLargeTakesABoundedTime) {
  MachineView large = small_machine();
  large.grid = {256, 256};
  large.sram_bytes = 1'250'000;
  // Sixteen formulas of as many steps as there may be.
  std::string arguments;
  for (int i = 0; i < 16; ++i)
    arguments += fmt::format("let a{} = x{}\n", i, repeated(" + y - y", 15));
  std::string barriers, at_barriers;
  for (int i = 0; i < 4096; ++i)
    barriers += fmt::format("barrier b{} over [0:+256, 0:+256] root (0, 0)\n", i);
  for (int i = 0; i < 1000; ++i) at_barriers += fmt::format("barrier b{} ", i);
  const struct {
    std::string what, text;
  } cases[] = {
      {"more nodes than the machine", on_grid(4096, 4096, "", arguments)},
      {"turns without an end",
       on_grid(8, 8, "semaphore s",
               "thread 0 { loop a < 16777216 { loop b < 16777216 { loop c < 16777216 { signal s "
               "} } } }")},
      {"counters whose values come again after 2^48 turns",
       on_grid(8, 8, "a: u8[8] at 65536",
               "thread 0 { loop k < 16777216, p = 0 step 1 mod 16777213, q = 0 step 1 mod "
               "16777199 { vector a[p + q] = move 0 } }")},
      {"a view beyond every memory",
       on_grid(8, 8, "a: u8[68719476736] at 1099511627776",
               "thread 0 { vector a[0:+68719476736:68719476736] = move 0 }")},
      {"a semaphore that overflows",
       on_grid(8, 8, "semaphore s = 16777216", "thread 0 { signal s by 1099511627776 }")},
      {"indices that only a look at each node can clear",
       on_grid(256, 256, "a: u8[8] at 65536",
               arguments + "thread 0 {" + repeated(" vector a[x - a0] = move 0", 256) + " }")},
      {"threads that wake each other",
       on_grid(256, 256, "semaphore s semaphore t",
               arguments + "thread 0 { loop k < 1000000 { signal s wait t } } "
                           "thread 1 { loop k < 1000000 { signal t wait s } }")},
      {"a signal of each to all",
       on_grid(256, 256, "semaphore s",
               "thread 0 { signal nodes[0:+256, 0:+256] s wait s by 65536 }")},
      {"barriers of all", on_grid(256, 256, "", "thread 0 { " + at_barriers + "}", barriers)},
  };
  for (const auto& [what, text] : cases) {
    const Stopwatch watch;
    const Verification result =
        verify(parse_program(text), large, {.most_steps = 10'000'000, .most_tries = 1 << 22});
    EXPECT_FALSE(result.problems.list().empty()) << what;
    EXPECT_LT(watch.seconds(), kMostSeconds) << what;
  }
}

TEST(HostilePrograms, TextBeyondTheLimitIsRefused) {
  const std::string text(static_cast<size_t>(kMaxTextBytes) + 1, ' ');
  try {
    parse_program(text, "f");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::kInput);
    EXPECT_EQ(error.where(), "f:1:1");
  }
}

}  // namespace
}  // namespace dojo::program
