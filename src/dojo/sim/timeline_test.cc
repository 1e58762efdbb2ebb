#include "dojo/sim/timeline.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "dojo/program/text.h"

namespace dojo::sim {
namespace {

class TimelineTest : public testing::Test {
 protected:
  static Cycles at(const std::vector<Timeline::Bin>& bins, size_t bin, Spent on) {
    return bins[bin][static_cast<size_t>(on)];
  }
  static Cycles sum(const std::vector<Timeline::Bin>& bins, Spent on) {
    Cycles all = 0;
    for (const Timeline::Bin& bin : bins) all += bin[static_cast<size_t>(on)];
    return all;
  }

  const program::Program program = program::parse_program(
      "program \"test\" { nodes 2 x 1 layout main { code at 0 size 1024 } class each uses main { "
      "on [0:+2, 0] thread 0 { idle 1 } } }");
  const program::NodeMap map{program};
};

TEST_F(TimelineTest, SumsUpAllNodesAndFollowsSome) {
  Timeline timeline(map, 1, {{1, 0}});
  timeline.spent({.cell = 0, .thread = 0, .on = Spent::kMatrix, .begin = 0, .end = 10});
  timeline.spent({.cell = 1, .thread = 2, .on = Spent::kMatrix, .begin = 4, .end = 6});
  timeline.link({.begin = 3, .end = 5});
  EXPECT_EQ(timeline.bin_cycles(), 1);
  EXPECT_EQ(timeline.num_bins(), 10u);
  EXPECT_EQ(at(timeline.all(), 3, Spent::kMatrix), 1);
  EXPECT_EQ(at(timeline.all(), 4, Spent::kMatrix), 2);
  EXPECT_EQ(sum(timeline.thread(0, 2), Spent::kMatrix), 2);
  EXPECT_EQ(sum(timeline.thread(0, 0), Spent::kMatrix), 0);
  EXPECT_EQ(timeline.links()[2], 0);
  EXPECT_EQ(timeline.links()[4], 1);
}

TEST_F(TimelineTest, BinsDoubleWhenTheRunGetsLonger) {
  Timeline timeline(map, 1, {{0, 0}});
  timeline.spent({.cell = 0, .on = Spent::kIdle, .begin = 0, .end = 256});
  EXPECT_EQ(timeline.bin_cycles(), 1);
  timeline.link({.begin = 1, .end = 4});
  timeline.spent({.cell = 0, .on = Spent::kOther, .begin = 256, .end = 257});
  EXPECT_EQ(timeline.bin_cycles(), 2);
  EXPECT_EQ(timeline.num_bins(), 129u);
  EXPECT_EQ(at(timeline.all(), 0, Spent::kIdle), 2);
  EXPECT_EQ(at(timeline.all(), 128, Spent::kOther), 1);
  EXPECT_EQ(at(timeline.thread(0, 0), 127, Spent::kIdle), 2);
  EXPECT_EQ(timeline.links()[0], 1);
  EXPECT_EQ(timeline.links()[1], 2);
  // Far ahead, many times at once, and nothing is lost.
  timeline.spent({.cell = 0, .on = Spent::kOther, .begin = 99'999, .end = 100'000});
  EXPECT_EQ(timeline.bin_cycles(), 512);
  EXPECT_EQ(timeline.num_bins(), 196u);
  EXPECT_EQ(sum(timeline.all(), Spent::kIdle), 256);
  EXPECT_EQ(sum(timeline.all(), Spent::kOther), 2);
  EXPECT_EQ(std::accumulate(timeline.links().begin(), timeline.links().end(), Cycles{0}), 3);
  // What ends later than it began is told late.
  timeline.spent({.cell = 0, .on = Spent::kMatrix, .begin = 0, .end = 1024});
  EXPECT_EQ(at(timeline.all(), 1, Spent::kMatrix), 512);
}

TEST_F(TimelineTest, EachClassHasItsOwnAndOfManyTheLastOnesShareOne) {
  std::string text = "program \"test\" { nodes 27 x 1 layout main { code at 0 size 1024 } ";
  for (int i = 0; i < 27; ++i)
    text += fmt::format("class c{0} uses main {{ on [{0}, 0] thread 0 {{ idle 1 }} }} ", i);
  const program::NodeMap many(program::parse_program(text + "}"));
  Timeline timeline(many, 27, {});
  for (size_t cell = 0; cell < 27; ++cell)
    timeline.spent({.cell = cell, .on = Spent::kIdle, .begin = 0, .end = 1});
  ASSERT_EQ(timeline.classes().size(), Timeline::kMostClasses + 1);
  for (size_t c = 0; c < Timeline::kMostClasses; ++c)
    EXPECT_EQ(sum(timeline.classes()[c], Spent::kIdle), 1) << c;
  EXPECT_EQ(sum(timeline.classes().back(), Spent::kIdle), 3);
  EXPECT_EQ(sum(timeline.all(), Spent::kIdle), 27);
}

TEST_F(TimelineTest, NoTimeIsNoBin) {
  Timeline timeline(map, 1, {});
  timeline.link({.begin = 7, .end = 7});
  EXPECT_EQ(timeline.num_bins(), 0u);
}

}  // namespace
}  // namespace dojo::sim
