#include "dojo/base/clock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace dojo {
namespace {

TEST(Clock, TheAgeOfAProcessGrowsAsTheClockDoes) {
  const double age = process_seconds();
  EXPECT_GT(age, 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_GE(process_seconds() - age, 0.04);
}

TEST(Clock, AProcessThatWasForkedIsYoungerThanThisOne) {
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const double age = process_seconds(), clock = steady_seconds();
  const pid_t child = fork();
  if (child == 0) {
    const double age_of_parent = age + (steady_seconds() - clock);
    _exit(process_seconds() < age_of_parent - 0.05 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace dojo
