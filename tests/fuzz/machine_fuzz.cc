// Fuzz entry of machine descriptions: any bytes either are an Error of the category input, or a
// machine whose totals, nodes and tables can be computed. Built with mutate.cc for ctest; with
// clang also: -fsanitize=fuzzer,address instead of mutate.cc.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "dojo/base/error.h"
#include "dojo/machine/load.h"
#include "dojo/machine/node.h"
#include "dojo/machine/published.h"
#include "dojo/machine/router.h"
#include "dojo/machine/show.h"
#include "dojo/machine/topology.h"
#include "dojo/machine/total.h"

namespace {

void expect(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void use(const dojo::machine::Machine& machine) {
  using namespace dojo::machine;
  Uses uses(machine);
  double nodes = 1;
  for (const Total& total : totals_of(uses, machine.level())) {
    expect(total.value >= 0 && total.value < 1e40, "a total that is no number");
    if (total.kind.name == "nodes") nodes = total.value;
  }
  expect(node_shape(uses).clock_hz > 0, "no clock");
  expect(router_shape(uses).head_cycles() >= 0, "a router without time");
  if (nodes < 1e5) {
    const Topology topology(uses);
    expect(static_cast<double>(topology.num_live()) == nodes, "two numbers of nodes");
  }
  expect(!show_machine(machine).empty() && !machine_json(machine).empty(), "nothing to show");
  compare_published(machine);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    use(dojo::machine::parse_machine({reinterpret_cast<const char*>(data), size}, "fuzz"));
  } catch (const dojo::Error& error) {
    if (error.category() == dojo::Category::kInput && !error.where().empty()) return 0;
    std::fprintf(stderr, "an error of the wrong kind: %s\n", error.what());
    std::abort();
  }
  return 0;
}
