#include "dojo/sim/test_run.h"

#include <gtest/gtest.h>

#include "dojo/base/check.h"
#include "dojo/machine/load.h"
#include "dojo/program/text.h"
#include "dojo/sim/values/elements.h"

namespace dojo::sim {
namespace {

std::vector<std::byte> codes_of(const program::Allocation& a, const std::vector<float>& numbers) {
  DOJO_CHECK_EQ(std::ssize(numbers), a.num_elements());
  std::vector<std::byte> codes(static_cast<size_t>(a.num_bytes()));
  encode(a.element, numbers.data(), a.num_elements(), reinterpret_cast<uint8_t*>(codes.data()));
  return codes;
}

std::vector<float> numbers_of(const program::Allocation& a, const std::vector<std::byte>& codes) {
  std::vector<float> numbers(static_cast<size_t>(a.num_elements()));
  decode(a.element, reinterpret_cast<const uint8_t*>(codes.data()), a.num_elements(),
         numbers.data());
  return numbers;
}

}  // namespace

const machine::Machine& unit_machine() {
  static const machine::Machine machine = machine::load_machine("unit");
  return machine;
}

TestRun::TestRun(std::string_view text, const Options& options, const machine::Machine* machine)
    : program(program::parse_program(text, "test", &lines)),
      simulator(program, machine ? *machine : unit_machine(), options, &lines) {}

program::AllocationId TestRun::find(std::string_view name) const {
  for (size_t i = 0; i < program.allocations.size(); ++i)
    if (program.allocations[i].name == name) return program::AllocationId{static_cast<int32_t>(i)};
  ADD_FAILURE() << "no allocation " << name;
  return {};
}

void TestRun::write(std::string_view name, program::Coord node, const std::vector<float>& numbers) {
  const auto id = find(name);
  simulator.write(id, node, codes_of(program.allocation(id), numbers));
}

void TestRun::write_interface(std::string_view name, int64_t interface,
                              const std::vector<float>& numbers) {
  const auto id = find(name);
  simulator.write_interface(id, interface, codes_of(program.allocation(id), numbers));
}

void TestRun::write_everywhere(std::string_view name, const std::vector<float>& numbers) {
  for (const program::NodeClass& c : program.classes)
    if (c.layout == program.allocation(find(name)).layout)
      for (const program::ClassRegion& r : c.regions)
        program::for_each_node(r.region, [&](program::Coord node) { write(name, node, numbers); });
}

std::vector<float> TestRun::read(std::string_view name, program::Coord node) const {
  const auto id = find(name);
  return numbers_of(program.allocation(id), simulator.read(id, node));
}

std::vector<float> TestRun::read_interface(std::string_view name, int64_t interface) const {
  const auto id = find(name);
  return numbers_of(program.allocation(id), simulator.read_interface(id, interface));
}

Cycles cycles_of(std::string_view text, const Options& options, const machine::Machine* machine) {
  Options no_values = options;
  no_values.values = false;
  TestRun run(text, no_values, machine);
  const Result& result = run.simulator.run();
  for (const Stuck& s : result.stuck) ADD_FAILURE() << "a thread waits for ever: " << s.what;
  return result.cycles;
}

Error failure(TestRun* run) {
  try {
    run->simulator.run();
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::kInput) << error.what();
    return error;
  }
  return Error(Category::kInput, "");
}

}  // namespace dojo::sim
