#include "dojo/base/interrupt.h"

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

TEST(Interrupt, ThrowsOnlyInsideAGuardThatAskedForIt) {
  throw_if_interrupted();
  const InterruptGuard guard(InterruptGuard::kThrow);
  throw_if_interrupted();
  std::raise(SIGTERM);
  try {
    throw_if_interrupted();
    FAIL() << "nothing was thrown";
  } catch (const Interrupted& interrupted) {
    EXPECT_EQ(interrupted.signal, SIGTERM);
  }
}

TEST(Interrupt, AGuardInsideAnotherGetsItsSignalAndHandlesIt) {
  const InterruptGuard outer(InterruptGuard::kThrow);
  std::raise(SIGINT);
  {
    const InterruptGuard inner;
    EXPECT_EQ(inner.signal(), SIGINT);
    throw_if_interrupted();  // the inner one asks
  }
  throw_if_interrupted();  // handled
  std::raise(SIGINT);
  EXPECT_THROW(throw_if_interrupted(), Interrupted);
}

}  // namespace
}  // namespace dojo
