#include "dojo/train/interrupt.h"

#include <gtest/gtest.h>

namespace dojo {
namespace {

TEST(Interrupt, TheFirstSignalIsRemembered) {
  InterruptGuard guard;
  EXPECT_EQ(guard.signal(), 0);
  std::raise(SIGTERM);
  EXPECT_EQ(guard.signal(), SIGTERM);
}

TEST(Interrupt, ANewGuardStartsAfresh) {
  {
    InterruptGuard guard;
    std::raise(SIGINT);
  }
  InterruptGuard guard;
  EXPECT_EQ(guard.signal(), 0);
}

TEST(InterruptDeathTest, TheSecondSignalEndsTheProcess) {
  EXPECT_EXIT(
      {
        InterruptGuard guard;
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      testing::ExitedWithCode(128 + SIGINT), "");
}

TEST(Interrupt, FormerHandlersComeBack) {
  struct sigaction before, after;
  ::sigaction(SIGINT, nullptr, &before);
  { InterruptGuard guard; }
  ::sigaction(SIGINT, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

}  // namespace
}  // namespace dojo
