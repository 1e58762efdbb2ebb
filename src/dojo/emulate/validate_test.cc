#include "dojo/emulate/validate.h"

#include <gtest/gtest.h>

#include <map>

namespace dojo::emulate {
namespace {

// What deviates by more than rounding, and why, is written in docs/machine.md.
TEST(Validate, ProgramsGetWhatWasPublished) {
  std::map<std::string, Figure> figures;
  for (const std::string& key : figure_names()) {
    Figure f = simulate_figure(key);
    EXPECT_EQ(std::string(name(f.level)) + " " + f.name, key);
    EXPECT_GT(f.numbers.published, 0) << key;
    EXPECT_GT(f.numbers.assumed, 0) << key;
    EXPECT_FALSE(f.source.empty()) << key;
    EXPECT_TRUE(figures.emplace(key, std::move(f)).second) << key;
  }
  const auto deviates = [&](const std::string& key, double least, double most) {
    ASSERT_TRUE(figures.contains(key)) << key;
    EXPECT_GE(figures.at(key).deviation(), least) << key;
    EXPECT_LE(figures.at(key).deviation(), most) << key;
  };
  for (const char* format : {"bf16", "cfloat8"}) {
    for (const char* level : {"node", "die", "tile"})
      deviates(std::string(level) + " peak_" + format, -0.001, 0.01);
    deviates(std::string("die gemm_") + format, -0.25, 0);
    deviates(std::string("tile gemm_") + format, -0.27, 0);
  }
  deviates("node peak_fp32", -0.001, 0.001);
  // All ports but the scalar ones, which are 8 of 200 and 8 of 136 bytes a cycle.
  deviates("node sram_load", -8.0 / 200 - 0.001, -8.0 / 200 + 0.001);
  deviates("node sram_store", (272.0 - 16) / 270 - 1 - 0.001, (272.0 - 16) / 270 - 1 + 0.001);
  deviates("die edge_both_ways", -0.001, 0.001);
  deviates("die edge_latency", 0, 0.006);  // a flit takes a cycle more on the narrower link
  deviates("tile bisection", -0.06, 0.001);
  deviates("tile edge_both_ways", -0.06, 0.001);
  deviates("tile batch_norm", -0.5, 0.5);
}

TEST(Validate, TablesHaveEveryFigure) {
  const std::vector<Figure> figures = {{.level = machine::Level::kDie,
                                        .name = "edge_latency",
                                        .unit = "s",
                                        .published = 100e-9,
                                        .simulated = 110e-9,
                                        .source = "HCu",
                                        .run = "a flit",
                                        .numbers = {.published = 3, .derived = 2, .assumed = 1}},
                                       {.name = "peak_bf16",
                                        .unit = "FLOPS",
                                        .published = 1e12,
                                        .simulated = 1e12,
                                        .status = machine::Status::kAssumed}};
  const std::string table = show_figures(figures);
  EXPECT_NE(table.find("die edge_latency"), std::string::npos);
  EXPECT_NE(table.find("+10.00 %"), std::string::npos);
  EXPECT_NE(table.find("3, 2, 1"), std::string::npos);
  EXPECT_NE(table.find("1 TFLOPS *"), std::string::npos);
  const std::string json = figures_json(figures);
  EXPECT_NE(json.find("\"figure\":\"edge_latency\""), std::string::npos);
  EXPECT_NE(json.find("\"assumed\":1"), std::string::npos);
}

}  // namespace
}  // namespace dojo::emulate
