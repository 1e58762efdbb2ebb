#include "dojo/cli/called.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace dojo {
namespace {

class Called : public testing::Test {
 protected:
  Called() { setenv("DOJO_COMMAND", "./dojo", 1); }
  ~Called() override { unsetenv("DOJO_COMMAND"); }
};

TEST_F(Called, CommandsCanBePasted) {
  EXPECT_EQ(as_called({"train", "--resume", "my runs/a"}), "./dojo train --resume 'my runs/a'");
  unsetenv("DOJO_COMMAND");
  EXPECT_EQ(as_called({"inspect", "a"}), "dojo inspect a");
}

TEST_F(Called, TextNamesTheProgramWhereACommandBegins) {
  EXPECT_EQ(with_program_name("usage: dojo graph\n\n  dojo graph show | dojo graph check -\n"),
            "usage: ./dojo graph\n\n  ./dojo graph show | ./dojo graph check -\n");
  EXPECT_EQ(with_program_name("see `dojo train --help`"), "see `./dojo train --help`");
  EXPECT_EQ(with_program_name("dojo train"), "./dojo train");
}

TEST_F(Called, OtherWordsStay) {
  for (const char* text : {"go on with --resume /my dojo runs", "opendojo x", "`dojo`", "dojo: x"})
    EXPECT_EQ(with_program_name(text), text);
}

}  // namespace
}  // namespace dojo
