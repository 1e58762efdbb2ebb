#include "dojo/machine/show.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dojo/machine/load.h"

namespace dojo::machine {
namespace {

TEST(ShowMachine, HasEveryNumberOnceAndCountsThem) {
  const Machine die = load_machine("d1_die");
  const std::string text = show_machine(die);
  EXPECT_NE(text.find("\ndie: D1, machines/d1_die.json\n"), std::string::npos);
  EXPECT_NE(text.find("  clock "), std::string::npos);
  EXPECT_NE(text.find("362.496 TFLOPS"), std::string::npos);
  const UseCount count = count_of(die);
  EXPECT_EQ(count.published + count.derived + count.assumed, std::ssize(die.parameters));
  EXPECT_TRUE(text.ends_with("\n" + counted(count) + "\n"));
}

TEST(MachineJson, HoldsWhatTheTableShows) {
  const Machine tile = load_machine("tile");
  const auto json = nlohmann::json::parse(machine_json(tile));
  EXPECT_EQ(json["level"], "tile");
  EXPECT_EQ(json["parameters"].size(), tile.parameters.size());
  EXPECT_EQ(json["levels"].size(), 3u);
  EXPECT_EQ(json["totals"]["nodes"]["value"], 8850);
  EXPECT_EQ(json["numbers"]["assumed"], count_of(tile).assumed);
  const auto& first = json["parameters"][0];
  EXPECT_EQ(first["name"], "tile/grid/columns");
  EXPECT_EQ(first["value"], 5);
  EXPECT_EQ(first["unit"], "columns");
  EXPECT_EQ(first["status"], "published");
}

TEST(ShowComparisons, AreALineForEachFigure) {
  const std::string text = show_comparisons(load_machine("d1_node"));
  EXPECT_NE(text.find("node sram_store"), std::string::npos);
  EXPECT_NE(text.find("+0.74 %"), std::string::npos) << text;
  const auto json = nlohmann::json::parse(comparisons_json(load_machine("d1_node")));
  EXPECT_EQ(json["figures"].size(), 6u);
  EXPECT_EQ(json["figures"][0]["agrees"], true);
}

}  // namespace
}  // namespace dojo::machine
