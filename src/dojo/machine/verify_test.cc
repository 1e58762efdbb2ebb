#include "dojo/machine/verify.h"

#include <gtest/gtest.h>

#include "dojo/machine/load.h"
#include "dojo/machine/test_machine.h"

namespace dojo::machine {
namespace {

std::string refused(std::string_view machine, std::string_view from, std::string_view to) {
  return refusal(replaced(built_in_text(machine), from, to)).message();
}

TEST(VerifyMachine, TakesWhatTheProgramHas) {
  for (const std::string& name : built_in_machines()) EXPECT_NO_THROW(load_machine(name)) << name;
}

TEST(VerifyMachine, NumbersHaveLimits) {
  const std::string_view sram = R"("capacity": {"value": 1.25, "unit": "MB")";
  EXPECT_EQ(refused("d1_node", sram, R"("capacity": {"value": -5, "unit": "B")"),
            "/sram/capacity is -5 B, allowed are 1 to 1000000000000 B");
  EXPECT_EQ(refused("d1_node", sram, R"("capacity": {"value": 1e300, "unit": "GB")"),
            "/sram/capacity is 1e+300 GB, allowed are 1 to 1000000000000 B");
  EXPECT_EQ(refused("d1_node", sram, R"("capacity": {"value": 1.5, "unit": "B")"),
            "/sram/capacity is 1.5 B, which is no whole number of B");
  EXPECT_EQ(refused("d1_node", R"("value": 2, "unit": "GHz")", R"("value": 0, "unit": "GHz")"),
            "/clock is 0 GHz, allowed are 1 to 100000000000 Hz");
  EXPECT_EQ(refused("d1_die", R"("value": 100, "unit": "ns")", R"("value": 0.1, "unit": "ns")"),
            "");
  EXPECT_EQ(refused("d1_die", R"("value": 100, "unit": "ns")", R"("value": 0, "unit": "ns")"),
            "/edge/latency is 0 ns, allowed are 1 to 1000000000 cycles");
  EXPECT_EQ(refused("d1_die", R"("value": 100, "unit": "ns")", R"("value": 1.5, "unit": "cycles")"),
            "/edge/latency is 1.5 cycles, which is no whole number of cycles");
  EXPECT_EQ(refused("d1_die", R"("value": 2, "unit": "TB/s")", R"("value": 0, "unit": "TB/s")"),
            "/edge/east_west is 0 TB/s, allowed are 1e-06 to 10000000 B/cycle");
}

TEST(VerifyMachine, NumbersWithoutAUnitHaveLimitsToo) {
  const std::string_view seed = R"("seed": {"value": 1,)";
  EXPECT_EQ(refused("d1_die", seed, R"("seed": {"value": -1,)"),
            "/disabled/seed is -1, allowed are 0 to 1000000000000000");
  EXPECT_EQ(refused("d1_die", seed, R"("seed": {"value": 1.5,)"),
            "/disabled/seed is 1.5, which is no whole number");
}

TEST(VerifyMachine, SourcesAreListed) {
  EXPECT_EQ(refused("d1_die", "\"HCu, ROOF\"", "\"HCu, NOBODY\""),
            "/edge/latency/source names \"NOBODY\", which is no source of this machine");
  EXPECT_EQ(refused("d1_die", "354 nodes of [EET]", "354 nodes of [EAT]"),
            "/disabled/count/source names \"EAT\", which is no source of this machine");
}

TEST(VerifyMachine, TheGridIsNotEndless) {
  EXPECT_EQ(
      refused("exapod", R"("value": 20, "unit": "rows")", R"("value": 4096, "unit": "rows")"),
      "/grid/columns is 1 columns, with 4096 rows that makes 221184000 nodes; up to 134217728 "
      "are taken");
}

TEST(VerifyMachine, PartsThatAreJoinedHaveEdges) {
  std::string text = built_in_text("unit");
  const size_t at = text.find("\"edge\"", text.find("\"Unit die\""));
  const size_t end = text.find("},\n", text.find("\"buffer\"", at));
  text.erase(at, text.find('"', end + 2) - at);
  EXPECT_EQ(refusal(text).message(),
            "/part/part/grid/columns is 2 columns, but its dies have no \"edge\" that joins them");
}

TEST(VerifyMachine, DisabledNodesLeaveTheOthersConnected) {
  const std::string listed =
      replaced(replaced(built_in_text("d1_die"), "\"each-die\"", "\"listed\""),
               "\"seed\": {\"value\": 1, \"unit\": \"1\"",
               "\"list\": {\"value\": [[5,0],[5,1],[9,9],[9,8],[9,7],[9,6]]");
  EXPECT_EQ(refusal(listed).message(), "");
  EXPECT_EQ(refusal(replaced(listed, "[[5,0],[5,1]", "[[0,1],[1,0]")).message(),
            "/disabled/list is (0,1) (1,0) (9,9) (9,8) (9,7) (9,6), which cuts live nodes off from "
            "the others of their die");
  EXPECT_EQ(refusal(replaced(listed, "[9,6]]", "[9,7]]")).message(),
            "/disabled/list is (5,0) (5,1) (9,9) (9,8) (9,7) (9,7), and (9,7) is there twice");
  EXPECT_EQ(
      refusal(replaced(listed, "[9,6]]", "[20,0]]")).message(),
      "/disabled/list is (5,0) (5,1) (9,9) (9,8) (9,7) (20,0), and (20,0) is not in a grid of "
      "20 columns and 18 rows");
  EXPECT_EQ(refusal(replaced(listed, ",[9,6]]", "]")).message(),
            "/disabled/count is 6 nodes, and the list beside it has 5 places");
  EXPECT_EQ(refused("d1_die", "\"each-die\"", "\"listed\""),
            "/disabled/placing is listed, and there is no \"list\" beside it");
  EXPECT_EQ(refused("d1_die", R"("count": {"value": 6)", R"("count": {"value": 360)"),
            "/disabled/count is 360 nodes, and the die has 360 nodes");
}

TEST(VerifyMachine, InterfacesShareTheLinksOfATilesEdge) {
  EXPECT_EQ(refused("tray", R"("per_tile_edge": {"value": 5)", R"("per_tile_edge": {"value": 7)"),
            "/interfaces/per_tile_edge is 7 interfaces, which does not divide the 90 rows of nodes "
            "at that edge");
  EXPECT_EQ(
      refused("exapod", R"("value": 1, "unit": "columns")", R"("value": 2, "unit": "columns")"),
      "/grid/columns is 2 columns, and the trays have interface processors on these sides "
      "(east-west)");
}

TEST(VerifyMachine, PublishedTotalsAreOnesThatCanBeComputed) {
  EXPECT_EQ(refused("d1_die", "\"edge_both_ways\"", "\"edge_width\""),
            "/published/edge_width is 4 TB/s, which is no total that can be computed");
  EXPECT_EQ(refused("d1_die", R"("value": 362, "unit": "TFLOPS")", R"("value": 362, "unit": "TB")"),
            "/published/peak_bf16 is 362 TB, which is not of the kind of FLOPS");
  EXPECT_EQ(
      refused("d1_die", R"("value": 362, "unit": "TFLOPS")", R"("value": 0, "unit": "TFLOPS")"),
      "/published/peak_bf16 is 0 TFLOPS, allowed are numbers above 0");
  EXPECT_EQ(refused("d1_die", R"("value": 440, "unit": "MB", "status": "published")",
                    R"("value": 440, "unit": "MB", "status": "derived")"),
            "/published/sram is 440 MB, and counts as derived");
}

}  // namespace
}  // namespace dojo::machine
