#include "dojo/train/late_judge.h"

#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

const HeldOutOptions kSize{.inputs = 2, .horizons = 2, .height = 32, .width = 64};

// 40 frames, 10 a second.
Recording recording_of(const std::string& path) {
  Recording r;
  r.path = path;
  r.name = path.substr(path.rfind('/') + 1);
  r.end_frame = 40;
  for (int i = 0; i < 40; ++i) r.pts_seconds.push_back(i / 10.0);
  r.key_frames = {0};
  return r;
}

Recording short_recording(const TestFolder& folder) {
  return recording_of(make_clip(folder, "a.mp4",
                                "-f lavfi -i testsrc2=s=64x48:r=10:d=4 -c:v libx264 -pix_fmt "
                                "yuv420p"));
}

// Notes what it is asked for.
struct NotedJudge : Judge {
  explicit NotedJudge(std::string* to) : notes(to) {}
  void load(const SafeTensors&, const std::string& path) override { *notes += " load " + path; }
  Verdict judge(bool at_end, const std::function<bool()>&) override {
    *notes += at_end ? " end" : " judge";
    return {};
  }
  std::string final_words() override { return "words"; }
  void write_samples(const std::string&) override { *notes += " samples"; }
  std::string* notes;
};

TEST(LateJudge, IsMadeOnceOfAllClipsThatLoadingGives) {
  const TestFolder folder;
  const Recording good = short_recording(folder), gone = recording_of(folder / "gone.mp4");
  const HeldOutClips wanted = load_held_out({gone, good}, kSize);
  auto reading = std::make_unique<HeldOutReading>(std::vector{gone, good}, kSize);
  while (!reading->has_clips()) ASSERT_TRUE(reading->next());  // it may have begun
  std::string notes;
  HeldOutSet set;
  LateJudge judge(std::move(reading), [&](HeldOutSet all) {
    notes += "made";
    set = std::move(all);
    return std::make_unique<NotedJudge>(&notes);
  });
  EXPECT_EQ(notes, "");
  EXPECT_TRUE(judge.wait(600));
  EXPECT_TRUE(judge.wait(0));
  judge.load({}, "x");
  judge.judge(false);
  EXPECT_EQ(judge.final_words(), "words");
  judge.write_samples("there");
  EXPECT_EQ(notes, "made load x judge samples");
  ASSERT_EQ(set.clips.size(), wanted.set.clips.size());
  for (size_t i = 0; i < set.clips.size(); ++i) {
    EXPECT_EQ(set.clips[i].frames, wanted.set.clips[i].frames);
    EXPECT_EQ(set.clips[i].recording, 1);
  }
  ASSERT_EQ(judge.quarantined().size(), 1u);
  EXPECT_EQ(judge.quarantined()[0].path, gone.path);
  EXPECT_EQ(judge.quarantined()[0].reason, wanted.quarantined[0].reason);
}

TEST(LateJudge, WhoAsksItBeforeWaitsForTheClips) {
  const TestFolder folder;
  std::string notes;
  LateJudge judge(std::make_unique<HeldOutReading>(std::vector{short_recording(folder)}, kSize),
                  [&](HeldOutSet) { return std::make_unique<NotedJudge>(&notes); });
  judge.judge(true);
  EXPECT_EQ(notes, " end");
}

TEST(LateJudge, ErrorsOfItsMakerComeOutWhereItIsWaitedFor) {
  const TestFolder folder;
  LateJudge judge(std::make_unique<HeldOutReading>(std::vector{short_recording(folder)}, kSize),
                  [](HeldOutSet) -> std::unique_ptr<Judge> {
                    throw Error(Category::kConfig, "too little memory");
                  });
  EXPECT_THROW(judge.wait(600), Error);
}

TEST(HeldOutReading, StopsWhenItIsToldTo) {
  const TestFolder folder;
  HeldOutReading reading({short_recording(folder)}, kSize);
  ASSERT_TRUE(reading.next());
  reading.stop();
  EXPECT_THROW(reading.next(), Interrupted);
  EXPECT_TRUE(reading.has_clips());
}

}  // namespace
}  // namespace dojo
