// Classes of nodes, and where in the machine these are.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dojo/program/test_programs.h"

namespace dojo::program {
namespace {

TEST(Verify, ANodeIsOfOneClass) {
  EXPECT_EQ(found("", "", "class d uses l { on [2:+2, 0] }"),
            Found({"line 4: classes: the node (2, 0) is of the class c already"}));
}

TEST(Verify, AMachineHasTheThreadsOfItsNodes) {
  MachineView machine = small_machine();
  const std::string text = on_row("", "thread 0 { idle 1 } thread 1 { } thread 2 { idle 1 }");
  machine.threads = 3;
  EXPECT_EQ(problems_of(text, machine), Found());
  machine.threads = 2;
  EXPECT_EQ(problems_of(text, machine),
            Found({"line 3: places: it has a thread 2; the threads of a node of the machine are "
                   "[0, 2)"}));
}

TEST(Verify, NodesAreInLivePlacesOfTheMachine) {
  MachineView machine = small_machine();
  machine.is_live = [](Coord c) { return c != Coord{2, 1}; };
  const auto with = [&](std::string_view place) {
    return problems_of(
        fmt::format("program \"p\" {{ nodes 4 x 1\n{}\nlayout l {{ }}\nclass c uses l {{ on "
                    "[0:+4, 0] }} }}",
                    place),
        machine);
  };
  EXPECT_EQ(with(""), Found());
  EXPECT_EQ(with("place [0:+4, 0] at (0, 1)"),
            Found({"line 4: places: the node (2, 0) is put at (2, 1), which is disabled"}));
  EXPECT_EQ(with("place [0:+2, 0] at (0, 1) place [2:+2, 0] at (3, 1)"), Found());
  EXPECT_EQ(with("place [0:+4, 0] at (7, 0) right (-1, 0) down (0, 1)"), Found());
  EXPECT_EQ(
      with("place [0:+4, 0] at (5, 1)"),
      Found({"line 4: places: the node (3, 0) is put at (8, 1); the machine has 8 x 8 nodes"}));
  EXPECT_EQ(with("place [0:+4, 0] at (2, 2) right (-1, 0) down (0, 1)"),
            Found({"line 2: places: the node (3, 0) is put at (-1, 2)"}));
  EXPECT_EQ(with("place [0:+3, 0] at (0, 0)"),
            Found({"line 4: places: the node (3, 0) is in none of the places"}));
  EXPECT_EQ(with("place [0:+3, 0] at (0, 0) place [2:+2, 0] at (4, 4)"),
            Found({"line 2: places: the node (2, 0) has a place already"}));
  EXPECT_EQ(with("place [0:+4, 0] at (1, 1) right (0, 0) down (0, 0)").size(), 3u);
}

}  // namespace
}  // namespace dojo::program
