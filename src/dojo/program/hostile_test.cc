// Programs from anybody: mutations of the examples either are refused with line and reason, or are
// verified in a bounded time.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/base/random.h"
#include "dojo/program/test_programs.h"
#include "dojo/program/text.h"
#include "dojo/program/verify.h"

namespace dojo::program {
namespace {

std::string mutated(std::string text, dojo::Random* random) {
  static constexpr const char* kPieces[] = {"0",
                                            "-1",
                                            "1",
                                            "2",
                                            "7",
                                            "16777216",
                                            "9223372036854775807",
                                            "{",
                                            "}",
                                            "[",
                                            "]",
                                            ":",
                                            ",",
                                            ":+",
                                            "x",
                                            "y",
                                            "k",
                                            "loop k < 3 {",
                                            "wait full",
                                            "signal full",
                                            "phase",
                                            "pad",
                                            "transposed",
                                            "node(x, y)",
                                            "nodes[0:+2, 0:+2]",
                                            "barrier",
                                            "live 0:+1",
                                            "\"",
                                            "#",
                                            "\n",
                                            "*",
                                            "1.5e300"};
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

TEST(HostilePrograms, AThousandMutationsAreRefusedOrVerified) {
  const std::vector<Example> seeds = examples();
  int refused = 0, wrong = 0, right = 0;
  for (uint64_t i = 0; i < 1000; ++i) {
    dojo::Random random(1, stream_id("hostile programs"), i);
    const Example& seed = seeds[static_cast<size_t>(random.below(std::ssize(seeds)))];
    const std::string text = mutated(seed.text, &random);
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
  }
  // Each way out is taken often, so that each is tested.
  EXPECT_GT(refused, 300);
  EXPECT_GT(wrong, 30);
  EXPECT_GT(right, 50);
}

TEST(HostilePrograms, SizesAreBoundedBeforeMemoryIsTaken) {
  // Many numbers at their limits; none of these may take long or much.
  const char* const texts[] = {
      "program \"p\" { nodes 4096 x 4096 layout l { } class c uses l { on [0:+4096, 0:+4096] } }",
      "program \"p\" { nodes 8 x 8 layout l { code at 0 size 640 semaphore s } class c uses l { on "
      "[0:+8, 0:+8] thread 0 { loop a < 16777216 { loop b < 16777216 { loop c < 16777216 { signal "
      "s } "
      "} } } } }",
      "program \"p\" { nodes 8 x 8 layout l { code at 0 size 640 a: u8[8] at 640 } class c uses l "
      "{ on "
      "[0:+8, 0:+8] thread 0 { loop k < 16777216, p = 0 step 1 mod 16777213, q = 0 step 1 mod "
      "16777199 "
      "{ vector a[p + q] = move 0 } } } }",
      "program \"p\" { nodes 8 x 8 layout l { code at 0 size 640 a: u8[68719476736] at "
      "1099511627776 } "
      "class c uses l { on [0:+8, 0:+8] thread 0 { vector a[0:+68719476736:68719476736] = move 0 } "
      "} }",
      "program \"p\" { nodes 8 x 8 layout l { code at 0 size 640 semaphore s = 16777216 } class c "
      "uses l "
      "{ on [0:+8, 0:+8] thread 0 { signal s by 1099511627776 } } }",
  };
  for (const char* text : texts) {
    const Verification result =
        verify(parse_program(text), small_machine(), {.most_steps = 1'000'000});
    EXPECT_FALSE(result.problems.list().empty()) << text;
  }
}

}  // namespace
}  // namespace dojo::program
