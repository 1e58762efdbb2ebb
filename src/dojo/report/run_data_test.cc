#include "dojo/report/run_data.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "dojo/report/test_report.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

using RunData = ReportTest;

TEST_F(RunData, WhatIsDamagedIsNamedAndTheRestIsShown) {
  copy_golden();
  put("config.json", "{\"seed\":");
  std::ofstream(folder / "metrics.jsonl", std::ios::app) << "{\"kind\":\"st";
  put("quarantine.jsonl", "[1,2]\nnull\n");
  put("samples/0_truth.png", "GIF89a");
  fs::remove(folder / "samples/0_flow.png");
  const std::string page = rendered();
  EXPECT_TRUE(holds(page, "config.json is damaged: not JSON: line 1, column 9, where it ends"));
  EXPECT_TRUE(holds(page, "metrics.jsonl: 1 damaged line, the first is line 6"));
  EXPECT_TRUE(holds(page, "quarantine.jsonl: 2 damaged lines, the first is line 1"));
  EXPECT_TRUE(holds(page, "samples/0_truth.png: not a PNG picture"));
  EXPECT_TRUE(holds(page, "samples/0_flow.png"));
  EXPECT_TRUE(holds(page, "0.400 ×"));
  put("samples/samples.json", "{}");
  EXPECT_TRUE(holds(rendered(), "samples/samples.json is damaged"));
}

TEST_F(RunData, WhatIsNestedDeeplyIsDamaged) {
  copy_golden();
  const std::string deep = std::string(300000, '[') + std::string(300000, ']');
  put("config.json", "{\"seed\":" + deep + "}");
  std::ofstream(folder / "metrics.jsonl", std::ios::app)
      << R"({"kind":"step","step":30,"time":)" << deep << "}\n";
  fs::remove(folder / "quarantine.jsonl");
  fs::create_symlink("quarantine.jsonl", folder / "quarantine.jsonl");  // it leads to itself
  const std::string page = rendered();
  EXPECT_TRUE(holds(page, "config.json is damaged: it is nested too deeply"));
  EXPECT_TRUE(holds(page, "metrics.jsonl: 1 damaged line"));
  EXPECT_TRUE(holds(page, "quarantine.jsonl is damaged"));
}

TEST_F(RunData, NumbersOfTheWrongKindOrNotFiniteDoNoHarm) {
  put("metrics.jsonl",
      R"({"kind":"step","step":"x","loss":null,"time":[1]})"
      "\n"
      R"({"kind":"step","step":1,"loss":1e300,"mse":-1,"copy_last_mse":0,"time":{"wait_seconds":-1}})"
      "\n"
      R"({"kind":"eval","step":1,"mse":0,"copy_last_mse":0,"flow_mse":0,"psnr":null,"by_recording":[],"by_horizon":{"a":1}})"
      "\n"
      R"({"kind":"eval","step":null,"mse":{},"by_recording":{"a":3},"by_horizon":[1,null]})"
      "\n"
      R"({"kind":"final","reason":"steps","step":[],"time":{"elapsed_seconds":0}})"
      "\n");
  const std::string page = rendered();
  EXPECT_FALSE(holds(body_of(page), "nan"));
  EXPECT_FALSE(holds(body_of(page), "inf"));
}

}  // namespace
}  // namespace dojo
