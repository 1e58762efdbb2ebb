#include "dojo/train/json.h"

#include <gtest/gtest.h>

#include <functional>

#include "dojo/base/error.h"

namespace dojo {
namespace {

constexpr const char* kText =
    R"({"seed":18446744073709551615,"lr":1e-3,"steps":7,"name":"a","list":["x","y"],
        "options":{"a":"1","b":"2"},"sums":{"loss":0.5},"files":[{"bytes":1},{"bytes":"2"}]})";

std::string refusal(const std::function<void(const JsonReader&)>& read, const char* text = kText) {
  try {
    read(JsonReader(text, "a test", "x.json", "try y"));
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kInput);
    EXPECT_EQ(e.where(), "x.json");
    EXPECT_EQ(e.hint(), "try y");
    return e.message();
  }
  return "";
}

TEST(JsonReader, GivesWhatIsThere) {
  const JsonReader json(kText, "a test", "x.json");
  uint64_t seed = 0;
  double lr = 0, steps_as_real = 0;
  int64_t steps = 0;
  std::string name;
  std::vector<std::string> list;
  json.get("seed", &seed);
  json.get("lr", &lr);
  json.get("steps", &steps);
  json.get("steps", &steps_as_real);
  json.get("name", &name);
  json.get("list", &list);
  EXPECT_EQ(seed, ~uint64_t{0});
  EXPECT_EQ(lr, 1e-3);
  EXPECT_EQ(steps, 7);
  EXPECT_EQ(steps_as_real, 7);
  EXPECT_EQ(name, "a");
  EXPECT_EQ(list, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(json.object("options").texts(),
            (std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(json.numbers("sums"), (std::map<std::string, double>{{"loss", 0.5}}));
  EXPECT_EQ(json.objects("files").size(), 2u);
  EXPECT_TRUE(json.has("lr"));
  EXPECT_FALSE(json.has("rate"));
}

TEST(JsonReader, NamesTheFieldAndTheValueThatAreWrong) {
  int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<std::string> list;
  using Reader = JsonReader;
  EXPECT_EQ(refusal([&](const Reader& j) { j.get("none", &integer); }),
            "not a test: none is missing");
  EXPECT_EQ(refusal([&](const Reader& j) { j.get("lr", &integer); }),
            "not a test: lr is 0.001, not an integer");
  EXPECT_EQ(refusal([&](const Reader& j) { j.get("seed", &integer); }),
            "not a test: seed is 18446744073709551615, not an integer");
  EXPECT_EQ(refusal([&](const Reader& j) { j.get("steps", &integer, 8, 9); }),
            "not a test: steps is 7, allowed are 8 to 9");
  EXPECT_EQ(refusal([&](const Reader& j) { j.get("name", &real); }),
            "not a test: name is \"a\", not a number");
  EXPECT_EQ(refusal([&](const Reader& j) { j.get("steps", &text); }),
            "not a test: steps is 7, not a text");
  const std::string deep = "{\"x\":" + std::string(1000000, '[') + std::string(1000000, ']') + "}";
  EXPECT_EQ(refusal([&](const Reader& j) { j.get("x", &integer); }, deep.c_str()),
            "not a test: x is a list, not an integer");
  EXPECT_EQ(refusal([&](const Reader& j) { j.get("name", &list); }),
            "not a test: name is \"a\", not a list");
  EXPECT_EQ(refusal([&](const Reader& j) { j.object("lr"); }),
            "not a test: lr is 0.001, not an object");
  EXPECT_EQ(refusal([&](const Reader& j) { j.object("options").get("c", &text); }),
            "not a test: options.c is missing");
  EXPECT_EQ(refusal([&](const Reader& j) { j.objects("files")[1].get("bytes", &integer); }),
            "not a test: files[1].bytes is \"2\", not an integer");
}

TEST(JsonReader, RefusesWhatIsNoObject) {
  for (const char* bad : {"", "[1]", "7", "{", "{\"a\":\"\xE9\"}"})
    EXPECT_NE(refusal([](const JsonReader&) {}, bad), "") << bad;
}

}  // namespace
}  // namespace dojo
