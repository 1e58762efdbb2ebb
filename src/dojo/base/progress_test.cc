#include "dojo/base/progress.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace dojo {
namespace {

// A file in memory and a clock that the test turns.
struct Screen {
  std::FILE* file = std::tmpfile();
  double seconds = 1000;
  ~Screen() { std::fclose(file); }

  ProgressOptions options(ProgressOptions::Style style, int64_t total) {
    ProgressOptions o;
    o.total = total;
    o.file = file;
    o.style = style;
    o.width = 100;
    o.clock = [this] { return seconds; };
    return o;
  }
  std::string text() const {
    std::string all(static_cast<size_t>(std::ftell(file)), '\0');
    std::rewind(file);
    EXPECT_EQ(std::fread(all.data(), 1, all.size(), file), all.size());
    return all;
  }
};

constexpr auto kBar = ProgressOptions::Style::kBar;
constexpr auto kLines = ProgressOptions::Style::kLines;

TEST(Progress, DrawsABarWithRateTimeLeftAndText) {
  Screen screen;
  Progress progress("training", screen.options(kBar, 1000));
  screen.seconds += 30;  // setting up
  progress.update(1, "loss 0.7");
  screen.seconds += 10;
  progress.update(251, "loss 0.5");
  EXPECT_EQ(screen.text(),
            "\rtraining [>                   ]   0 %  1/1000 steps  loss 0.7\x1b[K"
            "\rtraining [=====>              ]  25 %  251/1000 steps  25.0 steps/s  30 s left  "
            "loss 0.5\x1b[K");
  progress.finish();
}

TEST(Progress, ALogGetsALineAtFirstAndThenEachFiveSeconds) {
  Screen screen;
  Progress progress("rendering", screen.options(kLines, 0));
  for (int i = 1; i <= 120; ++i) {  // 12 s
    screen.seconds += 0.1;
    progress.update(i);
  }
  progress.finish();
  EXPECT_EQ(screen.text(),
            "rendering  1 steps\n"
            "rendering  51 steps  10.0 steps/s\n"
            "rendering  101 steps  10.0 steps/s\n"
            "rendering  120 steps  10.0 steps/s  in 12 s\n");
}

TEST(Progress, ALongLogGrowsSlowly) {
  Screen screen;
  Progress progress("training", screen.options(kLines, 36000));
  for (int i = 1; i <= 36000; ++i) {  // an hour
    screen.seconds += 0.1;
    progress.update(i);
  }
  const std::string text = screen.text();
  const auto lines = std::count(text.begin(), text.end(), '\n');
  EXPECT_GT(lines, 60);
  EXPECT_LT(lines, 110);
}

TEST(Progress, ABarIsDrawnAtMostTenTimesASecond) {
  Screen screen;
  Progress progress("training", screen.options(kBar, 10000));
  for (int i = 1; i <= 10000; ++i) {  // 1 s
    screen.seconds += 0.0001;
    progress.update(i);
  }
  const std::string text = screen.text();
  EXPECT_LE(std::count(text.begin(), text.end(), '\r'), 11);
  EXPECT_GE(std::count(text.begin(), text.end(), '\r'), 9);
}

TEST(Progress, QuietPrintsOnlyMessages) {
  Screen screen;
  ProgressOptions options = screen.options(kBar, 10);
  options.quiet = true;
  Progress progress("training", options);
  progress.update(1);
  progress.message("a warning");
  progress.finish();
  EXPECT_EQ(screen.text(), "a warning\n");
}

TEST(Progress, AMessageStaysAboveTheBar) {
  Screen screen;
  Progress progress("x", screen.options(kBar, 2));
  progress.update(1);
  progress.message("note");
  const std::string bar = "\rx [==========>         ]  50 %  1/2 steps\x1b[K";
  EXPECT_EQ(screen.text(), bar + "\r\x1b[Knote\n" + bar);
  progress.finish();
}

TEST(Progress, ANarrowTerminalCutsTheLineBetweenCharacters) {
  Screen screen;
  ProgressOptions options = screen.options(kBar, 0);
  options.width = 6;
  Progress progress("\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F\xC3\xA9\xC3\xA8", options);  // six letters
  progress.update(1);
  EXPECT_EQ(screen.text(), "\r\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F\xC3\xA9\x1b[K");  // the first five
  progress.finish();
}

TEST(Progress, AResumedRunLeavesOldStepsOutOfTheRate) {
  Screen screen;
  ProgressOptions options = screen.options(kLines, 1000);
  options.start = 500;
  Progress progress("training", options);
  progress.update(501);
  screen.seconds += 10;
  progress.update(601);
  EXPECT_EQ(screen.text(),
            "training  50 %  501/1000 steps\n"
            "training  60 %  601/1000 steps  10.0 steps/s  40 s left\n");
}

TEST(Progress, AResumedRunWithNothingLeftIsAtItsEnd) {
  Screen screen;
  ProgressOptions options = screen.options(kLines, 12);
  options.start = 12;
  Progress progress("training", options);
  screen.seconds += 2;
  progress.finish();
  EXPECT_EQ(screen.text(), "training 100 %  12/12 steps  in 2.0 s\n");
}

TEST(Progress, AFractionGivenByTheCallerCountsForTheTimeLeft) {
  Screen screen;
  Progress progress("training", screen.options(kLines, 0));
  progress.update(1, "", 0.05);
  screen.seconds += 60;
  progress.update(8, "", 0.25);
  EXPECT_EQ(screen.text(),
            "training   5 %  1 steps\n"
            "training  25 %  8 steps  8.6 s/step  3 min 45 s left\n");
}

TEST(Progress, ARateOfLessThanASecondIsNotShown) {
  Screen screen;
  Progress progress("x", screen.options(kBar, 100));
  progress.update(1);
  screen.seconds += 0.9;
  progress.update(50);
  progress.finish();
  EXPECT_EQ(screen.text().find("/s"), std::string::npos) << screen.text();
}

}  // namespace
}  // namespace dojo
