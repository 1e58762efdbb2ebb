// Spans that are told to who looks on, on machines/unit.json: time_test.cc counts the same by hand.
#include "dojo/sim/recorder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "dojo/machine/load.h"
#include "dojo/machine/topology.h"
#include "dojo/program/text.h"
#include "dojo/sim/test_run.h"

namespace dojo::sim {
namespace {

constexpr std::string_view kCopy =
    "program \"copy\" { nodes 2 x 1 layout main { code at 0 size 1024 "
    "a: bf16[64] at 1024 input b: bf16[64] at 1152 doubled: f32[64] at 1280 output semaphore full }"
    "class sender uses main { on [0, 0] thread 2 { copy to node(x + 1, y): b = a; there full } }"
    "class receiver uses main { on [1, 0] thread 0 { wait full vector doubled = add b, b } } }";

struct Recorded {
  explicit Recorded(std::string_view text, Recorder::Options recorded,
                    const machine::Machine& machine = unit_machine(), int32_t columns = 3)
      : recorder(program::parse_program(text), columns, std::move(recorded)),
        run(text, {.level = Level::kBurst, .values = false, .observer = &recorder}, &machine) {
    result = &run.simulator.run();
  }
  Recorder recorder;
  TestRun run;
  const Result* result;
};

// What a thread, a unit and a link did is what the statistics say.
void expect_sums(const Recorded& recorded) {
  for (const RecordedNode& node : recorded.recorder.nodes()) {
    const program::NodeMap map(recorded.run.program);
    const NodeStats& stats = recorded.result->nodes[map.cell(node.node)];
    std::array<Cycles, kNumSpent> spent{};
    for (const auto& thread : node.threads) {
      Cycles at = 0;
      for (const RecordedNode::InThread& span : thread) {
        EXPECT_EQ(span.begin, at);  // without gaps, and none over another
        EXPECT_LT(span.begin, span.end);
        at = span.end;
        spent[static_cast<size_t>(span.on)] += span.end - span.begin;
      }
    }
    EXPECT_EQ(spent, stats.spent);
  }
}

TEST(Recorder, ACopyAndAnAdditionCountedByHand) {
  const Recorded recorded(kCopy, {.nodes = {{0, 0}, {1, 0}}});
  EXPECT_EQ(recorded.result->cycles, 25);
  expect_sums(recorded);
  const RecordedNode& sender = recorded.recorder.nodes()[0];
  ASSERT_EQ(sender.threads[2].size(), 1u);
  EXPECT_EQ(sender.threads[2][0].end, 1);  // the list engine takes it
  // From 1 on: 1 out of SRAM, 4 in the router; two flits on the link.
  const auto& link = sender.links[static_cast<size_t>(machine::Side::kEast)];
  ASSERT_EQ(link.size(), 1u);
  EXPECT_EQ(link[0].begin, 6);
  EXPECT_EQ(link[0].end, 8);
  EXPECT_EQ(link[0].bytes, 128);
  EXPECT_EQ(link[0].from, 0);

  const RecordedNode& receiver = recorded.recorder.nodes()[1];
  const auto& thread = receiver.threads[0];
  ASSERT_EQ(thread.size(), 3u);
  EXPECT_EQ(thread[0].on, Spent::kSemaphore);
  EXPECT_EQ(thread[0].end, 13);  // 1 + 11 + 1
  EXPECT_EQ(thread[1].on, Spent::kOther);
  EXPECT_EQ(thread[1].instruction, 0u);
  EXPECT_EQ(thread[2].on, Spent::kVector);
  EXPECT_EQ(thread[2].instruction, 1u);
  EXPECT_EQ(thread[2].end, 25);
  ASSERT_EQ(receiver.vector.size(), 1u);
  EXPECT_EQ(receiver.vector[0].begin, 14);
  EXPECT_EQ(receiver.vector[0].end, 22);  // the unit takes another one after 8
}

TEST(Recorder, LooksAtItsTimeOnly) {
  // The addition is from 14 to 25.
  const auto spans = [](Cycles from, Cycles to) {
    const Recorded recorded(kCopy, {.nodes = {{1, 0}}, .from = from, .to = to});
    return recorded.recorder.nodes()[0].threads[0].size();
  };
  EXPECT_EQ(spans(0, kNever), 3u);
  EXPECT_EQ(spans(24, kNever), 1u);
  EXPECT_EQ(spans(25, kNever), 0u);
  EXPECT_EQ(spans(0, 13), 1u);
  EXPECT_EQ(spans(0, 14), 2u);
}

TEST(Recorder, AMatmulThatMissesPortsIsOneSpan) {
  constexpr std::string_view kBoth =
      "program \"both\" { nodes 1 x 1 layout main { code at 0 size 1024 "
      "p: bf16[64, 64] at 1024 input q: bf16[64, 64] at 9216 input c: f32[64, 64] at 17408 "
      "a: f32[2048] at 33792 input b: f32[2048] at 41984 input d: f32[2048] at 50176 }"
      "class only uses main { on [0, 0] thread 0 { matmul 64 x 64 x 64: c = p * q } "
      "thread 1 { idle 20 vector d = add a, b } } }";
  const Recorded recorded(kBoth, {.nodes = {{0, 0}}});
  expect_sums(recorded);
  const RecordedNode& node = recorded.recorder.nodes()[0];
  EXPECT_EQ(node.threads[0].size(), 1u);
  EXPECT_EQ(node.matrix.size(), 1u);
  const auto alone = cycles_of(std::string(kBoth.substr(0, kBoth.find("thread 1"))) + "} }",
                               {.level = Level::kBurst});
  EXPECT_GT(node.threads[0][0].end, alone);  // it was longer than by itself
}

TEST(Recorder, LoopsBarriersAndPhasesLeaveNoGaps) {
  constexpr std::string_view kSteps =
      "program \"steps\" { nodes 3 x 1 layout main { code at 0 size 1024 "
      "a: f32[64] at 1024 input b: f32[64] at 1280 semaphore s } "
      "barrier all over [0:+3, 0] root (1, 0) "
      "class each uses main { on [0:+3, 0] thread 0 { loop k < 3 { vector b = add a, a signal s "
      "barrier all } phase idle 3 } "
      "thread 1 { loop k < 3 { wait s idle 40 } phase copy here: b = a } } }";
  const Recorded recorded(kSteps, {.nodes = {{0, 0}, {1, 0}, {2, 0}}});
  EXPECT_TRUE(recorded.result->stuck.empty());
  expect_sums(recorded);
  size_t at_barriers = 0;
  for (const auto& span : recorded.recorder.nodes()[0].threads[0])
    if (span.on == Spent::kBarrier) {
      ++at_barriers;
      EXPECT_EQ(span.instruction, 3u);
    }
  EXPECT_EQ(at_barriers, 3u);
}

TEST(Recorder, WhatWaitsForEverWaitsUntilTheEnd) {
  constexpr std::string_view kStuck =
      "program \"stuck\" { nodes 1 x 1 layout main { code at 0 size 1024 semaphore never } "
      "class only uses main { on [0, 0] thread 0 { idle 5 wait never } thread 1 { idle 90 } } }";
  const Recorded recorded(kStuck, {.nodes = {{0, 0}}});
  ASSERT_EQ(recorded.result->stuck.size(), 1u);
  const auto& thread = recorded.recorder.nodes()[0].threads[0];
  ASSERT_EQ(thread.size(), 2u);
  EXPECT_EQ(thread[1].on, Spent::kSemaphore);
  EXPECT_EQ(thread[1].begin, 5);
  EXPECT_EQ(thread[1].end, 90);
}

TEST(Recorder, LooksAtLinksOfInterfacesToo) {
  static const machine::Machine tray = machine::load_machine("tray");
  machine::Uses uses(tray);
  const machine::Topology topology(uses);
  const machine::Interface& interface = topology.interfaces()[0];
  const machine::Coord at = interface.first;
  ASSERT_TRUE(topology.is_live(topology.node_at(at)));
  const std::string load = fmt::format(
      "program \"load\" {{ nodes 1 x 1 place [0, 0] at ({}, {}) "
      "layout main {{ code at 0 size 1024 a: f32[64] at 1024 semaphore s }} "
      "layout outside on interfaces {{ w: f32[64] at 0 input }} "
      "class only uses main {{ on [0, 0] thread 0 {{ copy from interface(0) of outside: a = w; "
      "here s wait s }} }} }}",
      at.x, at.y);
  const Recorded recorded(load, {.nodes = {{0, 0}}}, tray, topology.size().x);
  const RecordedNode& node = recorded.recorder.nodes()[0];
  const auto side = static_cast<size_t>(interface.side);
  ASSERT_EQ(node.to_interface[side].size(), 1u);
  EXPECT_EQ(node.to_interface[side][0].bytes, 64);  // it asks
  ASSERT_EQ(node.from_interface[side].size(), 1u);
  EXPECT_EQ(node.from_interface[side][0].bytes, 256);
  EXPECT_EQ(node.from_interface[side][0].from, topology.size().x * topology.size().y);
}

TEST(Recorder, RefusesNodesThatDoNothing) {
  try {
    const Recorded recorded(kCopy, {.nodes = {{2, 0}}});
    ADD_FAILURE() << "there is no node (2, 0)";
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::kConfig);
    EXPECT_EQ(error.message(), "the program has no node (2, 0) that does anything");
  }
}

TEST(Recorder, LeavesOutWhatIsTooManyAndSaysSince) {
  EXPECT_FALSE(Recorded(kCopy, {.nodes = {{1, 0}}, .most_spans = 4}).recorder.full_since());
  const Recorded recorded(kCopy, {.nodes = {{1, 0}}, .most_spans = 2});
  EXPECT_EQ(recorded.recorder.full_since(), 14);
  EXPECT_EQ(recorded.recorder.nodes()[0].threads[0].size(), 2u);
  EXPECT_EQ(recorded.recorder.nodes()[0].vector.size(), 0u);
}

TEST(OneAfterTheOther, WhatIsLetInBetweenIsCountedWithWhatItInterrupts) {
  using On = RecordedNode::OnLink;
  const std::vector<On> spans =
      one_after_the_other({{.begin = 10, .end = 20, .bytes = 640, .order = 1},
                           {.begin = 12, .end = 13, .bytes = 64, .order = 2},
                           {.begin = 19, .end = 21, .bytes = 64, .order = 3},
                           {.begin = 21, .end = 30, .bytes = 576, .order = 4},
                           {.begin = 2, .end = 4, .bytes = 8, .order = 5}});
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(spans[0].begin, 2);
  EXPECT_EQ(spans[1].end, 21);
  EXPECT_EQ(spans[1].bytes, 768);
  EXPECT_EQ(spans[1].others, 2);
  EXPECT_EQ(spans[2].begin, 21);
  EXPECT_EQ(spans[2].others, 0);
}

}  // namespace
}  // namespace dojo::sim
