#include "dojo/program/verify.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/program/test_programs.h"
#include "dojo/program/text.h"

namespace dojo::program {
namespace {

TEST(Verify, TheExamplesCanRun) {
  for (const Example& example : examples())
    EXPECT_EQ(problems_of(example.text, small_machine()), Found()) << example.file;
}

TEST(Verify, RequireVerifiedThrowsTheFirstProblem) {
  SourceLines lines;
  const Program program =
      parse_program(on_row("semaphore s", "thread 0 { wait s }"), "deadlock.program", &lines);
  try {
    require_verified(program, small_machine(), &lines);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::kInput);
    EXPECT_EQ(error.where(), "deadlock.program:3: class c, thread 0: wait s");
    EXPECT_EQ(error.message().substr(0, 9), "deadlock:");
  }
}

}  // namespace
}  // namespace dojo::program
