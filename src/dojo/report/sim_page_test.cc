#include "dojo/report/sim_page.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "dojo/base/error.h"
#include "dojo/report/report.h"
#include "dojo/report/test_report.h"
#include "dojo/report/test_sim_stats.h"

namespace dojo {
namespace {

using Json = nlohmann::ordered_json;
using report::kSimStats;

class SimPage : public ReportTest {
 protected:
  std::string page_of(const Json& json) {
    put("stats.json", json.dump());
    return rendered();
  }
  const Json whole = Json::parse(kSimStats);
};

TEST_F(SimPage, SaysWhatTheRunTookAndWhere) {
  put("stats.json", kSimStats);
  const auto [page, problems] = render_report(folder.string());
  EXPECT_TRUE(problems.empty());
  for (const char* part :
       {"two &lt;rings&gt;", "The program took <b>500.0 ns</b>, 1,000 cycles.",
        "Its matrix units did 1.54 TFLOP/s, <b>50.0 %</b> of what its nodes have at most.",
        "Its threads waited <b>40 %</b> of their time, most of it for: semaphore.",
        "<b>512 KiB</b><span>of 1.25 MiB SRAM of a node, at most</span>",
        "<b>50 %</b><span>of the time the busiest link was busy</span>",
        // maps
        ">matrix unit</label>", ">waiting: semaphore</label>", ">waiting: list engine</label>",
        "How much of the time the matrix unit worked. In the mean 50.0 %, at most 75.0 %, at (0, "
        "0).",
        "In the mean 256 KiB, at most 512 KiB, at (0, 0).",
        "How much of the time a link carried something. In the mean 30.0 %, at most 50.0 %",
        "<b class=\"dead\">Red</b>", "M3 0h1v1h-1z",
        // over time
        "all threads", "left: 1 node<", "right: 2 nodes", "(0, 0) left, thread 2",
        "A column is 512 cycles", "1,024 cycles, 0.512 µs", "at most 0.781 busy at a time",
        // tables
        "<td>waiting: list engine</td><td>100</td><td>4.0 %</td>",
        "<td class=\"name\">matrix</td><td>700</td><td>70.0 %</td>",
        "The run took 1,000 cycles; 80.0 % of it is the largest bound.",
        ">formula: latency</td><td>800</td><td>80.0 %</td>",
        ">the matrix unit of a node</td><td>750</td><td>75.0 %</td>",
        ">the node (0, 0), east</td><td>6.25 KiB</td><td>50.0 %</td>",
        "4 published numbers of the machine, 2 that follow from these, and <b>1 assumed</b>",
        "<td>node/list/latency</td><td>10 cycles</td><td>of the list engine</td><td>a guess</td>",
        "burst took -28.2 % to +0.5 % more cycles than flit on 9 other programs, at most 5 % on 7",
        // roofline
        "The program does 4.80 FLOP for a byte of SRAM and 120 FLOP for a byte received: 512 "
        "GFLOP/s a node."})
    EXPECT_TRUE(holds(page, part)) << part;
  EXPECT_FALSE(holds(page, ">formula: links<"));  // of no cycle
  EXPECT_FALSE(holds(page, "SIMD unit</label>"));
}

TEST_F(SimPage, NeedsNothingOutsideItself) {
  put("stats.json", kSimStats);
  const std::string page = rendered();
  EXPECT_TRUE(holds(page, "default-src 'none'"));
  EXPECT_FALSE(std::regex_search(page, std::regex("(src|href)=\"(?!data:)")));
  EXPECT_FALSE(holds(page, "http://") || holds(page, "https://"));
  EXPECT_EQ(page, rendered());
}

TEST_F(SimPage, ShowsWhoWaitsForEver) {
  Json json = whole;
  json["done"] = false;
  json["waiting"] = {{{"where", "line 7"},
                      {"what", "wait <ready>"},
                      {"who", "nobody signals it"},
                      {"nodes", 2},
                      {"x", 1},
                      {"y", 0},
                      {"since_cycle", 40}}};
  const std::string page = page_of(json);
  EXPECT_TRUE(holds(page, "never ends"));
  EXPECT_TRUE(holds(page, "<b class=\"bad\">Threads wait for ever</b>, after <b>500.0 ns</b>"));
  EXPECT_TRUE(holds(page,
                    "<li>line 7: 2 nodes, first (1, 0), since cycle 40: wait &lt;ready&gt;; nobody "
                    "signals it</li>"));
}

TEST_F(SimPage, OfALargeMachineEachSquareIsADie) {
  Json json = whole;
  json["mesh"] = {{"columns", 7},
                  {"rows", 4},
                  {"block_columns", 2},
                  {"block_rows", 2},
                  {"parts", {{{"level", "die"}, {"columns", 2}, {"rows", 2}}}}};
  json["nodes_at"]["nodes"] = {4, 4, 2};
  json["disabled"] = {{"x", {0, 3}}, {"y", {0, 1}}, {"nodes", {1, 2}}};
  const std::string page = page_of(json);
  EXPECT_TRUE(holds(page,
                    "The machine has 7 x 4 nodes, which is too many to show: each square is 2 "
                    "x 2 of them, a die, and shows their mean."));
  EXPECT_TRUE(holds(page, "At most 18.8 %") || holds(page, "at most 18.8 %"));  // 750 of 4 x 1,000
  // The last column has dies of one column only: two disabled nodes are all that there are.
  EXPECT_TRUE(holds(page, "<path class=\"dead\" d=\"M3 1h1v1h-1z\"/>"));
}

TEST_F(SimPage, WhatARunDoesNotHaveIsLeftOut) {
  Json json = whole;
  for (const char* key : {"seconds", "clock_hz", "flops_per_second", "peak_flops_per_second",
                          "burst_error", "limits_of_a_node", "formula_bound"})
    json[key] = nullptr;
  for (const char* key : {"links", "bounds", "assumed"}) json[key] = Json::array();
  json.erase("critical_path");
  for (auto& [key, list] : json["links_at"].items()) list = Json::array();
  const std::string page = page_of(json);
  EXPECT_TRUE(holds(page, "took <b>1,000 cycles</b> of a level that has no time"));
  for (const char* heading :
       {"<h2>Links", "How fast it could be", "Roofline", "Critical path", "The busiest of"})
    EXPECT_FALSE(holds(page, heading)) << heading;
}

TEST_F(SimPage, AFolderOfATrainingStaysOne) {
  copy_golden();
  const std::string training = rendered();
  put("stats.json", "damaged");
  EXPECT_EQ(rendered(), training);
}

TEST_F(SimPage, ADamagedFileIsAnErrorAndNoPage) {
  put("stats.json", std::string(kSimStats).substr(0, 700));
  try {
    write_report(folder.string());
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(holds(error.what(), "damaged: "));
    EXPECT_TRUE(holds(error.what(), "stats.json"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "report.html"));
}

}  // namespace
}  // namespace dojo
