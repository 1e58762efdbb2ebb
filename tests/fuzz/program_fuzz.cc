// Fuzz entry of programs: any bytes either are an Error of the category input with a line, or a
// program that prints and parses back to itself and is verified in a bounded time. Built with
// mutate.cc for ctest; with clang also: -fsanitize=fuzzer,address instead of mutate.cc.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "dojo/base/error.h"
#include "dojo/program/summary.h"
#include "dojo/program/text.h"
#include "dojo/program/verify.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dojo::program;
  Program program;
  SourceLines lines;
  try {
    program = parse_program({reinterpret_cast<const char*>(data), size}, "f", &lines);
  } catch (const dojo::Error& error) {
    if (error.category() == dojo::Category::kInput && error.where().starts_with("f:")) return 0;
    std::fprintf(stderr, "an error of the wrong kind: %s\n", error.what());
    std::abort();
  }
  if (parse_program(print_program(program)) != program) {
    std::fprintf(stderr, "prints and parses to another program:\n%s\n",
                 print_program(program).c_str());
    std::abort();
  }
  MachineView machine;
  machine.grid = {16, 16};
  machine.sram_bytes = 1 << 20;
  machine.flit_bytes = 64;
  machine.num_interfaces = 2;
  machine.interface_bytes = 1 << 20;
  machine.is_live = [](Coord c) { return c != Coord{3, 1}; };
  machine.routes_go_around = size % 2 == 0;
  // Larger grids only take longer.
  if (int64_t{program.grid.x} * program.grid.y > 4096) return 0;
  const Verification result = verify(program, machine, {.most_steps = 20'000});
  if (verification_json(program, result, lines, "m", 0).empty() || summary_json(program).empty())
    std::abort();
  return 0;
}
