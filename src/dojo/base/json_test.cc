#include "dojo/base/json.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace dojo {
namespace {

std::string problem(const std::string& text,
                    const std::function<void(const nlohmann::json&)>& use = {}) {
  try {
    const auto json = nlohmann::json::parse(text);
    if (use) use(json);
  } catch (const std::exception& e) {
    return json_problem(e, text);
  }
  return "";
}

TEST(JsonProblem, NamesLineAndColumn) {
  EXPECT_EQ(problem("{\"a\":x}"), "not JSON: line 1, column 6");
  EXPECT_EQ(problem("{\n \"\xc3\xa9\" 5}"), "not JSON: line 2, column 6");
  EXPECT_EQ(problem("[1,\n"), "not JSON: line 2, column 1, where it ends");
  EXPECT_EQ(problem(""), "not JSON: line 1, column 1, where it ends");
}

TEST(JsonProblem, NamesTheMissingField) {
  EXPECT_EQ(problem("{}", [](const auto& j) { j.at("seed"); }), "the field \"seed\" is missing");
}

TEST(JsonProblem, SaysWhatAFieldIsAndShouldBe) {
  EXPECT_EQ(problem("5", [](const auto& j) { (void)j.template get<std::string>(); }),
            "a field has the type number and should have string");
  EXPECT_EQ(problem("[]", [](const auto& j) { j.at("seed"); }),
            "a field has another type or length than it should have");
}

TEST(JsonProblem, OtherErrorsKeepTheirWords) {
  EXPECT_EQ(json_problem(std::runtime_error("no object"), ""), "no object");
}

}  // namespace
}  // namespace dojo
