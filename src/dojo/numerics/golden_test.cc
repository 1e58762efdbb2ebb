// Roundings and accumulations against Python's fractions (tests/golden/make_numerics_goldens.py).
#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "dojo/numerics/matrix_unit.h"
#include "dojo/numerics/round.h"

namespace dojo {
namespace {

// Each line that is no comment, as a stream of its words.
std::vector<std::istringstream> lines_of(const std::string& name) {
  const std::string path = std::string(DOJO_SOURCE_DIR) + "/tests/golden/numerics/" + name;
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::vector<std::istringstream> lines;
  for (std::string line; std::getline(file, line);)
    if (!line.starts_with("#")) lines.emplace_back(line);
  return lines;
}

double double_of(const std::string& hex) {
  return std::bit_cast<double>(std::strtoull(hex.c_str(), nullptr, 16));
}

FloatFormat format_of(const std::string& kind, const std::string& bias) {
  const std::optional<int> number = bias == "-" ? std::nullopt : std::optional(std::stoi(bias));
  return float_format(*parse_float_kind(kind), number);
}

TEST(NumericsGolden, RoundingsAreThoseOfFractions) {
  std::vector<std::istringstream> lines = lines_of("roundings.txt");
  EXPECT_GT(lines.size(), 1000u);
  for (std::istringstream& line : lines) {
    std::string kind, bias, subnormals, rule, x;
    uint32_t random = 0, code = 0;
    line >> kind >> bias >> subnormals >> rule >> random >> x >> code;
    ASSERT_FALSE(line.fail()) << line.str();
    FloatFormat format = format_of(kind, bias);
    if (subnormals == "as_written") format.subnormals = Subnormals::kAsWritten;
    RoundingRules rules;
    if (rule == "away") rules.ties = Ties::kAway;
    if (rule != "even" && rule != "away")
      rules = {.mode = Rounding::kStochastic, .random_bits = std::stoi(rule)};
    ASSERT_EQ(encode(format, double_of(x), rules, random), code) << line.str();
  }
}

// "kind:bias" and "code,code,..." as numbers.
std::vector<float> numbers(const std::string& operand, const std::string& codes) {
  const size_t colon = operand.find(':');
  const FloatFormat format = format_of(operand.substr(0, colon), operand.substr(colon + 1));
  std::vector<float> values;
  std::istringstream list(codes);
  for (std::string code; std::getline(list, code, ',');)
    values.push_back(static_cast<float>(decode(format, static_cast<uint32_t>(std::stoul(code)))));
  return values;
}

TEST(NumericsGolden, AccumulationsAreThoseOfFractions) {
  std::vector<std::istringstream> lines = lines_of("accumulations.txt");
  EXPECT_GT(lines.size(), 1000u);
  for (std::istringstream& line : lines) {
    std::string order, accumulator, a, b, start, a_codes, b_codes, result;
    line >> order >> accumulator >> a >> b >> start >> a_codes >> b_codes >> result;
    ASSERT_FALSE(line.fail()) << line.str();
    const MatrixUnitRules rules = {.order = order == "in_turn" ? AdditionOrder::kInTurn
                                            : order == "pairs" ? AdditionOrder::kPairs
                                            : order == "fused" ? AdditionOrder::kFused
                                                               : AdditionOrder::kFourUnits,
                                   .accumulator = accumulator == "f32"      ? Accumulator::kF32
                                                  : accumulator == "1_7_13" ? Accumulator::k1_7_13
                                                                            : Accumulator::kExact};
    const float seen = accumulate(rules, static_cast<float>(double_of(start)), numbers(a, a_codes),
                                  numbers(b, b_codes));
    ASSERT_EQ(static_cast<double>(seen), double_of(result)) << line.str();
  }
}

}  // namespace
}  // namespace dojo
