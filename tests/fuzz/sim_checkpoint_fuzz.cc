// Fuzz entry of checkpoints of the simulator: any bytes as a file are refused; and a state of a run
// that was changed in any places, with a right sum, is refused or runs to an end that is bounded.
//
//   byte 0: which of the states; then three bytes for each change: where, where, what
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/machine/load.h"
#include "dojo/program/text.h"
#include "dojo/sim/checkpoint.h"
#include "dojo/sim/simulator.h"

namespace {

using namespace dojo;

constexpr std::string_view kProgram = R"(program "all" { nodes 3 x 2
  layout main { code at 0 size 4096 a: f32[64] at 4096 b: f32[3, 3, 16] at 8192 e: f32[16] at 12288
                semaphore s semaphore room = 2 semaphore u semaphore t[3] }
  layout dram on interfaces { far: f32[2, 64] at 0 }
  barrier all over [0:+3, 0:+2] root (1, 1) fan 1
  class every uses main { on [0:+3, 0:+2]
    thread 0 { vector a = move 1.0 barrier all loop k < 3 { copy to nodes[0:+3, y:+1]: b[k, x, :] = a[0:+16]; there t[x] } }
    thread 1 { loop k < 3 { wait t[k] by 3 vector e = move b[2, k, :] signal room signal node(2 - x, y) u } }
    thread 2 { wait room by 5 wait u by 3 copy to interface(x) of dram: far[y, x * 16:+16] = e; here s wait s }
  } })";

const machine::Machine& unit() {
  static const machine::Machine machine = machine::load_machine("unit");
  return machine;
}
const program::Program& the_program() {
  static const program::Program program = program::parse_program(kProgram);
  return program;
}

constexpr sim::Options kKinds[] = {
    {.level = sim::Level::kBurst, .values = false, .most_cycles = 2000},
    {.level = sim::Level::kBurst, .most_cycles = 2000},
    {.level = sim::Level::kFunctional, .most_cycles = 2000}};

struct State {
  sim::Options options;
  std::string bytes;
};

std::vector<State> make_states() {
  std::vector<State> states;
  for (const sim::Options& kind : kKinds) {
    sim::Checkpoints checkpoints;
    checkpoints.every = kind.level == sim::Level::kFunctional ? 3 : 20;
    checkpoints.write = [&](sim::Cycles, std::string_view state) {
      states.push_back({kind, std::string(state)});
    };
    sim::Options options = kind;
    options.checkpoints = &checkpoints;
    if (!sim::Simulator(the_program(), unit(), options).run().stuck.empty()) std::abort();
  }
  return states;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<State> states = make_states();
  try {
    sim::parse_checkpoint({reinterpret_cast<const char*>(data), size});
  } catch (const Error& error) {
    if (error.category() != Category::kInput) std::abort();
  }
  if (size == 0) return 0;
  const State& state = states[data[0] % states.size()];
  std::string bytes = state.bytes;
  for (size_t i = 1; i + 2 < size; i += 3)
    bytes[(data[i] * size_t{256} + data[i + 1]) % bytes.size()] ^= static_cast<char>(data[i + 2]);
  sim::Simulator simulator(the_program(), unit(), state.options);
  simulator.go_on_from(bytes);
  try {
    simulator.run();
  } catch (const Error& error) {
    if (error.category() != Category::kInput) std::abort();
  }
  return 0;
}
