#include "dojo/report/sim_stats.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/base/test_folder.h"
#include "dojo/report/sim_page.h"
#include "dojo/report/test_sim_stats.h"

namespace dojo::report {
namespace {

using Json = nlohmann::ordered_json;

class SimStatsTest : public testing::Test {
 protected:
  SimStats read(const std::string& text) const {
    std::ofstream(folder / "stats.json", std::ios::binary) << text;
    return read_sim_stats((folder / "stats.json").string());
  }
  SimStats read(const Json& json) const { return read(json.dump()); }

  // What is said of a file that is refused; "" of one that is not.
  std::string refusal(const std::string& text) const {
    try {
      read(text);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("stats.json"), std::string::npos) << error.what();
      return error.what();
    }
    return "";
  }
  std::string refusal(const Json& json) const { return refusal(json.dump()); }
  static bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

  // Pointers to all values of a file.
  static void list(const Json& json, const Json::json_pointer& at,
                   std::vector<Json::json_pointer>* all) {
    if (json.is_object())
      for (const auto& [key, value] : json.items()) list(value, at / key, all);
    if (json.is_array())
      for (size_t i = 0; i < json.size(); ++i) list(json[i], at / i, all);
    if (!at.empty()) all->push_back(at);
  }

  const TestFolder own;
  const std::filesystem::path folder = own / "";
  const Json whole = Json::parse(kSimStats);
};

TEST_F(SimStatsTest, SaysWhatTheFileSays) {
  const SimStats s = read(std::string(kSimStats));
  EXPECT_EQ(s.program, "two <rings>");
  EXPECT_EQ(s.cycles, 1000);
  EXPECT_EQ(s.flops_per_second, 1.536e12);
  EXPECT_EQ(s.thread_cycles, (StateCycles{1500, 900, 100}));
  EXPECT_EQ(s.states[2].title(), "list engine");
  EXPECT_EQ(s.across, 4);
  EXPECT_EQ(s.down, 2);
  ASSERT_EQ(s.parts.size(), 1u);
  EXPECT_EQ(s.parts[0].level, "die");
  ASSERT_EQ(s.nodes_at.size(), 3u);
  EXPECT_EQ(s.nodes_at[2].x, 2);
  EXPECT_EQ(s.nodes_at[2].y, 1);
  EXPECT_EQ(s.nodes_at[0].sram_peak_bytes, 524288);
  EXPECT_EQ(s.nodes_at[1].thread_cycles, (StateCycles{500, 350, 0}));
  EXPECT_EQ(s.links_at[1].side, SimStats::Side::kNorth);
  EXPECT_EQ(s.timeline[1], (std::vector<double>{500, 400}));
  EXPECT_EQ(s.classes[1].name, "right: 2 nodes");
  EXPECT_EQ(s.threads[0].name, "(0, 0) left, thread 2");
  EXPECT_EQ(s.bounds[1].cycles, 500);
  EXPECT_EQ(s.formula_bound->latency, 800);
  EXPECT_EQ(s.burst_error->least, -0.282);
  EXPECT_EQ(s.critical_reasons[1].what, "transfer");
  EXPECT_EQ(s.critical_reasons[1].cycles, 300);
  EXPECT_EQ(s.critical_instructions[0].what, "class left, thread 2: matmul");
  EXPECT_EQ(s.assumed[0].why, "a guess");
}

TEST_F(SimStatsTest, WhatALevelWithoutTimeDoesNotHaveIsNull) {
  Json json = whole;
  for (const char* key : {"seconds", "clock_hz", "flops_per_second", "peak_flops_per_second",
                          "burst_error", "limits_of_a_node", "formula_bound"})
    json[key] = nullptr;
  json.erase("critical_path");
  const SimStats s = read(json);
  EXPECT_TRUE(std::isnan(s.seconds));
  EXPECT_TRUE(std::isnan(s.flops_per_second));
  EXPECT_FALSE(s.limits || s.formula_bound || s.burst_error);
  EXPECT_TRUE(s.critical_reasons.empty() && s.critical_instructions.empty());
}

TEST_F(SimStatsTest, AFileThatEndsTooEarlyIsRefusedWhereverItDoes) {
  const std::string text = kSimStats;
  for (size_t size = 0; size < text.size(); size += 97)
    EXPECT_TRUE(holds(refusal(text.substr(0, size)), "damaged")) << size;
}

TEST_F(SimStatsTest, OtherFilesAreNoSimulation) {
  EXPECT_TRUE(holds(refusal(std::string("{}")), "not the result of a simulation"));
  EXPECT_TRUE(holds(refusal(std::string("[1]")), "not the result of a simulation"));
  EXPECT_TRUE(holds(refusal(std::string(R"({"kind":3})")), "kind should be a text"));
  EXPECT_TRUE(holds(refusal(std::string(1000, '[')), "nested too deeply"));
  Json json = whole;
  json["version"] = 2;
  EXPECT_TRUE(holds(refusal(json), "of version 2"));
}

TEST_F(SimStatsTest, ADamagedFieldIsNamed) {
  const struct {
    const char *at, *value, *says;
  } cases[] = {
      {"/cycles", "-1", "cycles is -1"},
      {"/cycles", "\"many\"", "cycles should be a number"},
      {"/done", "1", "done should be true or false"},
      {"/flops", "1e30", "flops is 1e+30"},
      {"/mesh/columns", "0", "mesh/columns should be a whole number of at least 1"},
      {"/mesh/columns", "1.5", "mesh/columns should be a whole number"},
      {"/mesh/rows", "1e9", "mesh/rows is"},
      {"/mesh/columns", "1000000", "mesh has 1000000 x 2 blocks"},
      {"/mesh/parts/0/columns", "0", "mesh/parts/0/columns"},
      {"/disabled/x/0", "4", "disabled has (4, 0), which is not in the mesh"},
      {"/nodes_at/y/1", "0.5", "which is not in the mesh"},
      {"/nodes_at/nodes/1", "0", "nodes_at/nodes has a block without nodes"},
      {"/nodes_at/products", "[1, 2]", "nodes_at/products has 2 numbers and should have 3"},
      {"/nodes_at/thread_cycles/semaphore/2", "null", "nodes_at/thread_cycles/semaphore/2"},
      {"/links_at/side/0", "\"up\"", "links_at/side/0 is no side"},
      {"/links_at/links/1", "0", "links_at/links has a place without links"},
      {"/timeline/bins", "1e6", "timeline/bins is"},
      {"/timeline/bins", "3", "has 2 numbers and should have 3"},
      {"/timeline/bin_cycles", "0", "timeline/bin_cycles"},
      {"/timeline/nodes/0/threads/0/thread", "\"x\"", "timeline/nodes/0/threads/0/thread"},
      {"/bounds", "{}", "bounds should be a list"},
      {"/critical_path/reasons", "[]", "critical_path/reasons should be an object"},
      {"/critical_path/reasons/matrix", "-1", "critical_path/reasons/matrix is -1"},
      {"/assumed/0/why", "3", "assumed/0/why should be a text"},
      {"/burst_error/least", "\"a\"", "burst_error/least should be a number"}};
  for (const auto& c : cases) {
    Json json = whole;
    json[Json::json_pointer(c.at)] = Json::parse(c.value);
    EXPECT_TRUE(holds(refusal(json), c.says)) << c.at << ": " << refusal(json);
  }
}

TEST_F(SimStatsTest, EachMissingFieldThatIsReadIsNamed) {
  const std::set<std::string> unread = {"/events", "/link_sums", "/nodes_at/end_cycle"};
  std::vector<Json::json_pointer> all;
  list(whole, Json::json_pointer(), &all);
  size_t refused = 0;
  for (const Json::json_pointer& at : all) {
    if (!whole[at.parent_pointer()].is_object() || unread.contains(at.to_string()) ||
        at.to_string() == "/critical_path" ||
        at.parent_pointer().to_string() == "/critical_path/reasons")
      continue;
    Json json = whole;
    json[at.parent_pointer()].erase(at.back());
    const std::string what = at == Json::json_pointer("/kind") ? "simulation" : at.back();
    EXPECT_TRUE(holds(refusal(json), what)) << at.to_string();
    ++refused;
  }
  EXPECT_GT(refused, 90u);
}

// Whatever stands anywhere: it is refused with the file's name, or there is a page.
TEST_F(SimStatsTest, NoValueAnywhereBreaksTheReport) {
  std::vector<Json::json_pointer> all;
  list(whole, Json::json_pointer(), &all);
  for (const Json::json_pointer& at : all)
    for (const char* value : {"null", "-1", "0", "0.5", "1", "1e17", "1e300", "9223372036854775807",
                              "true", "\"<b>\"", "[]", "{}", "[0]", "[[]]"}) {
      Json json = whole;
      json[at] = Json::parse(value);
      if (!refusal(json).empty()) continue;
      const std::string page = sim_page(folder.string());
      EXPECT_FALSE(holds(page, " nan") || holds(page, ">nan")) << at.to_string() << " " << value;
      EXPECT_TRUE(page.ends_with("</html>\n"));
    }
}

}  // namespace
}  // namespace dojo::report
