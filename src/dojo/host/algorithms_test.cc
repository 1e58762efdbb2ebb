#include "dojo/host/algorithms.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/test_folder.h"

namespace dojo {
namespace {

using Candidate = Algorithms::Candidate;

Candidate takes(const char* name, int milliseconds) {
  return {name, [=] {
            return [=] { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); };
          }};
}

Candidate must_not_be_timed(const char* name) {
  return {name, [=]() -> std::function<void()> {
            ADD_FAILURE() << name << " is timed";
            return [] {};
          }};
}

std::string file_of(const TestFolder& folder) { return folder / "cache/algorithms.json"; }

TEST(Algorithms, TheFastestIsTakenWhereverItStands) {
  Algorithms algorithms({});
  EXPECT_EQ(algorithms.choose("a", {takes("slow", 20), takes("fast", 1)}), "fast");
  EXPECT_EQ(algorithms.choose("b", {takes("fast", 1), takes("slow", 20)}), "fast");
  EXPECT_EQ(algorithms.timed(), 2);
}

TEST(Algorithms, AProblemIsTimedOnceOnAMachine) {
  const TestFolder folder;
  std::vector<std::string> told;
  const auto tell = [&](int64_t timed, const std::string& p) {
    told.push_back(std::to_string(timed) + p);
  };
  Algorithms first({.file = file_of(folder), .progress = tell});
  EXPECT_EQ(first.choose("a", {takes("slow", 20), takes("fast", 1)}), "fast");
  EXPECT_EQ(first.choose("a", {must_not_be_timed("slow"), must_not_be_timed("fast")}), "fast");
  first.save();
  Algorithms second({.file = file_of(folder)});
  EXPECT_EQ(second.choose("a", {must_not_be_timed("slow"), must_not_be_timed("fast")}), "fast");
  EXPECT_EQ(second.timed(), 0);
  EXPECT_EQ(told, (std::vector<std::string>{"0a", "1"}));
}

TEST(Algorithms, WhatTwoProcessesTimedIsKeptOfBoth) {
  const TestFolder folder;
  Algorithms first({.file = file_of(folder)}), second({.file = file_of(folder)});
  first.choose("a", {takes("x", 1), takes("y", 20)});
  second.choose("b", {takes("x", 20), takes("y", 1)});
  first.save();
  second.save();
  Algorithms third({.file = file_of(folder)});
  EXPECT_EQ(third.choose("a", {must_not_be_timed("x"), must_not_be_timed("y")}), "x");
  EXPECT_EQ(third.choose("b", {must_not_be_timed("x"), must_not_be_timed("y")}), "y");
}

TEST(Algorithms, ADamagedFileOrAnUnknownNameInItIsTimedAnew) {
  const TestFolder folder;
  {
    Algorithms algorithms({.file = file_of(folder)});
    algorithms.choose("a", {takes("gone", 1), takes("slow", 20)});
    algorithms.save();
  }
  Algorithms other({.file = file_of(folder)});
  EXPECT_EQ(other.choose("a", {takes("slow", 20), takes("fast", 1)}), "fast");
  for (const char* text : {"", "{", "[1]", "{\"a\": 3}", "\xff\xfe", "{\"a\": {\"b\": 3}}"}) {
    write_file_atomic(file_of(folder), text);
    Algorithms again({.file = file_of(folder)});
    EXPECT_EQ(again.choose("a", {takes("slow", 20), takes("fast", 1)}), "fast") << text;
    // Of another machine's part nothing is said.
    EXPECT_EQ(again.message().empty(), std::string_view(text).starts_with("{\"")) << text;
    again.save();
    Algorithms mended({.file = file_of(folder)});
    EXPECT_EQ(mended.choose("a", {must_not_be_timed("slow"), must_not_be_timed("fast")}), "fast");
    EXPECT_EQ(mended.message(), "");
  }
}

TEST(Algorithms, AnEntryThatIsDamagedInPartIsMended) {
  const TestFolder folder;
  {
    Algorithms algorithms({.file = file_of(folder)});
    algorithms.choose("a", {takes("slow", 20), takes("fast", 1)});
    algorithms.save();
  }
  std::string text = read_file(file_of(folder));
  const std::string name = "\"fast\"";
  text.replace(text.find(name), name.size(), "3");
  write_file_atomic(file_of(folder), text);
  Algorithms again({.file = file_of(folder)});
  again.choose("b", {takes("slow", 20), takes("fast", 1)});
  again.save();
  Algorithms mended({.file = file_of(folder)});
  EXPECT_EQ(mended.choose("b", {must_not_be_timed("slow"), must_not_be_timed("fast")}), "fast");
}

TEST(Algorithms, AFileThatCannotBeWrittenIsNoReasonToFail) {
  const TestFolder folder;
  write_file_atomic(folder / "cache", "a file, not a folder");
  Algorithms algorithms({.file = file_of(folder)});
  EXPECT_EQ(algorithms.choose("a", {takes("slow", 20), takes("fast", 1)}), "fast");
  algorithms.save();
}

TEST(Algorithms, ARunThatIsResumedUsesItsOwn) {
  Algorithms run({});
  run.choose("a", {takes("x", 1), takes("y", 20)});
  Algorithms resumed({});
  resumed.record(run.text(), "runs/a/algorithms.json");
  EXPECT_EQ(resumed.choose("a", {must_not_be_timed("y"), must_not_be_timed("x")}), "x");
  EXPECT_EQ(resumed.text(), run.text());
}

TEST(Algorithms, ARecordThatDoesNotFitIsRefusedWithItsName) {
  const auto refused = [](const std::string& text) -> std::string {
    Algorithms algorithms({});
    try {
      algorithms.record(text, "runs/a/algorithms.json");
      algorithms.choose("a", {must_not_be_timed("x"), must_not_be_timed("y")});
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kInput);
      EXPECT_EQ(e.where(), "runs/a/algorithms.json");
      return e.message();
    }
    return "";
  };
  EXPECT_EQ(refused("{\"a\": \"z\"}"), "there is no algorithm \"z\" for a");
  EXPECT_NE(refused("{\"a\": 3}"), "");
  EXPECT_NE(refused("[]"), "");
  EXPECT_NE(refused(""), "");
}

}  // namespace
}  // namespace dojo
