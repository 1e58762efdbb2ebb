#include "dojo/machine/parse.h"

#include <gtest/gtest.h>

#include "dojo/machine/test_machine.h"

namespace dojo::machine {
namespace {

const std::string kDie = built_in_text("d1_die");
const std::string kRows = R"("rows": {"value": 18, "unit": "rows")";

TEST(ParseDescription, GivesWhatIsWritten) {
  const Description d = parse_description(kDie, "d1_die.json");
  EXPECT_EQ(d.level, Level::kDie);
  EXPECT_EQ(d.title, "D1");
  EXPECT_EQ(d.part_file, "d1_node.json");
  EXPECT_FALSE(d.part);
  ASSERT_FALSE(d.parameters.empty());
  const Parameter& columns = d.parameters[0];
  EXPECT_EQ(columns.name, "die/grid/columns");
  EXPECT_EQ(columns.value, 20);
  EXPECT_EQ(columns.unit, "columns");
  EXPECT_EQ(columns.status, Status::kAssumed);
  EXPECT_EQ(columns.path, "/grid/columns");
  EXPECT_TRUE(d.sources.contains("EET"));
  bool nodes = false;
  for (const Parameter& p : d.published)
    nodes = nodes || (p.name == "die/published/nodes" && p.value == 354);
  EXPECT_TRUE(nodes);
}

TEST(ParseDescription, ReadsPartsThatAreWrittenInside) {
  const Description d = parse_description(built_in_text("unit"), "unit.json");
  ASSERT_TRUE(d.part && d.part->part && d.part->part->part && d.part->part->part->part);
  EXPECT_EQ(d.part->part->part->part->level, Level::kNode);
  EXPECT_EQ(d.part->part->parameters[0].path, "/part/part/grid/columns");
}

struct Case {
  std::string from, to, message;
};

void refuses(const std::string& text, const std::vector<Case>& cases) {
  for (const Case& c : cases)
    EXPECT_EQ(refusal(replaced(text, c.from, c.to)).message(), c.message) << c.to;
}

TEST(ParseDescription, NamesFileFieldAndValue) {
  refuses(
      kDie,
      {{kRows, R"("rows": {"value": 18, "unit": "GB")",
        "/grid/rows/unit is \"GB\", which is not of the kind of rows"},
       {kRows, R"("rows": {"value": 18, "unit": "rowz")",
        "/grid/rows/unit is \"rowz\", which is no unit"},
       {kRows, R"("rows": {"value": "18", "unit": "rows")",
        "/grid/rows/value is \"18\", and should be a number"},
       {kRows, R"("rows": {"value": null, "unit": "rows")",
        "/grid/rows/value is null, and should be a number"},
       {kRows, R"("rows": {"value": [[[1]]], "unit": "rows")",
        "/grid/rows/value is a list, and should be a number"},
       {kRows, R"("rows": {"value": 18)", "/grid/rows/unit is missing"},
       {kRows, R"("rows": {"unit": "rows")", "/grid/rows/value is missing"},
       {kRows, R"("rows": {"value": 18, "unit": "rows", "units": "rows")",
        "/grid/rows/units is no field of a description"},
       {kRows, R"("rows": 18, "r": {"value": 18, "unit": "rows")", "/grid/r is no field of a die"},
       {R"("latency": {"value": 100, "unit": "ns")", R"("latency": {"value": 100, "unit": "B")",
        "/edge/latency/unit is \"B\", which is not of the kind of cycles"},
       {"\"grid\"", "\"grit\"", "/grit is no field of a die"},
       {R"("level": "die")", R"("level": "dice")", "/level is \"dice\""},
       {R"("level": "die",)", "", "/level is missing"},
       {R"("title": "D1")", R"("title": "")", "/title is an empty text"},
       {R"("title": "D1")", R"("title": 1)", "/title is 1, and should be a text"},
       {"\"each-die\"", "\"somewhere\"", "/disabled/placing/value is \"somewhere\""},
       {"\"status\": \"assumed\"", "\"status\": \"guessed\"",
        "/grid/columns/status is \"guessed\""}});
}

TEST(ParseDescription, WantsAllFieldsOfAGroupThatIsThere) {
  refuses(kDie, {{"\"power\"", "\"powder\"", "/powder is no field of a die"},
                 {R"("part": "d1_node.json",)", "", "/part is missing"}});
  const std::string node = built_in_text("d1_node");
  refuses(node, {{"\"clock\"", "\"title2\"", "/title2 is no field of a node"}});
  const size_t at = node.find("  \"threads\"");
  std::string without = node;
  without.erase(at, node.find('\n', at) - at);
  EXPECT_EQ(refusal(without).message(), "/threads is missing");
}

TEST(ParseDescription, RefusesWhatAReaderWouldNotNotice) {
  refuses(kDie, {{R"("title": "D1",)", R"("title": "D1", "title": "D2",)", "/title is there twice"},
                 {kRows, R"("rows": {"value": 17, "value": 18, "unit": "rows")",
                  "/grid/rows/value is there twice"}});
}

TEST(ParseDescription, BelievesNoText) {
  EXPECT_EQ(refusal("").message(), "not JSON: line 1, column 1, where it ends");
  EXPECT_EQ(refusal("[1]").message(), "the machine description is a list, and should be an object");
  EXPECT_EQ(refusal("{\"level\": \xff}").message(), "not JSON: line 1, column 11");
  EXPECT_EQ(refusal(std::string(100000, '[')).message(),
            "the machine description is more than 24 brackets deep");
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "{\"part\":";
  EXPECT_NE(refusal(deep).message().find("is more than 24 brackets deep"), std::string::npos);
  EXPECT_EQ(refusal(replaced(kDie, R"("value": 18)", R"("value": 1e999)")).message(),
            "/grid/rows/value has a number beyond what a computer holds");
  EXPECT_EQ(refusal(R"({"level": "die", "title": "a\nb)"
                    "\x1b"
                    R"("})")
                .message(),
            "not JSON: line 1, column 32");
}

TEST(ParseDescription, ListsOfPlacesAreColumnsAndRows) {
  const std::string listed = replaced(
      replaced(kDie, "\"each-die\"", "\"listed\""), "\"seed\": {\"value\": 1, \"unit\": \"1\"",
      "\"list\": {\"value\": [[0,0],[1,1],[2,2],[3,3],[4,4],[19,17]]");
  EXPECT_EQ(refusal(listed).message(), "");
  refuses(listed, {{"[1,1]", "[1]", "/disabled/list/value/1 is no place [column, row]"},
                   {"[1,1]", "[-1,1]", "/disabled/list/value/1 is no place [column, row]"},
                   {"[1,1]", "[1.5,1]", "/disabled/list/value/1 is no place [column, row]"},
                   {"[1,1]", "[65536,1]", "/disabled/list/value/1 is no place [column, row]"},
                   {"[1,1]", "3", "/disabled/list/value/1 is no place [column, row]"}});
}

}  // namespace
}  // namespace dojo::machine
