#include "dojo/video/bench/measure.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "dojo/base/error.h"

namespace dojo::bench {
namespace {

TEST(MeasureInChild, GivesWhatTheBodyReturned) {
  const Measured m = measure_in_child("this", 60, [] {
    return Measured{.cpu_seconds = 1.5, .wall_seconds = 2, .clips = 3, .frames_decoded = 4};
  });
  EXPECT_EQ(m.cpu_seconds, 1.5);
  EXPECT_EQ(m.clips, 3);
  EXPECT_EQ(m.frames_decoded, 4);
}

TEST(MeasureInChild, CarriesErrorsWithTheirCategory) {
  try {
    measure_in_child("this", 60, []() -> Measured {
      throw Error(Category::kUnsupported, "no such codec", "a.mp4");
    });
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kUnsupported);
    EXPECT_EQ(e.message(), "no such codec");
    EXPECT_EQ(e.where(), "a.mp4");
  }
}

TEST(MeasureInChild, ACrashIsAnErrorThatNamesTheCase) {
  try {
    measure_in_child("the crash", 60, []() -> Measured {
      std::signal(SIGSEGV, SIG_DFL);
      std::raise(SIGSEGV);
      return {};
    });
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kInput);
    EXPECT_NE(e.message().find("the crash"), std::string::npos);
  }
}

TEST(MeasureInChild, AHangIsAnErrorThatNamesTheCase) {
  const Stopwatch watch;
  try {
    measure_in_child("the hang", 0.3, []() -> Measured {
      while (true) pause();
    });
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kInput);
    EXPECT_NE(e.message().find("the hang has not ended"), std::string::npos) << e.message();
  }
  EXPECT_LT(watch.wall_seconds(), 10);
}

TEST(Stopwatch, CountsWorkOfTheProcessorAndNotSleep) {
  const Stopwatch watch;
  usleep(100'000);
  EXPECT_GE(watch.wall_seconds(), 0.1);
  EXPECT_LT(watch.cpu_seconds(), 0.05);
  while (watch.cpu_seconds() < 0.1) {
  }
  EXPECT_GE(watch.wall_seconds(), 0.15);
}

}  // namespace
}  // namespace dojo::bench
