#include "dojo/sim/trace_file.h"

#include <gtest/gtest.h>

#include "dojo/base/protobuf.h"
#include "dojo/program/text.h"
#include "dojo/sim/test_run.h"

namespace dojo::sim {
namespace {

constexpr std::string_view kProgram =
    "program \"one\" { nodes 1 x 1 layout main { code at 0 size 1024 semaphore s }\n"
    "class only uses main { on [0, 0]\n thread 1 {\n idle 3\n wait s } } }";

std::string trace_of(std::string_view text, int64_t clock_hz) {
  Recorder recorder(program::parse_program(text), 1, {.nodes = {{0, 0}}});
  TestRun run(text, {.level = Level::kBurst, .values = false, .observer = &recorder});
  run.simulator.run();
  std::string bytes;
  write_trace(recorder,
              {.program = run.program,
               .lines = run.lines,
               .clock_hz = clock_hz,
               .columns = 1,
               .num_machine_nodes = 1},
              [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

ProtoMessage packet(ProtoMessage fields) { return ProtoMessage().message(1, fields.number(10, 1)); }

ProtoMessage argument(int name, int value) {
  return ProtoMessage().number(1, name).number(4, value);
}

// Byte for byte, as the numbers of Perfetto's fields say (tests/e2e/trace_test.py reads it with
// Perfetto's own classes).
TEST(TraceFile, IsThatOfAnIdleThread) {
  // Nobody signals s: the wait begins and ends in cycle 3.
  ProtoMessage arguments;
  int i = 0;
  for (const char* name : {"cycle", "cycles", "line", "instruction", "bytes", "others"})
    arguments.message(3, ProtoMessage().number(1, ++i).text(2, name));
  std::string expected = packet(ProtoMessage().number(13, 1).message(12, arguments)).bytes();
  expected +=
      packet(
          ProtoMessage().message(
              60,
              ProtoMessage().number(1, 1).text(2, "node (0, 0), only").number(11, 3).number(12, 1)))
          .bytes();
  expected += packet(ProtoMessage().message(60, ProtoMessage()
                                                    .number(1, 2)
                                                    .text(2, "thread 1")
                                                    .number(5, 1)
                                                    .number(11, 3)
                                                    .number(12, 2)))
                  .bytes();
  const ProtoMessage interned = ProtoMessage()
                                    .message(1, ProtoMessage().number(1, 1).text(2, "idle"))
                                    .message(2, ProtoMessage().number(1, 1).text(2, "idle 3"));
  expected += packet(ProtoMessage()
                         .number(8, 0)
                         .number(13, 2)
                         .message(12, interned)
                         .message(11, ProtoMessage()
                                          .number(3, 1)
                                          .number(10, 1)
                                          .message(4, argument(3, 4))
                                          .message(4, argument(1, 0))
                                          .message(4, argument(2, 3))
                                          .number(9, 1)
                                          .number(11, 2)))
                  .bytes();
  expected += packet(ProtoMessage().number(8, 1).number(13, 2).message(
                         11, ProtoMessage().number(9, 2).number(11, 2)))
                  .bytes();  // 3 cycles at 2 GHz
  EXPECT_EQ(trace_of(kProgram, 2'000'000'000), expected);
}

TEST(TraceFile, TimeIsExactForLongRunsAndOddClocks) {
  const auto ends_at = [](int64_t cycles, int64_t clock_hz, uint64_t nanoseconds) {
    std::string text(kProgram);
    text.replace(text.find("idle 3"), 6, "idle " + std::to_string(cycles));
    const std::string time = ProtoMessage().number(8, nanoseconds).number(13, 2).bytes();
    return trace_of(text, clock_hz)
               .find(
                   time +
                   ProtoMessage().message(11, ProtoMessage().number(9, 2).number(11, 2)).bytes()) !=
           std::string::npos;
  };
  EXPECT_TRUE(ends_at(3'000'000'001, 2'000'000'000, 1'500'000'000));
  EXPECT_TRUE(ends_at(1, 3'000'000'000, 0));
  EXPECT_TRUE(ends_at(200'000'000'000, 999'999'937, 200'000'012'600));
  EXPECT_TRUE(ends_at(7, 0, 7));  // a clock of which nothing is known
}

}  // namespace
}  // namespace dojo::sim
