#include "dojo/cli/neighbour.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace dojo {
namespace {

// Of the processes that have ended.
double child_seconds() {
  rusage r{};
  getrusage(RUSAGE_CHILDREN, &r);
  return static_cast<double>(r.ru_utime.tv_sec) + 1e-6 * static_cast<double>(r.ru_utime.tv_usec);
}

TEST(Neighbour, WorksWhenAskedAndIsGoneAtItsEnd) {
  const auto pause = [] { std::this_thread::sleep_for(std::chrono::milliseconds(200)); };
  double before = child_seconds();
  {
    Neighbour idle;
    pause();
  }
  const double resting = child_seconds() - before;
  before = child_seconds();
  {
    Neighbour busy;
    busy.work();
    pause();
    busy.rest();
  }
  EXPECT_GT(child_seconds() - before, resting);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace dojo
