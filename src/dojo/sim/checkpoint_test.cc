// A run, and the same in two parts: nothing tells one from the other.
#include "dojo/sim/checkpoint.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/machine/load.h"
#include "dojo/sim/show.h"
#include "dojo/sim/test_run.h"
#include "dojo/sim/values/elements.h"

namespace dojo::sim {
namespace {

// Whatever a run says, and the bytes of all allocations that were written.
struct End {
  std::string said;
  std::string error;
  std::vector<std::byte> values;
  bool operator==(const End&) const = default;
};

void write_inputs(TestRun* run) {
  for (const program::Allocation& a : run->program.allocations) {
    if (!a.is_input) continue;
    std::vector<float> numbers(static_cast<size_t>(a.num_elements()));
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i % 7) - 3;
    if (run->program.layout(a.layout).of == program::Layout::Of::kNodes) {
      run->write_everywhere(a.name, numbers);
    } else {
      for (int64_t i = 0; i < run->simulator.num_interfaces(); ++i)
        run->write_interface(a.name, i, numbers);
    }
  }
}

std::vector<std::byte> all_values(const TestRun& run) {
  std::vector<std::byte> all;
  for (const program::NodeClass& c : run.program.classes) {
    const program::Layout& layout = run.program.layout(c.layout);
    for (int32_t i = 0; i < layout.num_allocations; ++i) {
      const program::AllocationId id{layout.first_allocation + i};
      for (const program::ClassRegion& r : c.regions)
        program::for_each_node(r.region, [&](program::Coord node) {
          if (!run.simulator.is_written(id, node)) return;
          const std::vector<std::byte> codes = run.simulator.read(id, node);
          all.insert(all.end(), codes.begin(), codes.end());
        });
    }
  }
  return all;
}

End run_to_end(std::string_view text, Options options, const machine::Machine& machine,
               const std::string* from = nullptr) {
  TestRun run(text, options, &machine);
  if (from)
    run.simulator.go_on_from(*from);
  else if (options.values)
    write_inputs(&run);
  End end;
  try {
    const Result& result = run.simulator.run();
    end.said =
        result_json(result, {run.program, run.lines, machine.name, options.level, options.values});
    for (const NodeStats& node : result.nodes) {
      for (const Cycles spent : node.spent) end.said += fmt::format(" {}", spent);
      end.said += fmt::format(" {} {}", node.products, node.sram_bytes);
    }
    if (options.values) end.values = all_values(run);
  } catch (const Error& error) {
    end.error = error.what();
  }
  return end;
}

// Runs, with a checkpoint at each of these cycles, and goes on from each.
void expect_same_from_each(std::string_view text, Options options, const machine::Machine& machine,
                           const std::vector<Cycles>& at) {
  const End whole = run_to_end(text, options, machine);
  std::vector<std::string> states;
  Checkpoints checkpoints;
  checkpoints.at = at;
  checkpoints.write = [&](Cycles, std::string_view state) { states.emplace_back(state); };
  options.checkpoints = &checkpoints;
  EXPECT_EQ(run_to_end(text, options, machine), whole);
  options.checkpoints = nullptr;
  EXPECT_FALSE(states.empty());
  for (const std::string& state : states) {
    SCOPED_TRACE(fmt::format("{} bytes", state.size()));
    const End end = run_to_end(text, options, machine, &state);
    EXPECT_EQ(end.error, whole.error);
    EXPECT_EQ(end.said, whole.said);
    EXPECT_TRUE(end.values == whole.values);
  }
}

std::vector<Cycles> every(Cycles step, Cycles end) {
  std::vector<Cycles> at;
  for (Cycles c = 0; c < end; c += step) at.push_back(c);
  return at;
}

const std::vector<Options> kKinds = {{.level = Level::kBurst, .values = false},
                                     {.level = Level::kBurst},
                                     {.level = Level::kBurst, .races = false},
                                     {.level = Level::kBurst, .threads = 3},
                                     {.level = Level::kFunctional}};

// Everything that a thread can wait for, loops, multicasts, interfaces, phases and barriers.
constexpr std::string_view kAll = R"(program "all" { nodes 4 x 3
  layout main { code at 0 size 4096 a: bf16[16, 32] at 4096 input b: bf16[4, 16, 32] at 8192
                c: f32[16, 16] at 16384 d: bf16[32, 16] at 20480 input
                e: bf16[16, 32] at 24576 input
                semaphore s semaphore room = 2 semaphore t[4] }
  layout dram on interfaces { far: bf16[16, 32] at 0 input }
  barrier all over [0:+4, 0:+3] root (1, 1) fan 2
  class every uses main { on [0:+4, 0:+3]
    thread 0 { loop k < 3 { matmul 16 x 16 x 32: c = a * d barrier all
                            vector c = add c, c } phase }
    thread 1 { loop k < 4 { copy to nodes[0:+4, y:+1]: b[x, k * 4:+4, :] = a[k * 4:+4, :]; there t[x] } phase }
    thread 2 { loop k < 4 { wait t[k] by 4 signal room } phase }
    thread 3 { wait room by 2 loop k < 2 { copy from interface(x) of dram: e = far; here s wait s
                                           signal node(3 - x, y) room idle k } wait room by 2 phase }
  } })";

// Long and short messages and copies of multicasts wait for the ports of nodes.
constexpr std::string_view kPorts = R"(program "ports" { nodes 3 x 2
  layout main { code at 0 size 4096 a: bf16[64, 32] at 4096 input b: bf16[6, 64, 32] at 8192
                c: bf16[64, 32] at 32768 d: bf16[64, 32] at 36864 e: bf16[2, 32] at 40960
                semaphore t[4] }
  class every uses main { on [0:+3, 0:+2]
    thread 0 { copy to nodes[0:+3, 0:+2]: b[y * 3 + x, :, :] = a; there t[0] wait t[0] by 6 }
    thread 1 { copy to node(2 - x, y): c = a; there t[1] wait t[1] }
    thread 2 { copy to node(x, 1 - y): d = a; there t[2] wait t[2] }
    thread 3 { copy to node(2 - x, 1 - y): e = a[0:+2, :]; there t[3] wait t[3] }
  } })";

TEST(Checkpoint, ARunGoesOnAsIfNothingHadHappened) {
  const machine::Machine die = machine::load_machine("d1_die");
  for (const Options& options : kKinds) {
    SCOPED_TRACE(fmt::format("{} {} {}", name(options.level), options.values, options.races));
    for (const char* example : {"two_node_copy", "ring_reduce", "gemm_2x2"}) {
      SCOPED_TRACE(example);
      const std::string text = read_file(
          fmt::format("{}/src/dojo/program/examples/{}.program", DOJO_SOURCE_DIR, example),
          1 << 20);
      expect_same_from_each(text, options, unit_machine(), every(13, 400));
      expect_same_from_each(text, options, die, every(101, 2000));
    }
    expect_same_from_each(kAll, options, unit_machine(), every(17, 700));
    EXPECT_EQ(run_to_end(kPorts, options, unit_machine()).error, "");
    expect_same_from_each(kPorts, options, unit_machine(), every(23, 1200));
  }
}

TEST(Checkpoint, AnErrorIsTheSame) {
  constexpr std::string_view kRace =
      "program \"race\" { nodes 1 x 1 layout main { code at 0 size 1024 a: f32[16] at 1024 } "
      "class only uses main { on [0, 0] thread 0 { vector a = move 1.0 } thread 1 { idle 5 vector "
      "a "
      "= move 2.0 } } }";
  expect_same_from_each(kRace, {.level = Level::kBurst}, unit_machine(), every(1, 8));
  constexpr std::string_view kStuck =
      "program \"stuck\" { nodes 2 x 1 layout main { code at 0 size 1024 semaphore s } class both "
      "uses main { on [0:+2, 0] thread 0 { idle 9 wait s } thread 1 { idle 20 } } }";
  expect_same_from_each(kStuck, {.level = Level::kBurst}, unit_machine(), every(3, 20));
}

TEST(Checkpoint, OfACheckpointIsTheSame) {
  std::vector<std::string> first, second;
  Checkpoints checkpoints{
      .at = {50, 90}, .write = [&](Cycles, std::string_view state) { first.emplace_back(state); }};
  Options options{.level = Level::kBurst, .checkpoints = &checkpoints};
  run_to_end(kAll, options, unit_machine());
  ASSERT_EQ(first.size(), 2u);
  checkpoints.write = [&](Cycles, std::string_view state) { second.emplace_back(state); };
  run_to_end(kAll, options, unit_machine(), &first[0]);
  ASSERT_EQ(second.size(), 1u);
  run_to_end(kAll, options, unit_machine(), &second[0]);
  EXPECT_EQ(second.size(), 1u);
  EXPECT_EQ(run_to_end(kAll, {.level = Level::kBurst}, unit_machine(), &second[0]),
            run_to_end(kAll, {.level = Level::kBurst}, unit_machine()));
}

TEST(Checkpoint, EveryIsAtMultiples) {
  std::vector<Cycles> at;
  Checkpoints checkpoints{.every = 10,
                          .write = [&](Cycles cycle, std::string_view) { at.push_back(cycle); }};
  constexpr std::string_view kIdle =
      "program \"idle\" { nodes 1 x 1 layout main { code at 0 size 1024 a: f32[16] at 1024 } class "
      "only uses main { on [0, 0] thread 0 { idle 15 vector a = move 1.0 idle 30 vector a = move "
      "1.0 } } }";
  run_to_end(kIdle, {.level = Level::kBurst, .values = true, .checkpoints = &checkpoints},
             unit_machine());
  // Events in 0, 15, 17, 47 and 49: of what is the same only the first.
  EXPECT_EQ(at, (std::vector<Cycles>{10, 20}));
}

TEST(Checkpoint, FlitsHaveNone) {
  Checkpoints checkpoints{.at = {5}, .write = [](Cycles, std::string_view) {}};
  EXPECT_THROW(TestRun(kAll, {.level = Level::kFlit, .checkpoints = &checkpoints}), Error);
}

// ---- Files ----

std::string state_of(const Options& options, Cycles at) {
  std::string found;
  Checkpoints checkpoints{
      .at = {at}, .write = [&](Cycles, std::string_view state) { found = std::string(state); }};
  Options with = options;
  with.checkpoints = &checkpoints;
  run_to_end(kAll, with, unit_machine());
  return found;
}

std::string file_of(const Options& options, const std::string& state) {
  TestRun run(kAll, options);
  return checkpoint_prefix(checkpoint_head("c0ffee", run.program, unit_machine(), options), state) +
         state;
}

TEST(Checkpoint, FilesThatAreCutOrChangedAreRefused) {
  const Options options{.level = Level::kBurst};
  const std::string state = state_of(options, 100), file = file_of(options, state);
  EXPECT_EQ(parse_checkpoint(file).state, state);
  EXPECT_EQ(parse_checkpoint(file).head.commit, "c0ffee");
  for (size_t size = 0; size < file.size(); size += size < 200 ? 1 : 997)
    EXPECT_THROW(parse_checkpoint(file.substr(0, size)), Error) << size;
  EXPECT_THROW(parse_checkpoint(file + '\0'), Error);
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    std::string changed = file;
    changed[i < 100 ? static_cast<size_t>(i) : random() % file.size()] ^=
        static_cast<char>(1 << random() % 8);
    EXPECT_THROW(parse_checkpoint(changed), Error) << i;
  }
}

TEST(Checkpoint, OfAnotherRunIsRefused) {
  const Options options{.level = Level::kBurst};
  TestRun run(kAll, options);
  const CheckpointHead head = checkpoint_head("", run.program, unit_machine(), options);
  require_same_run(head, head);
  CheckpointHead other = head;
  other.program_hash ^= 1;
  EXPECT_THROW(require_same_run(head, other), Error);
  const machine::Machine slower =
      machine::load_machine("unit", machine::parse_changes({"die/edge/latency=7"}));
  EXPECT_THROW(require_same_run(head, checkpoint_head("", run.program, slower, options)), Error);
  other = head;
  other.level = Level::kFunctional;
  EXPECT_THROW(require_same_run(head, other), Error);
  other = head;
  other.seed = 1;
  EXPECT_THROW(require_same_run(head, other), Error);
}

// With a right sum: whatever a state says is refused, or the run comes to an end.
TEST(Checkpoint, MadeUpStatesHarmNobody) {
  std::mt19937 random(7);
  int refused = 0, ended = 0;
  for (const Options& kind : kKinds) {
    Options options = kind;
    options.most_cycles = 3000;
    for (const Cycles at : kind.level == Level::kBurst ? std::vector<Cycles>{0, 40, 100, 180}
                                                       : std::vector<Cycles>{0, 5, 10}) {
      const std::string state = state_of(kind, at);
      ASSERT_FALSE(state.empty());
      for (int i = 0; i < 150; ++i) {
        std::string changed = state;
        for (uint32_t k = 0; k <= random() % 3; ++k) {
          const size_t place = random() % changed.size();
          if (random() % 4 == 0)
            changed[place] = static_cast<char>(random());
          else
            changed[place] ^= static_cast<char>(1 << random() % 8);
        }
        if (random() % 16 == 0) changed.resize(random() % changed.size());
        const End end = run_to_end(kAll, options, unit_machine(), &changed);
        ++(end.error.empty() ? ended : refused);
      }
    }
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(ended, 100);
}

}  // namespace
}  // namespace dojo::sim
