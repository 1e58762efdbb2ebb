#include "dojo/program/machine_view.h"

#include <gtest/gtest.h>

#include "dojo/machine/load.h"
#include "dojo/program/node_map.h"
#include "dojo/program/test_programs.h"
#include "dojo/program/text.h"
#include "dojo/program/verify.h"

namespace dojo::program {
namespace {

TEST(MachineView, OfADieHasItsNodesAndNoInterfaces) {
  const machine::Machine die = machine::load_machine("d1_die");
  machine::Uses uses(die);
  const MachineView view = machine_view(uses);
  EXPECT_EQ(view.grid, (Coord{20, 18}));
  EXPECT_EQ(view.threads, 4);
  EXPECT_EQ(view.sram_bytes, 1'250'000);
  EXPECT_EQ(view.flit_bytes, 64);
  EXPECT_EQ(view.num_interfaces, 0);
  EXPECT_TRUE(view.x_first);
  int64_t live = 0;
  for_each_node({{0, 20}, {0, 18}}, [&](Coord c) { live += view.is_live(c); });
  EXPECT_EQ(live, 354);
  EXPECT_GT(uses.count().assumed, 0);
}

TEST(MachineView, OfATrayHasInterfaces) {
  const machine::Machine tray = machine::load_machine("tray");
  machine::Uses uses(tray);
  const MachineView view = machine_view(uses);
  EXPECT_EQ(view.num_interfaces, 20);
  EXPECT_EQ(view.interface_bytes, 32'000'000'000);
}

TEST(MachineView, TheExamplesRunOnADie) {
  const machine::Machine die = machine::load_machine("d1_die");
  machine::Uses uses(die);
  const MachineView view = machine_view(uses);
  for (const Example& example : examples())
    EXPECT_EQ(problems_of(example.text, view), std::vector<std::string>()) << example.file;
}

}  // namespace
}  // namespace dojo::program
