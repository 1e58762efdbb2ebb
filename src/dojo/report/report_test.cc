#include "dojo/report/report.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/test_folder.h"
#include "dojo/report/chart.h"
#include "dojo/report/html.h"
#include "dojo/report/run_data.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(DOJO_SOURCE_DIR) / "tests/golden/report";

class Report : public testing::Test {
 protected:
  Report() { fs::create_directory(folder); }
  void put(const std::string& name, const std::string& content) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << content;
  }
  void copy_golden() {
    fs::copy(kGolden / "run", folder,
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  }
  static bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
  const TestFolder own;
  const fs::path folder = own / "run";
};

// The page without the style sheet and the script, which may change their looks.
std::string body_of(const std::string& html) {
  const size_t begin = html.find("<body>"), end = html.find("<script>");
  return html.substr(begin, end - begin) + "\n";
}

// To accept a new look: DOJO_UPDATE_GOLDEN=1 dojo_report_test, then read the difference.
TEST_F(Report, OfATinyRunIsTheGoldenOne) {
  copy_golden();
  const std::string page = body_of(render_report(folder.string()).html);
  if (std::getenv("DOJO_UPDATE_GOLDEN"))
    std::ofstream(kGolden / "report.body.html", std::ios::binary) << page;
  EXPECT_EQ(page, read_file(kGolden / "report.body.html"));
}

TEST_F(Report, SaysTheResultInPlainWordsWithBothFactors) {
  copy_golden();
  const std::string page = render_report(folder.string()).html;
  EXPECT_TRUE(holds(page, "0.400 ×</b> that of copying the last frame (2.5 times smaller)"));
  EXPECT_TRUE(holds(page, "0.800 ×</b> that of classical optical flow (20 % smaller)"));
  EXPECT_TRUE(holds(page, "2.8 % ") || holds(page, "<b>2.8 %</b>"));  // 0.2 of 7.2 s waiting
  EXPECT_TRUE(holds(page, "<pre>./dojo train clips</pre>"));
}

TEST_F(Report, SaysWhyTheTrainingWaited) {
  copy_golden();
  put("metrics.jsonl",
      R"({"kind":"final","step":9,"time":{"elapsed_seconds":20,"wait_seconds":4,"compute_seconds":16,)"
      R"("waited_for":{"indexing":1,"decoding":3,"copies":0,"assembling":"x"}}})");
  const std::string page = render_report(folder.string()).html;
  const size_t decoding = page.find("3.0 s for decoding"), files = page.find("1.0 s for files");
  EXPECT_NE(decoding, std::string::npos);
  EXPECT_NE(files, std::string::npos);
  EXPECT_LT(decoding, files) << "the longest first";
  EXPECT_FALSE(holds(page, "for small copies"));
}

TEST_F(Report, TheCommandToRepeatLeavesOutTheFolderThatIsTaken) {
  const auto command_of = [&](const std::string& words) {
    put("config.json", R"({"command":["dojo","train",)" + words + "]}");
    const std::string page = render_report(folder.string()).html;
    const size_t begin = page.find("<pre>") + 5;
    return page.substr(begin, page.find("</pre>") - begin);
  };
  EXPECT_EQ(command_of(R"("my clips","--out","a","--seed","2")"),
            "./dojo train &#39;my clips&#39; --seed 2");
  EXPECT_EQ(command_of(R"("--out=a","--steps","3")"), "./dojo train --steps 3");
  EXPECT_EQ(command_of(R"("--held-out","a")"), "./dojo train --held-out a");
}

TEST_F(Report, PromisesTheSameBytesOnlyWhereTheCommandGivesThem) {
  const auto page = [&](const std::string& config) {
    copy_golden();
    put("config.json", config);
    return render_report(folder.string()).html;
  };
  const char* kPromise = "the same checkpoints byte for byte";
  EXPECT_TRUE(holds(page(R"({"options":{"steps":9,"minutes":0}})"), kPromise));
  const std::string by_clock = page(R"({"options":{"steps":0,"minutes":5}})");
  EXPECT_FALSE(holds(by_clock, kPromise));
  EXPECT_TRUE(holds(by_clock, "ended by the clock"));
  const std::string moved = page(R"({"end_was_moved":true,"options":{"steps":9,"minutes":0}})");
  EXPECT_FALSE(holds(moved, kPromise));
  EXPECT_TRUE(holds(moved, "was moved when it was resumed"));
}

TEST_F(Report, SaysThatNothingWasLearnedAndThatTheEndOfTheSameRecordingIsEasier) {
  copy_golden();
  const std::string before = render_report(folder.string()).html;
  EXPECT_FALSE(holds(before, "Nothing was learned"));
  EXPECT_FALSE(holds(before, "easier than another drive"));
  put("metrics.jsonl", R"({"kind":"eval","step":0,"mse":4,"copy_last_mse":4,"score":1})"
                       "\n"
                       R"({"kind":"final","step":9,"best_step":0,"reason":"steps"})"
                       "\n");
  put("config.json", R"({"train":["a.mp4"],"held_out":["a.mp4"]})");
  const std::string page = render_report(folder.string()).html;
  EXPECT_TRUE(holds(page, "Nothing was learned"));
  EXPECT_TRUE(holds(page, "easier than another drive"));
}

TEST_F(Report, TheBestStateOfAnUnfinishedRunIsThatOfTheBestWeights) {
  copy_golden();
  put("metrics.jsonl", R"({"kind":"eval","step":10,"mse":4,"copy_last_mse":10,"score":0.9})"
                       "\n"
                       R"({"kind":"eval","step":20,"mse":5,"copy_last_mse":10,"score":0.8})"
                       "\n");
  EXPECT_TRUE(holds(render_report(folder.string()).html, "best state so far, at step 20."));
}

TEST_F(Report, SaysThatNoFileWasGivenUpOnlyWhereThatIsKnown) {
  put("config.json", "{}");
  EXPECT_FALSE(holds(render_report(folder.string()).html, "every file could be read"));
  put("quarantine.jsonl", "{\"path\":");
  EXPECT_FALSE(holds(render_report(folder.string()).html, "every file could be read"));
  put("quarantine.jsonl", "");
  EXPECT_TRUE(holds(render_report(folder.string()).html, "every file could be read"));
}

TEST_F(Report, ANetworkThatIsWorseIsSaidToBeWorse) {
  put("metrics.jsonl",
      R"({"kind":"eval","step":5,"mse":0.03,"copy_last_mse":0.01,"flow_mse":0.025})"
      "\n");
  const std::string page = render_report(folder.string()).html;
  EXPECT_TRUE(
      holds(page, "<b class=\"bad\">3.000 ×</b> that of copying the last frame (3 times larger)"));
  EXPECT_TRUE(holds(page, "(20 % larger)"));
}

TEST_F(Report, WritesOneFileWithoutOutsideReferences) {
  copy_golden();
  write_report(folder.string());
  const std::string page = read_file(folder / "report.html");
  EXPECT_EQ(page, render_report(folder.string()).html);
  for (const char* outside : {"http:", "https:", "src=\"/", "<link", "@import", "url("})
    EXPECT_FALSE(holds(page, outside)) << outside;
  size_t images = 0;
  for (size_t at = page.find("<img "); at != std::string::npos; at = page.find("<img ", at + 1))
    ++images;
  EXPECT_EQ(images, 6u);
}

TEST_F(Report, HostileNamesStayText) {
  const std::string evil = R"(\"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;)";
  put("config.json", R"({"command":["dojo",")" + evil + R"("],"train":[")" + evil +
                         R"("],"held_out":[],"task":")" + evil + R"(","seed":")" + evil +
                         R"(","dojo_version":")" + evil + R"(","threads":")" + evil +
                         R"(","options":{")" + evil + R"(":")" + evil + R"("},"model":{")" + evil +
                         R"(":1}})");
  put("metrics.jsonl",
      R"({"kind":"eval","step":5,"mse":0.03,"copy_last_mse":0.01,"by_recording":{")" + evil +
          R"(":{"mse":1}}})"
          "\n" +
          R"({"kind":"final","step":5,"reason":")" + evil + R"(","problem":")" + evil +
          R"("})"
          "\n");
  put("quarantine.jsonl", R"({"path":")" + evil + R"(","category":")" + evil + R"(","reason":")" +
                              evil +
                              R"("})"
                              "\n");
  put("samples/0.png", "\x89PNG\r\n\x1a\n");
  put("samples/samples.json",
      R"([{"recording":")" + evil +
          R"(","error_scale":1,"error_colours":["red;}</style>","#12345g"],"images":{"truth":"0.png",")" +
          evil + R"(":"0.png","last":"../../etc/passwd","flow":"/etc/passwd","error":")" + evil +
          R"("}}])");
  const std::string page = body_of(render_report(folder.string()).html);
  EXPECT_FALSE(holds(page, "<script"));
  EXPECT_FALSE(holds(page, "<img src=x"));
  EXPECT_FALSE(holds(page, "'><"));
  EXPECT_FALSE(holds(page, "red;}"));
  EXPECT_FALSE(holds(page, "root:"));
  EXPECT_TRUE(holds(page, "&#39;../../etc/passwd&#39; is not the name of a file beside it"));
  EXPECT_TRUE(holds(page, "&lt;script&gt;alert(1)"));
}

TEST_F(Report, AFolderThatIsNoRunIsRefused) {
  for (const std::string& path :
       {folder.string(), (folder / "missing").string(), std::string("/dev/null")}) {
    try {
      write_report(path);
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::kInput) << path;
      EXPECT_EQ(error.where(), path);
    }
  }
  EXPECT_FALSE(fs::exists(folder / "report.html"));
}

TEST_F(Report, ARunThatHasJustBegunSaysSo) {
  put("config.json", "{}");
  std::string page = render_report(folder.string()).html;
  EXPECT_TRUE(holds(page, "has not made a step yet"));
  EXPECT_TRUE(holds(page, "not finished"));
  put("metrics.jsonl", "");
  EXPECT_TRUE(holds(render_report(folder.string()).html, "has not made a step yet"));
  put("metrics.jsonl", R"({"kind":"step","step":3,"loss":0.1,"mse":0.01,"copy_last_mse":0.02})"
                       "\n");
  page = render_report(folder.string()).html;
  EXPECT_TRUE(
      holds(page, "has not been evaluated on held-out recordings yet; its last line is of step 3"));
  EXPECT_TRUE(holds(page, "<svg"));
}

TEST_F(Report, ARunThatLostItsLogIsNotTakenForOneThatHasJustBegun) {
  copy_golden();
  put("last.safetensors", "");
  fs::remove(folder / "metrics.jsonl");
  const std::string page = render_report(folder.string()).html;
  EXPECT_TRUE(holds(page, "How this run went is not known"));
  EXPECT_FALSE(holds(page, "not finished"));
  EXPECT_FALSE(holds(page, "has not made a step yet"));
}

TEST_F(Report, ARunThatStoppedSaysWhereAndWhy) {
  copy_golden();
  std::string metrics = read_file(folder / "metrics.jsonl");
  metrics.replace(metrics.find("\"reason\":\"steps\""), 16,
                  R"("reason":"diverged","problem":"the loss is NaN at step 21")");
  put("metrics.jsonl", metrics);
  const std::string page = render_report(folder.string()).html;
  EXPECT_TRUE(holds(page, "stopped: diverged"));
  EXPECT_TRUE(holds(page, "The run stopped early: the loss is NaN at step 21"));
}

TEST_F(Report, AResumedRunIsNotFinishedUntilItsLastLine) {
  copy_golden();
  std::ofstream(folder / "metrics.jsonl", std::ios::app)
      << R"({"kind":"step","step":30,"loss":0.1})"
         "\n";
  EXPECT_TRUE(holds(render_report(folder.string()).html,
                    "The run is not finished: this is its best state so far, at step 20"));
}

TEST_F(Report, WhatIsDamagedIsNamedAndTheRestIsShown) {
  copy_golden();
  put("config.json", "{\"seed\":");
  std::ofstream(folder / "metrics.jsonl", std::ios::app) << "{\"kind\":\"st";
  put("quarantine.jsonl", "[1,2]\nnull\n");
  put("samples/0_truth.png", "GIF89a");
  fs::remove(folder / "samples/0_flow.png");
  const std::string page = render_report(folder.string()).html;
  EXPECT_TRUE(holds(page, "config.json is damaged: not JSON: line 1, column 9, where it ends"));
  EXPECT_TRUE(holds(page, "metrics.jsonl: 1 damaged line, the first is line 6"));
  EXPECT_TRUE(holds(page, "quarantine.jsonl: 2 damaged lines, the first is line 1"));
  EXPECT_TRUE(holds(page, "samples/0_truth.png: not a PNG picture"));
  EXPECT_TRUE(holds(page, "samples/0_flow.png"));
  EXPECT_TRUE(holds(page, "0.400 ×"));
  put("samples/samples.json", "{}");
  EXPECT_TRUE(holds(render_report(folder.string()).html, "samples/samples.json is damaged"));
}

TEST_F(Report, WhatIsNestedDeeplyIsDamaged) {
  copy_golden();
  const std::string deep = std::string(300000, '[') + std::string(300000, ']');
  put("config.json", "{\"seed\":" + deep + "}");
  std::ofstream(folder / "metrics.jsonl", std::ios::app)
      << R"({"kind":"step","step":30,"time":)" << deep << "}\n";
  fs::remove(folder / "quarantine.jsonl");
  fs::create_symlink("quarantine.jsonl", folder / "quarantine.jsonl");  // it leads to itself
  const std::string page = render_report(folder.string()).html;
  EXPECT_TRUE(holds(page, "config.json is damaged: it is nested too deeply"));
  EXPECT_TRUE(holds(page, "metrics.jsonl: 1 damaged line"));
  EXPECT_TRUE(holds(page, "quarantine.jsonl is damaged"));
}

TEST_F(Report, WritingItTellsWhatCouldNotBeRead) {
  copy_golden();
  EXPECT_EQ(write_report(folder.string()), std::vector<std::string>{});
  put("quarantine.jsonl", "[1,2]\n");
  EXPECT_EQ(write_report(folder.string()),
            std::vector<std::string>{
                "quarantine.jsonl: 1 damaged line, the first is line 1; it is left out"});
}

TEST_F(Report, ARunOfWhichNothingCanBeReadIsRefused) {
  put("config.json", "{");
  put("metrics.jsonl", "x\n");
  put("report.html", "old");
  try {
    write_report(folder.string());
    FAIL() << "there was no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::kInput);
    EXPECT_TRUE(holds(error.message(), "config.json is damaged")) << error.what();
    EXPECT_TRUE(holds(error.message(), "metrics.jsonl: 1 damaged line")) << error.what();
  }
  EXPECT_EQ(read_file(folder / "report.html"), "old");
}

TEST_F(Report, ManyClipsAreFolded) {
  std::string list;
  for (int i = 0; i < 6; ++i)
    list +=
        (i ? "," : "") + fmt::format(R"({{"recording":"clip{}","images":{{"truth":"0.png"}}}})", i);
  put("config.json", "{}");
  put("samples/0.png", "\x89PNG\r\n\x1a\n");
  put("samples/samples.json", "[" + list + "]");
  const std::string page = render_report(folder.string()).html;
  const size_t fold = page.find("<summary>2 more</summary>");
  ASSERT_NE(fold, std::string::npos);
  EXPECT_LT(page.find("clip3"), fold);
  EXPECT_GT(page.find("clip4"), fold);
}

TEST_F(Report, NumbersOfTheWrongKindOrNotFiniteDoNoHarm) {
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
  const std::string page = render_report(folder.string()).html;
  EXPECT_FALSE(holds(body_of(page), "nan"));
  EXPECT_FALSE(holds(body_of(page), "inf"));
}

TEST(Html, EscapesMarkupAndWritesOutWhatIsNoText) {
  EXPECT_EQ(report::escape("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(report::escape("Straße 東京 🚗"), "Straße 東京 🚗");
  EXPECT_EQ(report::escape("a\xff"
                           "b\x1b"),
            "a\\xffb\\x1b");
  EXPECT_EQ(report::escape("\xc0\xaf"), "\\xc0\\xaf");    // an overlong slash
  EXPECT_EQ(report::escape("x\xe2\x82"), "x\\xe2\\x82");  // cut in the middle
  EXPECT_EQ(report::escape(std::string_view("\0", 1)), "\\x00");
}

TEST(Html, Base64AsInRfc4648) {
  const std::pair<const char*, const char*> known[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : known) EXPECT_EQ(report::base64(plain), coded);
  EXPECT_EQ(report::base64("\xff\xfe\xfd"), "//79");
}

TEST(Html, NumbersReadWell) {
  EXPECT_EQ(report::significant(0.00123456), "0.00123");
  EXPECT_EQ(report::significant(12345.6), "12,346");
  EXPECT_EQ(report::significant(0), "0");
  EXPECT_EQ(report::significant(NAN), "–");
  EXPECT_EQ(report::count(-1234567), "-1,234,567");
  EXPECT_EQ(report::count(-123), "-123");
  EXPECT_EQ(report::duration(75), "1 min 15 s");
  EXPECT_EQ(report::duration(7300), "2 h 1 min");
  EXPECT_EQ(report::bytes(1536), "1.50 KiB");
}

TEST(Chart, LeavesOutWhatIsNotFiniteAndIsEmptyWithoutPoints) {
  EXPECT_EQ(report::draw({"t", "x", "y", {{"s", "plain", {{1, NAN}, {NAN, 2}}}}, true}), "");
  const std::string one =
      report::draw({"t", "x", "y", {{"s", "plain", {{1, 3}, {2, INFINITY}}}}, true});
  EXPECT_NE(one.find("<circle"), std::string::npos);
  EXPECT_EQ(one.find("nan"), std::string::npos);
}

TEST(Chart, UsesALogarithmicAxisOnlyWhereItCan) {
  const auto chart = [](double low, double high) {
    return report::draw({"t", "x", "y", {{"s", "plain", {{0, low}, {1, high}}}}, true});
  };
  EXPECT_NE(chart(0.001, 0.1).find("log scale"), std::string::npos);
  EXPECT_EQ(chart(0.09, 0.1).find("log scale"), std::string::npos);
  EXPECT_EQ(chart(0, 0.1).find("log scale"), std::string::npos);
}

// The place of a text that has this content, or -1.
double x_of(const std::string& svg, const std::string& content) {
  const size_t end = svg.find("\">" + content + "</text>"), begin = svg.rfind(" x=\"", end);
  return end == svg.npos ? -1 : std::stod(svg.substr(begin + 4));
}

TEST(Chart, LongNumbersOnTheAxisLeaveRoomForItsTitle) {
  const auto chart = [](double low, double high) {
    return report::draw({"t", "x", "y", {{"s", "plain", {{0, low}, {1, high}}}}, true});
  };
  const std::string short_ticks = chart(1, 100), long_ticks = chart(0.0001, 0.01);
  ASSERT_GT(x_of(short_ticks, "10"), 0);
  // A character of a number is at most 7.5 wide; the title's line ends at 18.
  EXPECT_GE(x_of(short_ticks, "100") - 7.5 * 3, 18);
  EXPECT_GE(x_of(long_ticks, "0.0001") - 7.5 * 6, 18);
}

TEST(Chart, LongSeriesAreThinnedToMeans) {
  report::Series series{"s", "plain", {}};
  for (int i = 0; i < 100000; ++i) series.points.push_back({static_cast<double>(i), 5.0});
  const std::string svg = report::draw({"t", "x", "y", {series}, false});
  EXPECT_LT(svg.size(), 20000u);
}

const char* kEgoEval =
    R"({"kind":"eval","step":STEP,"score":SCORE,"speed_mps":{"mae":0.5,"rmse":0.9,"mean_mae":2,)"
    R"("mean_rmse":3,"clips":40},"yaw_rate_radps":{"mae":0.05,"rmse":0.06,"mean_mae":0.04,)"
    R"("mean_rmse":0.05,"clips":38},"clips":40,"by_recording":{"d/a-front.mp4":{"speed_mps":)"
    R"({"mae":0.25,"rmse":0.9,"mean_mae":2,"mean_rmse":3,"clips":20},"clips":20}},"by_camera":)"
    R"({"front":{"speed_mps":{"mae":0.25,"rmse":0.9,"mean_mae":2,"mean_rmse":3,"clips":20}}}})"
    "\n";

std::string ego_eval(const std::string& step, const std::string& score) {
  std::string line = kEgoEval;
  line.replace(line.find("STEP"), 4, step);
  line.replace(line.find("SCORE"), 5, score);
  return line;
}

TEST_F(Report, OfTheTaskEgoTellsEachSignalBesideTheMean) {
  put("config.json", R"({"task":"ego","train":["x.mp4"],"held_out":["d/a-front.mp4"]})");
  put("metrics.jsonl", ego_eval("0", "1.0") +
                           R"({"kind":"step","step":10,"loss":0.2,"mean_loss":0.4})"
                           "\n" +
                           ego_eval("10", "0.75"));
  put("samples/ego.json",
      R"([{"recording":"d/b-back.mp4","camera":"back","seconds":[1,2],"speed_mps":{"truth":[4,5],)"
      R"("network":[4.5,4.5]}},{"recording":"d/a-front.mp4","camera":"front","seconds":[1,2],)"
      R"("speed_mps":{"truth":[4,null],"network":[3,6]},"yaw_rate_radps":{"truth":[0.1,0.2],)"
      R"("network":[0.1]}}])");
  const ReportPage report = render_report(folder.string());
  EXPECT_TRUE(report.problems.empty());
  const std::string& page = report.html;
  for (const char* words :
       {"speed to within 0.500 m/s on average, <b class=\"good\">0.250 ×</b>",
        "yaw rate to within 2.86 degrees/s on average, <b class=\"bad\">1.250 ×</b>", "at step 10",
        "By camera", "Held-out clips: speed", "Held-out error over predicting the mean"})
    EXPECT_TRUE(holds(page, words)) << words;
  EXPECT_FALSE(holds(page, "copying the last frame"));
  EXPECT_LT(page.find("below\">d/a-front.mp4"), page.find("below\">d/b-back.mp4"));  // front first
  // Three clips have both numbers: as many dots in the cloud of the speed.
  const size_t cloud = page.find("Held-out clips: speed");
  const std::string chart = page.substr(cloud, page.find("</figure>", cloud) - cloud);
  size_t dots = 0;
  for (size_t at = chart.find("dot-network"); at != std::string::npos;
       at = chart.find("dot-network", at + 1))
    ++dots;
  EXPECT_EQ(dots, 3u);
}

TEST_F(Report, OfTheTaskMaeTellsTheLossBesideEachPatchsMeanAndShowsWhatWasFilledIn) {
  put("config.json", R"({"task":"mae","train":["x.mp4"],"held_out":["d/a.mp4"]})");
  put("metrics.jsonl",
      R"({"kind":"step","step":10,"loss":0.9,"patch_mean_mse":0.998,"lr":0.001})"
      "\n"
      R"({"kind":"eval","step":10,"score":0.4,"mse":0.4,"patch_mean_mse":0.8,"clips":3,)"
      R"("by_recording":{"d/a.mp4":{"mse":0.6,"patch_mean_mse":0.8,"clips":3}}})"
      "\n");
  put("samples/0.png", "\x89PNG\r\n\x1a\n");
  put("samples/samples.json",
      R"([{"recording":"d/a.mp4","frame":40,"mse":0.2,"patch_mean_mse":0.8,)"
      R"("images":{"truth":"0.png","masked":"0.png","prediction":"0.png"}}])");
  const ReportPage report = render_report(folder.string());
  EXPECT_TRUE(report.problems.empty());
  const std::string& page = report.html;
  for (const char* words :
       {"<b class=\"good\">0.500 ×</b> that of predicting each hidden patch’s mean (2 times "
        "smaller)",
        "<td class=\"good\">0.750</td>", "d/a.mp4, from frame 40", "What the network saw",
        "Filled in, 0.250 × each patch’s mean", "Training loss over that of the mean",
        "each patch’s mean</span>", "the encoder"})
    EXPECT_TRUE(holds(page, words)) << words;
  EXPECT_FALSE(holds(page, "copying the last frame"));
  EXPECT_FALSE(holds(page, "Prediction<"));
}

constexpr const char* kProfile =
    R"({"otherData":{"runs":12,"flop_per_second":2e11,)"
    R"("bytes_per_second":2e10,"kinds":[)"
    R"({"name":"Add","kernels":3,"seconds":0.001,"flop":1e6,"bytes":1.2e7,"least_seconds":6e-4},)"
    R"({"name":"<Conv>","kernels":20,"seconds":0.004,"flop":6e8,"bytes":1e7,"least_seconds":0.003},)"
    R"({"name":"reorder","kernels":1,"seconds":0.005,"flop":0,"bytes":4e7,"least_seconds":2e-3},)"
    R"({"name":"never","kernels":1,"seconds":0,"flop":0,"bytes":4,"least_seconds":0}]},)"
    R"("traceEvents":[]})";

TEST_F(Report, AProfileIsARooflineAndATableOfTheKindsTheSlowestFirst) {
  copy_golden();
  EXPECT_FALSE(holds(render_report(folder.string()).html, "time of a step"));
  put("profile.json", kProfile);
  const auto [page, problems] = render_report(folder.string());
  EXPECT_EQ(problems, std::vector<std::string>{});
  EXPECT_TRUE(holds(page, "A step spent 10.0 ms in kernels, in the mean of 12 steps"));
  EXPECT_TRUE(holds(page, "200 GFLOP/s and 20.0 GB/s"));
  EXPECT_TRUE(holds(page, "allow 5.60 ms, <b>56 %</b> of that"));
  EXPECT_TRUE(holds(page,
                    "&lt;Conv&gt;</td><td>20</td><td>4.00</td><td>40.0 %</td><td>150</td><td>2.50"
                    "</td><td>0.75</td>"));
  EXPECT_LT(page.find(">reorder</td>"), page.find("&lt;Conv&gt;</td>"));
  EXPECT_FALSE(holds(page, "never"));
  EXPECT_TRUE(holds(page, "limit of the machine"));
  EXPECT_TRUE(holds(page, ">&lt;Conv&gt;</text>"));
}

TEST_F(Report, AProfileThatIsDamagedIsAProblemAndNoMore) {
  for (const char* bad :
       {"", "{}", R"({"otherData":3})", R"({"otherData":{"kinds":[]}})",
        R"({"otherData":{"flop_per_second":1,"bytes_per_second":1,"kinds":[]}})",
        R"({"otherData":{"flop_per_second":1,"bytes_per_second":0,"kinds":[{"seconds":1}]}})",
        R"({"otherData":{"flop_per_second":"x","bytes_per_second":2,"kinds":{"a":1}}})"}) {
    copy_golden();
    put("profile.json", bad);
    const auto [page, problems] = render_report(folder.string());
    ASSERT_EQ(problems.size(), 1u) << bad;
    EXPECT_TRUE(holds(problems[0], "profile.json is damaged")) << problems[0];
    EXPECT_FALSE(holds(page, "time of a step"));
  }
  put("profile.json", R"({"otherData":{"flop_per_second":1,"bytes_per_second":1,)"
                      R"("kinds":[{"seconds":1,"flop":1e308,"bytes":1e-300},{"seconds":1e300}]}})");
  EXPECT_TRUE(holds(render_report(folder.string()).html, "time of a step"));
}

TEST_F(Report, ALabelThatAnotherWouldCoverIsLeftOut) {
  report::Series dots{"s", "plain", {{1, 1, "first"}, {1.01, 1, "second"}, {90, 5, "third"}}, true};
  const std::string svg = report::draw({.title = "t",
                                        .x_label = "x",
                                        .y_label = "y",
                                        .series = {dots},
                                        .log_y = true,
                                        .log_x = true});
  EXPECT_TRUE(holds(svg, ">first</text>"));
  EXPECT_FALSE(holds(svg, ">second</text>"));
  EXPECT_TRUE(holds(svg, ">third</text>"));
  EXPECT_TRUE(holds(svg, ">10</text>"));
}

TEST_F(Report, AnswersThatAreDamagedAreAProblemAndNoMore) {
  put("config.json", R"({"task":"ego"})");
  put("metrics.jsonl", ego_eval("0", "1.0"));
  for (const char* bad : {"{", "{}", "[1]", R"([{"recording":7}])", R"([{"seconds":3}])",
                          R"([{"seconds":[1],"speed_mps":{"truth":"x"}}])"}) {
    put("samples/ego.json", bad);
    EXPECT_NO_THROW(render_report(folder.string())) << bad;
  }
}

}  // namespace
}  // namespace dojo
