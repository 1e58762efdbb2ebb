#include "dojo/machine/published.h"

#include <gtest/gtest.h>

#include "dojo/machine/load.h"
#include "dojo/machine/test_machine.h"
#include "dojo/machine/total.h"

namespace dojo::machine {
namespace {

double total(const std::string& machine, std::string_view kind) {
  const Machine m = load_machine(machine);
  Uses uses(m);
  return total_of_kind(uses, m.level(), kind).value().value;
}

TEST(Totals, AreThePublishedOnesOfDojoBeforeTheyWereRounded) {
  EXPECT_DOUBLE_EQ(total("d1_node", "peak_bf16"), 1.024e12);
  EXPECT_DOUBLE_EQ(total("d1_node", "peak_cfloat8"), 1.024e12);
  EXPECT_DOUBLE_EQ(total("d1_node", "peak_fp32"), 64e9);
  EXPECT_DOUBLE_EQ(total("d1_node", "sram_load"), 400e9);
  EXPECT_DOUBLE_EQ(total("d1_node", "sram_store"), 272e9);
  EXPECT_DOUBLE_EQ(total("d1_die", "nodes"), 354);
  EXPECT_DOUBLE_EQ(total("d1_die", "peak_bf16"), 362.496e12);
  EXPECT_DOUBLE_EQ(total("d1_die", "sram"), 442.5e6);
  EXPECT_DOUBLE_EQ(total("d1_die", "edge"), 2e12);
  EXPECT_DOUBLE_EQ(total("d1_die", "edge_latency"), 100e-9);
  EXPECT_DOUBLE_EQ(total("d1_die", "bisection"), 18 * 128e9);  // of 18 rows; columns are 20
  EXPECT_DOUBLE_EQ(total("tile", "peak_bf16"), 9.0624e15);
  EXPECT_DOUBLE_EQ(total("tile", "bisection"), 10e12);
  EXPECT_DOUBLE_EQ(total("tile", "edge_both_ways"), 9e12);
  EXPECT_DOUBLE_EQ(total("tile", "edges_both_ways"), 36e12);
  EXPECT_DOUBLE_EQ(total("tray", "interface_memory"), 640e9);
  EXPECT_DOUBLE_EQ(total("tray", "interface_links"), 18e12);
  EXPECT_DOUBLE_EQ(total("tray", "host_rate"), 640e9);
  EXPECT_DOUBLE_EQ(total("exapod", "nodes"), 1'062'000);
  EXPECT_DOUBLE_EQ(total("exapod", "sram"), 1.3275e12);
  EXPECT_DOUBLE_EQ(total("exapod", "interface_memory"), 12.8e12);
}

TEST(Totals, AreThereOnlyWhereThePartHasThem) {
  const Machine node = load_machine("d1_node");
  Uses uses(node);
  EXPECT_FALSE(total_of_kind(uses, Level::kNode, "bisection"));
  EXPECT_FALSE(total_of_kind(uses, Level::kNode, "interfaces"));
  EXPECT_FALSE(find_total("peak"));
  const Machine pod = load_machine("exapod");
  Uses pod_uses(pod);
  EXPECT_EQ(total_of_kind(pod_uses, Level::kTile, "dies")->value, 25);  // of one tile
  EXPECT_FALSE(total_of_kind(pod_uses, Level::kPod, "edge"));
}

TEST(ComparePublished, AllFiguresOfDojoAgree) {
  const Machine pod = load_machine("exapod");
  const std::vector<Comparison> figures = compare_published(pod);
  EXPECT_GT(figures.size(), 30u);
  for (const Comparison& c : figures) EXPECT_TRUE(c.agrees()) << c.published->name;
}

TEST(ComparePublished, AnotherNumberDisagrees) {
  const Machine node = load_machine("d1_node", {{"node/clock", "2.1GHz"}});
  int disagree = 0;
  for (const Comparison& c : compare_published(node)) {
    const bool depends = c.total != "sram";
    EXPECT_EQ(c.agrees(), !depends) << c.total;
    disagree += depends;
    if (c.total == "peak_bf16") {
      EXPECT_NEAR(c.deviation(), 0.05, 1e-9);
      EXPECT_EQ(c.uses.assumed, 1);  // the clock that was set
      EXPECT_EQ(c.uses.published, 3);
      EXPECT_EQ(c.uses.derived, 1);  // of the instruction's interval
    }
  }
  EXPECT_EQ(disagree, 5);
}

TEST(ComparePublished, AFigureWithoutAWayToComputeItIsRefused) {
  const Machine machine = parse_machine(
      replaced(built_in_text("d1_node"), "\"sram\": {\"value\": 1.25, \"unit\": \"MB\"",
               "\"interfaces\": {\"value\": 1, \"unit\": \"interfaces\""),
      "test.json");
  EXPECT_THROW(compare_published(machine), Error);
}

}  // namespace
}  // namespace dojo::machine
