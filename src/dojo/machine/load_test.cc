#include "dojo/machine/load.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "dojo/base/file.h"
#include "dojo/base/test_folder.h"
#include "dojo/machine/test_machine.h"
#include "dojo/machine/uses.h"

namespace dojo::machine {
namespace {

Error failure(const std::string& name, const std::vector<Change>& changes = {}) {
  try {
    load_machine(name, changes);
  } catch (const Error& error) {
    return error;
  }
  return Error(Category::kInput, "");
}

TEST(LoadMachine, JoinsTheLevelsOfAPod) {
  const Machine pod = load_machine("exapod");
  ASSERT_EQ(pod.levels.size(), 5u);
  EXPECT_EQ(pod.level(), Level::kPod);
  EXPECT_EQ(pod.levels[4].title, "D1 node");
  EXPECT_EQ(pod.levels[4].file, "machines/d1_node.json");
  for (const char* name : {"pod/grid/rows", "tray/interfaces/memory", "tile/edge/latency",
                           "die/disabled/count", "node/clock"})
    EXPECT_TRUE(pod.find(name)) << name;
}

TEST(LoadMachine, APartOfAMachineIsAMachine) {
  const Machine tile = load_machine("exapod:tile");
  EXPECT_EQ(tile.level(), Level::kTile);
  EXPECT_FALSE(tile.find("tray/grid/rows"));
  EXPECT_EQ(tile.parameters.size(), load_machine("tile").parameters.size());
  EXPECT_EQ(tile.published.size(), load_machine("tile").published.size());
  EXPECT_EQ(failure("d1_die:tile").message(), "a die has no tile");
  EXPECT_EQ(failure("exapod:rack").message(), "no machine \"exapod:rack\"");
}

TEST(LoadMachine, AChangedNumberCountsAsAssumed) {
  const Machine die =
      load_machine("d1_die", {{"node/clock", "2.5GHz"}, {"die/disabled/placing", "all-dies"}});
  EXPECT_EQ(clock_hz(die), 2'500'000'000);
  EXPECT_EQ(die.find("node/clock")->status, Status::kAssumed);
  EXPECT_EQ(die.find("node/clock")->source, "set by the user");
  EXPECT_EQ(die.find("die/disabled/placing")->word, "all-dies");
  Uses uses(die);
  EXPECT_EQ(uses.cycles("die/edge/latency"), 250);
  EXPECT_EQ(load_machine("d1_die", {{"die/grid/rows", "9"}}).find("die/grid/rows")->value, 9);
}

TEST(LoadMachine, AChangeThatCannotBeMadeIsNamed) {
  EXPECT_EQ(failure("d1_die", {{"die/edge", "1"}}).message(),
            "d1_die has no parameter of this name");
  EXPECT_EQ(failure("d1_die", {{"node/clock", "fast"}}).message(), "\"fast\" is no number");
  EXPECT_EQ(failure("d1_die", {{"node/clock", "2 GB"}}).message(), "\"GB\" is no unit for it");
  EXPECT_EQ(failure("d1_die", {{"node/router/order", "z-first"}}).message(),
            "\"z-first\" is no choice");
  const Error error = failure("d1_die", {{"die/grid/rows", "0"}});
  EXPECT_EQ(error.message(), "/grid/rows is 0 rows, allowed are 1 to 4096 rows");
  EXPECT_EQ(error.where(), "--set die/grid/rows=0");
  for (const char* text : {"", "=", "a", "a=", "=b"}) EXPECT_THROW(parse_changes({text}), Error);
  EXPECT_EQ(parse_changes({"a=b=c"})[0].value, "b=c");
}

TEST(LoadMachine, PartsAreLookedForBesideTheFileAndThenInTheProgram) {
  const TestFolder folder;
  const auto tile = folder / "mine.json";
  write_file_atomic(tile, built_in_text("tile"));
  EXPECT_EQ(load_machine(tile).levels[1].file, "machines/d1_die.json");
  const auto die = folder / "d1_die.json";
  write_file_atomic(die, replaced(built_in_text("d1_die"), "\"D1\"", "\"Another\""));
  const Machine machine = load_machine(tile);
  EXPECT_EQ(machine.levels[1].title, "Another");
  EXPECT_EQ(machine.levels[1].file, die);
  EXPECT_EQ(machine.levels[2].file, "machines/d1_node.json");
}

TEST(LoadMachine, WhatIsNotThereIsNamed) {
  EXPECT_EQ(failure("d2").category(), Category::kConfig);
  EXPECT_EQ(failure("d2").message(), "no machine \"d2\"");
  EXPECT_EQ(failure("./d2.json").category(), Category::kInput);
  const TestFolder folder;
  const auto tile = folder / "tile.json";
  write_file_atomic(tile, replaced(built_in_text("tile"), "d1_die.json", "d9.json"));
  EXPECT_EQ(failure(tile).message(), "/part is \"d9.json\", and there is no such file");
  EXPECT_EQ(failure(tile).where(), tile);
  EXPECT_EQ(failure(folder.path()).category(), Category::kInput);
}

TEST(LoadMachine, ACycleOfPartsIsNamed) {
  const TestFolder folder;
  const auto a = folder / "a.json", b = folder / "b.json", c = folder / "c.json";
  write_file_atomic(a, replaced(built_in_text("tile"), "d1_die.json", "a.json"));
  EXPECT_EQ(failure(a).message(), "the parts are a cycle: " + a + ", " + a);
  // Under another name, and over a file between them.
  write_file_atomic(a, replaced(built_in_text("tile"), "d1_die.json", "b.json"));
  write_file_atomic(b, replaced(built_in_text("d1_die"), "d1_node.json", "c.json"));
  std::filesystem::create_symlink(a, c);
  EXPECT_EQ(failure(a).message(), "the parts are a cycle: " + a + ", " + b + ", " + c);
}

TEST(LoadMachine, APartIsOneLevelSmaller) {
  EXPECT_EQ(refusal(replaced(built_in_text("tile"), "d1_die.json", "d1_node.json")).message(),
            "/part is \"d1_node.json\", which describes a node, and a tile is made of dies");
  EXPECT_EQ(refusal(replaced(built_in_text("unit"), "\"level\": \"tray\"", "\"level\": \"pod\""))
                .message(),
            "/part/part/level is \"tile\", and a pod is made of trays");
}

TEST(LoadMachine, ASourceMeansTheSameAtEachLevel) {
  const TestFolder folder;
  const std::string die = folder / "die.json";
  write_file_atomic(die, replaced(built_in_text("d1_die"),
                                  "\"EE Times Europe, November 2021, page 39\"", "\"Somebody\""));
  EXPECT_EQ(failure(die).message(),
            "/sources/EET is \"EE Times Europe, November 2021, page 39\", and another level has "
            "\"Somebody\"");
}

}  // namespace
}  // namespace dojo::machine
