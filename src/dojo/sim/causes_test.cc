#include "dojo/sim/causes.h"

#include <gtest/gtest.h>

namespace dojo::sim {
namespace {

constexpr PlaceId kFrom[] = {0}, kTo[] = {1};

// A thread that does one thing after the other.
void work(Causes* causes, size_t thread, Cycles cycles) {
  for (Cycles now = 0; now < cycles; ++now) {
    causes->thread_goes_on(0, thread, static_cast<uint32_t>(now));
    causes->took(0, thread, static_cast<uint32_t>(now), Cause::kIdle, now + 1);
  }
  causes->thread_goes_on(0, thread, 0);
}

TEST(Causes, OfAThreadAreItsOwnSteps) {
  Causes causes(1, 0);
  work(&causes, 0, 3);
  const std::vector<CauseStep> chain = causes.chain();
  ASSERT_EQ(chain.size(), 3u);
  for (Cycles i = 0; i < 3; ++i) {
    EXPECT_EQ(chain[static_cast<size_t>(i)].end, i + 1);
    EXPECT_EQ(chain[static_cast<size_t>(i)].pc, i);
  }
}

TEST(Causes, OfAThreadThatWaitsAreThoseOfTheMessage) {
  Causes causes(2, 0);
  causes.thread_goes_on(1, 0, 0);  // waits
  causes.took(0, 0, 5, Cause::kMatrix, 10);
  causes.thread_goes_on(0, 0, 6);
  causes.sent(0, kFrom[0], kTo, 64, 11, Cause::kSignal);
  causes.arrives({.kind = Arrival::Kind::kWritten, .message = 0, .place = 1}, 30);
  causes.woken(1, 0, 0, 31);
  causes.thread_goes_on(1, 0, 1);
  std::vector<std::pair<Cycles, Cause>> chain;
  for (const CauseStep& step : causes.chain()) chain.emplace_back(step.end, step.cause);
  EXPECT_EQ(
      chain,
      (std::vector<std::pair<Cycles, Cause>>{
          {10, Cause::kMatrix}, {11, Cause::kIssue}, {30, Cause::kSignal}, {31, Cause::kIssue}}));
}

TEST(Causes, WhatNoChainLeadsToIsThrownAway) {
  Causes causes(1, 0);
  work(&causes, 0, 1000);
  causes.is_done(0, 0);
  work(&causes, 1, 1'000'000);
  EXPECT_EQ(causes.chain().size(), 1'000'000u);
  EXPECT_GE(causes.num_steps(), 1'000'000u);
  EXPECT_LT(causes.num_steps(), 1'001'000u);
}

TEST(Causes, TheOldestAreForgottenWhereThereIsNoRoom) {
  for (const Cycles cycles : {64, 65, 97, 1000, 100'000}) {
    Causes causes(1, 0, 64);
    work(&causes, 0, cycles);
    const std::vector<CauseStep> chain = causes.chain();
    EXPECT_LE(causes.num_steps(), 65u);
    EXPECT_GE(chain.size(), 32u);
    EXPECT_EQ(chain.back().end, cycles);
    EXPECT_EQ(chain.front().cause, Cause::kForgotten);
    EXPECT_EQ(chain.front().end, cycles - std::ssize(chain) + 1);
    for (size_t i = 1; i < chain.size(); ++i) EXPECT_EQ(chain[i].cause, Cause::kIdle);
  }
}

}  // namespace
}  // namespace dojo::sim
