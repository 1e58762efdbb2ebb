#include "dojo/sim/trace/trace.h"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

#include "dojo/program/text.h"
#include "dojo/sim/test_run.h"

namespace dojo::sim {
namespace {

constexpr char kTwoNodes[] = R"(program "test" { nodes 2 x 1
  layout main { code at 0 size 1024 a: f32[16] at 1024 b: f32[16] at 1088 semaphore s }
  class first uses main { on [0, 0] thread 0 { idle 5 loop k < 2 { idle 3 }
                                               copy to node(1, 0): b = a; there s } }
  class last uses main { on [1, 0] thread 2 { wait s } } })";

class Calls : public Recorder {
 public:
  using Call = std::tuple<size_t, size_t, int64_t, Cycles>;  // cell, thread, pc or -1, cycle

  void instruction(size_t cell, size_t thread, uint32_t pc, Cycles now) override {
    threads.emplace_back(cell, thread, pc, now);
  }
  void nothing(size_t cell, size_t thread, Cycles now) override {
    threads.emplace_back(cell, thread, -1, now);
  }
  void link(machine::Coord from, machine::Side side, Cycles begin, Cycles end, int64_t flits,
            bool is_short) override {
    EXPECT_EQ(from, (machine::Coord{0, 0}));
    EXPECT_EQ(side, machine::Side::kEast);
    EXPECT_EQ(flits, 1);
    EXPECT_TRUE(is_short);
    links.emplace_back(begin, end);
  }

  std::vector<Call> threads;
  std::vector<std::pair<Cycles, Cycles>> links;
};

TEST(Recorder, IsToldWhenEachInstructionBegins) {
  Calls calls;
  TestRun run(kTwoNodes, {.values = false, .recorder = &calls});
  const Result& result = run.simulator.run();
  using Call = Calls::Call;
  // Entering the loop takes a cycle, and so does each turn.
  EXPECT_EQ(calls.threads, (std::vector<Call>{{0, 0, 0, 0},
                                              {0, 0, -1, 5},
                                              {0, 0, 2, 6},
                                              {0, 0, -1, 9},
                                              {0, 0, 2, 10},
                                              {0, 0, -1, 13},
                                              {1, 2, 0, 0},
                                              {0, 0, 4, 14},
                                              {0, 0, -1, 15},
                                              {1, 2, -1, 27}}));
  // 1 in the list engine, 1 to the router and 4 in it.
  EXPECT_EQ(calls.links, (std::vector<std::pair<Cycles, Cycles>>{{20, 21}}));
  EXPECT_EQ(cycles_of(kTwoNodes), result.cycles);
}

TEST(Trace, HasASliceForEachInstructionOfTheChosenNodes) {
  const program::Program program = program::parse_program(kTwoNodes);
  Trace all(program, {{0, 4}, {0, 4}}), last(program, {{1, 1}, {0, 1}});
  EXPECT_EQ(all.num_nodes(), 2);
  EXPECT_EQ(last.num_nodes(), 1);
  for (Trace* trace : {&all, &last}) {
    TestRun run(kTwoNodes, {.values = false, .recorder = trace});
    const std::string& bytes = trace->finish(run.simulator.run().cycles);
    EXPECT_EQ(bytes.find("idle 5") != std::string::npos, trace == &all);
    EXPECT_EQ(bytes.find("link east") != std::string::npos, trace == &all);
    EXPECT_NE(bytes.find("wait s"), std::string::npos);
    EXPECT_FALSE(trace->is_cut());
  }
}

// Each byte, as Perfetto's .proto files have it.
TEST(PerfettoTrace, IsProtobuf) {
  PerfettoTrace trace;
  const uint64_t track = trace.track("t");
  trace.slice(track, "ab", 3, 300);
  const std::string expected =
      std::string("\x0a\x0e\x50\x01\xe2\x03\x09\x08\x01\x12\x01t\x58\x03\x60\x01", 16) +
      std::string(
          "\x0a\x0f\x40\x03\x50\x01\x5a\x09\x48\x01\x58\x01\xba\x01\x02"
          "ab",
          17) +
      std::string("\x0a\x0b\x40\xac\x02\x50\x01\x5a\x04\x48\x02\x58\x01", 13);
  EXPECT_EQ(trace.bytes(), expected);
}

}  // namespace
}  // namespace dojo::sim
