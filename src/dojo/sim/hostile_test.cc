// Programs and machines from anybody: mutations of what is right either are refused with what is
// wrong and where, or run to an end that is defined: done, waiting for ever, an error that values
// show, or the last cycle that is allowed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/random.h"
#include "dojo/machine/load.h"
#include "dojo/program/node_map.h"
#include "dojo/program/text.h"
#include "dojo/sim/simulator.h"

namespace dojo::sim {
namespace {

std::vector<std::string> files(const std::string& folder, const std::string& ending) {
  std::vector<std::string> texts;
  for (const auto& entry : std::filesystem::directory_iterator(DOJO_SOURCE_DIR "/" + folder))
    if (entry.path().extension() == ending) texts.push_back(read_file(entry.path(), 1 << 20));
  std::sort(texts.begin(), texts.end());
  return texts;
}

std::string mutated(std::string text, dojo::Random* random) {
  static constexpr const char* kNumbers[] = {"0", "1", "2", "3", "7", "64", "-1", "4294967296"};
  static constexpr const char* kPieces[] = {
      "wait full",          "signal full", "phase", "loop k < 3 {", "}",
      "idle 1000000000000", "transposed",  "x",     "barrier",      "node(1 - x, y)",
      "vector a = move 1.0"};
  const auto line_behind = [&](size_t at) {  // [begin, end), empty if there is none
    const size_t begin = std::min(text.find('\n', at), text.size());
    return std::pair{begin, std::min(text.find('\n', begin + 1), text.size())};
  };
  for (int64_t n = random->chance(0.7) ? 1 : 3; n > 0; --n) {
    const auto at = static_cast<size_t>(random->below(std::ssize(text)));
    const auto there = static_cast<size_t>(random->below(std::ssize(text)));
    const auto [begin, end] = line_behind(at);
    switch (random->below(8)) {
      case 0:
        text.erase(at, static_cast<size_t>(1 + random->below(20)));
        break;
      case 1:
        text.erase(begin, end - begin);
        break;
      case 2:  // the line is there twice
        text.insert(line_behind(there).first, text.substr(begin, end - begin));
        break;
      case 3:
      case 4:
        text.insert(begin, fmt::format("\n{}", kPieces[random->below(std::ssize(kPieces))]));
        break;
      default:
        if (const size_t digit = text.find_first_of("0123456789", at); digit != std::string::npos)
          text.replace(digit, 1, kNumbers[random->below(std::ssize(kNumbers))]);
    }
    if (text.empty()) text = " ";
  }
  return text;
}

class Hostile : public testing::Test {
 protected:
  // What the run came to.
  std::string end_of(const std::string& program_text, const machine::Machine& machine,
                     const Options& options) {
    try {
      program::SourceLines lines;
      const program::Program program = program::parse_program(program_text, "f", &lines);
      Simulator simulator(program, machine, options, &lines);
      if (options.values) fill(program, &simulator);
      const Result& result = simulator.run();
      for (const Stuck& stuck : result.stuck) {
        EXPECT_FALSE(stuck.what.empty()) << program_text;
        EXPECT_GE(lines.line(stuck.site), 1u) << program_text;
      }
      EXPECT_LE(result.cycles, options.most_cycles) << program_text;
      return result.stuck.empty() ? "done" : "stuck";
    } catch (const Error& error) {
      EXPECT_FALSE(error.message().empty()) << program_text;
      EXPECT_FALSE(error.where().empty()) << error.what() << "\n" << program_text;
      if (options.level == Level::kFlit &&
          (error.category() == Category::kConfig || error.category() == Category::kUnimplemented))
        return "no network";  // of such routers
      EXPECT_TRUE(error.category() == Category::kInput ||
                  error.category() == Category::kUnsupported)
          << error.what() << "\n"
          << program_text;
      return error.where().starts_with("cycle ")                      ? "failed"
             : error.message().starts_with("the program is not done") ? "too long"
                                                                      : "refused";
    }
  }

  static void fill(const program::Program& program, Simulator* simulator) {
    for (size_t i = 0; i < program.allocations.size(); ++i) {
      const program::Allocation& a = program.allocations[i];
      if (!a.is_input || program.layout(a.layout).of != program::Layout::Of::kNodes) continue;
      const std::vector<std::byte> zeros(static_cast<size_t>(a.num_bytes()));
      for (const program::NodeClass& c : program.classes)
        for (const program::ClassRegion& r : c.regions)
          if (c.layout == a.layout)
            program::for_each_node(r.region, [&](program::Coord node) {
              simulator->write(program::AllocationId{static_cast<int32_t>(i)}, node, zeros);
            });
    }
  }

  const std::vector<std::string> programs_ = files("src/dojo/program/examples", ".program");
};

TEST_F(Hostile, AThousandProgramsAndMachinesComeToAnEnd) {
  const std::vector<std::string> machines = files("machines", ".json");
  const machine::Machine unit = machine::load_machine("unit");
  std::map<std::string, int> ends;
  for (uint64_t i = 0; i < 1000; ++i) {
    dojo::Random random(1, stream_id("hostile runs"), i);
    const std::string& seed = programs_[static_cast<size_t>(random.below(std::ssize(programs_)))];
    static constexpr Level kLevels[] = {Level::kBurst, Level::kFlit, Level::kFunctional};
    const Options options{
        .level = kLevels[random.below(3)], .values = random.chance(0.5), .most_cycles = 100'000};
    if (i % 4 != 0) {
      ++ends[end_of(mutated(seed, &random), unit, options)];
      continue;
    }
    try {
      const machine::Machine machine = machine::parse_machine(
          mutated(machines[static_cast<size_t>(random.below(std::ssize(machines)))], &random),
          "m.json");
      ++ends["machine: " + end_of(seed, machine, options)];
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::kInput) << error.what();
      EXPECT_NE(std::string(error.what()).find(".json"), std::string::npos) << error.what();
      ++ends["machine: refused"];
    }
  }
  // Each way out is taken often enough to be tested.
  for (const auto& [end, least] : std::map<std::string, int>{{"refused", 200},
                                                             {"done", 100},
                                                             {"stuck", 10},
                                                             {"failed", 10},
                                                             {"too long", 3},
                                                             {"machine: refused", 50},
                                                             {"machine: done", 30}})
    EXPECT_GE(ends[end], least) << end;
}

TEST_F(Hostile, NoTimeOverflowsAndNoMemoryIsTakenWithoutEnd) {
  const auto one = [](std::string_view instructions, std::string_view layout = "") {
    return "program \"p\" { nodes 2 x 1 layout l { code at 0 size 4096 a: f32[16] at 4096 "
           "semaphore s " +
           std::string(layout) + " } class c uses l { on [0:+2, 0] thread 0 { " +
           std::string(instructions) + " } } }";
  };
  const machine::Machine unit = machine::load_machine("unit");
  const Options time{.values = false};
  const Options values{.level = Level::kFunctional, .most_cycles = 100'000};
  std::string idles;
  for (int i = 0; i < 40; ++i) idles += "idle 1099511627776 ";
  EXPECT_EQ(end_of(one(idles), unit, time), "too long");
  EXPECT_EQ(
      end_of(one("loop a < 16777216 { loop b < 16777216 { idle 1099511627776 } }"), unit, time),
      "too long");
  EXPECT_EQ(end_of(one("vector a[0] = sum_lanes a[0:+68719476736:0]"), unit, time), "refused");
  EXPECT_EQ(end_of(one("vector a[0] = sum_lanes a[0:+134217728:0]"), unit, values), "refused");
  EXPECT_EQ(
      end_of(one("copy to node(1 - x, 0): a[0:+536870912:0] = a[0:+536870912:0]"), unit, time),
      "refused");
  EXPECT_EQ(
      end_of(one("copy to node(1 - x, 0): a[0:+134217728:0] = a[0:+134217728:0]"), unit, time),
      "done");
  EXPECT_EQ(end_of(one("signal s by 1099511627776"), unit, time), "failed");
  EXPECT_EQ(end_of(one("signal node(x + 1, 0) s"), unit, time), "failed");
  EXPECT_EQ(end_of(one("wait s by 1099511627776"), unit, time), "stuck");
  // Slow and quick machines.
  const auto changed = [](std::vector<machine::Change> changes) {
    return machine::load_machine("unit", changes);
  };
  const std::string copies =
      one("loop k < 100 { copy to node(1 - x, 0): a = a; here s signal node(1 - x, 0) s }");
  EXPECT_EQ(end_of(copies,
                   changed({{"node/edge/east_west", "0.000001 B/cycle"},
                            {"node/instructions/transfer/interval", "1000000000"},
                            {"node/router/injection", "1000000000"}}),
                   time),
            "done");
  EXPECT_EQ(
      end_of(copies, changed({{"node/edge/east_west", "10000000"}, {"node/clock", "1 Hz"}}), time),
      "done");
}

}  // namespace
}  // namespace dojo::sim
