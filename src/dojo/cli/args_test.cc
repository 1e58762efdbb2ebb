#include "dojo/cli/args.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"

namespace dojo {
namespace {

struct Options {
  int64_t steps = 100;
  uint64_t seed = 7;
  double lr = 0.5;
  std::string out = "runs/a";
  bool quiet = false;
  std::vector<std::string> held_out;
  std::string file;
  std::vector<std::string> folders;
};

Args declare(Options& o) {
  Args args("dojo try FILE [FOLDER...]", "Tries the parser.", "  dojo try a.mp4\n");
  args.option("--steps", "N", "training steps", &o.steps, {.min = 1, .max = 1e6});
  args.option("--seed", "N", "random seed", &o.seed);
  args.option("--lr", "RATE", "learning rate", &o.lr, {.min = 0});
  args.option("--out", "FOLDER", "run folder", &o.out);
  args.option("-q, --quiet", "", "no progress", &o.quiet);
  args.option("--held-out", "PATTERN", "recordings to hold out", &o.held_out);
  args.positional("FILE", "the clip", &o.file);
  args.positional("[FOLDER...]", "more clips", &o.folders);
  return args;
}

Options parse(std::vector<std::string> argv) {
  Options o;
  Args args = declare(o);
  EXPECT_TRUE(args.parse(argv));
  return o;
}

std::string failure(std::vector<std::string> argv) {
  Options o;
  Args args = declare(o);
  try {
    args.parse(argv);
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::kConfig);
    return error.what();
  }
  return "no error";
}

TEST(Args, FillsEveryKindOfTarget) {
  const Options o = parse({"--steps", "5", "a.mp4", "--lr=1e-3", "-q", "--held-out", "x", "b",
                           "--held-out=y", "--seed", "18446744073709551615", "--", "--odd"});
  EXPECT_EQ(o.steps, 5);
  EXPECT_EQ(o.lr, 1e-3);
  EXPECT_TRUE(o.quiet);
  EXPECT_EQ(o.held_out, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(o.seed, 18446744073709551615u);
  EXPECT_EQ(o.file, "a.mp4");
  EXPECT_EQ(o.folders, (std::vector<std::string>{"b", "--odd"}));
  EXPECT_EQ(o.out, "runs/a");
}

TEST(Args, KnowsWhichOptionsWereGiven) {
  Options o;
  Args args = declare(o);
  const std::vector<std::string> argv = {"a.mp4", "--steps", "100"};
  ASSERT_TRUE(args.parse(argv));
  EXPECT_TRUE(args.given("--steps"));
  EXPECT_FALSE(args.given("--lr"));
}

TEST(Args, HelpShowsDefaultsArgumentsAndExamples) {
  Options o;
  const std::string help = declare(o).help();
  EXPECT_TRUE(help.starts_with("usage: dojo try FILE [FOLDER...]\n")) << help;
  EXPECT_NE(help.find("training steps (default 100)"), std::string::npos) << help;
  EXPECT_NE(help.find("-q, --quiet"), std::string::npos) << help;
  EXPECT_NE(help.find("Examples:\n  dojo try a.mp4\n"), std::string::npos) << help;
}

TEST(Args, ADefaultThatIsNotAllowedIsToldInWords) {
  int64_t steps = 0;
  Args args("dojo try", "Tries the parser.", "");
  args.option("--steps", "N", "training steps; default: all", &steps, {.min = 1});
  EXPECT_NE(args.help().find("training steps; default: all\n"), std::string::npos) << args.help();
}

TEST(Args, HelpStopsTheParserBeforeAnythingIsWrong) {
  Options o;
  Args args = declare(o);
  const std::vector<std::string> argv = {"--steps", "x", "--help"};
  testing::internal::CaptureStdout();
  EXPECT_FALSE(args.parse(argv));
  EXPECT_EQ(testing::internal::GetCapturedStdout(), args.help());
  EXPECT_EQ(o.steps, 100);
}

TEST(Args, NamesTheNearestOption) {
  EXPECT_EQ(failure({"a.mp4", "--step", "5"}),
            "error (config): unknown option --step; did you mean --steps?");
  EXPECT_EQ(failure({"a.mp4", "--zzzzzz"}),
            "error (config): unknown option --zzzzzz; see dojo try --help");
}

TEST(Args, RefusesWhatIsNoNumber) {
  for (const char* text : {"five", "5x", "1.5", "99999999999999999999", " 5"}) {
    EXPECT_EQ(failure({"a.mp4", "--steps=" + std::string(text)}),
              "error (config): --steps wants a whole number, not '" + std::string(text) + "'");
  }
  for (const char* text : {"nan", "inf", "1e999", "0x10"}) {
    EXPECT_EQ(failure({"a.mp4", "--lr", text}),
              "error (config): --lr wants a number, not '" + std::string(text) + "'");
  }
  EXPECT_EQ(failure({"a.mp4", "--seed", "-1"}),
            "error (config): --seed wants a whole number that is not negative, not '-1'");
}

TEST(Args, RefusesNumbersOutOfRange) {
  EXPECT_EQ(failure({"a.mp4", "--steps", "0"}), "error (config): --steps is 0, the least is 1");
  EXPECT_EQ(failure({"a.mp4", "--steps", "1000001"}),
            "error (config): --steps is 1000001, the most is 1000000");
}

TEST(Args, RefusesMissingSurplusAndRepeatedWords) {
  EXPECT_EQ(failure({}),
            "error (config): FILE is missing: the clip; usage: dojo try FILE [FOLDER...]");
  EXPECT_EQ(failure({"a.mp4", "--steps"}),
            "error (config): --steps wants a value: --steps N; see dojo try --help");
  EXPECT_EQ(failure({"a.mp4", "--out", "--quiet"}),
            "error (config): --out wants a value: --out FOLDER; see dojo try --help");
  EXPECT_EQ(failure({"a.mp4", "--out", ""}),
            "error (config): --out wants a value: --out FOLDER; see dojo try --help");
  EXPECT_EQ(failure({"a.mp4", "--out="}),
            "error (config): --out wants a value: --out FOLDER; see dojo try --help");
  EXPECT_EQ(failure({""}), "error (config): an empty argument; see dojo try --help");
  EXPECT_EQ(failure({"a.mp4", "--steps", "1", "--steps", "2"}),
            "error (config): --steps is given twice; see dojo try --help");
  EXPECT_EQ(failure({"a.mp4", "--quiet=yes"}),
            "error (config): --quiet takes no value, seen '--quiet=yes'; see dojo try --help");
  Args none("dojo none", "Takes nothing.", "");
  const std::vector<std::string> argv = {"a"};
  EXPECT_THROW(none.parse(argv), Error);
}

TEST(Nearest, FindsTyposAndBeginningsButDoesNotGuess) {
  const std::vector<std::string> verbs = {"train", "eval", "report", "inspect"};
  EXPECT_EQ(nearest("trian", verbs), "train");
  EXPECT_EQ(nearest("rep", verbs), "report");
  EXPECT_EQ(nearest("smi", std::vector<std::string>{"sim"}), "sim");
  EXPECT_EQ(nearest("insepct", verbs), "inspect");
  EXPECT_EQ(nearest("fly", verbs), "");
}

}  // namespace
}  // namespace dojo
