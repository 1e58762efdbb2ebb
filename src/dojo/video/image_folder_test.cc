#include "dojo/video/image_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dojo/base/error.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/frame_reader.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

// `count` pictures FOLDER/NUMBER.EXTENSION.
void make_pictures(const TestFolder& folder, const std::string& below, int count,
                   const std::string& extension) {
  fs::create_directories(folder / below);
  make_clip(folder, below + "/%010d." + extension,
            fmt::format("-f lavfi -i testsrc2=s=98x50:r=10:d={} -frames:v {} -start_number 0",
                        count / 10.0 + 1, count));
}

std::string kitti_times(int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += fmt::format("2011-09-26 13:02:{:02d}.{:09d}\n", 25 + i / 10, i % 10 * 100000000 + 1234);
  return text;
}

TEST(ImageFolder, AKittiRecordingIsReadFrameByFrame) {
  const TestFolder folder;
  const std::string drive = "2011_09_26_drive_0001_sync/";
  for (const char* camera : {"image_02", "image_03"}) {
    make_pictures(folder, drive + camera + "/data", 25, "png");
    write_bytes(folder / (drive + camera + "/timestamps.txt"), kitti_times(25));
  }
  write_bytes(folder / "thumb.png", "a picture that is no recording");
  const FoundRecordings found = find_recordings({folder.path()});
  ASSERT_EQ(found.recordings.size(), 2u);
  const Recording& r = found.recordings[0];
  EXPECT_EQ(r.name, drive + "image_02/data");
  EXPECT_EQ(r.camera, "image_02");
  EXPECT_EQ(r.drive, found.recordings[1].drive);
  EXPECT_EQ(r.num_frames(), 25);
  EXPECT_EQ(r.width, 98);
  EXPECT_NEAR(r.pts_seconds[12] - r.pts_seconds[0], 1.2, 1e-6);
  EXPECT_EQ(r.key_frames.size(), 25u);
  const FoundRecordings alone = find_recordings({folder / (drive + "image_02/data/")});
  ASSERT_EQ(alone.recordings.size(), 1u);  // the times lie one folder above
  EXPECT_EQ(alone.recordings[0].pts_seconds, r.pts_seconds);
  FrameReader reader;
  const std::vector<int64_t> frames = {17, 3, 24, 4};
  const std::vector<std::string> sums = reader.md5(r, frames);
  for (size_t i = 0; i < frames.size(); ++i)
    EXPECT_EQ(sums[i],
              ffmpeg_md5(folder / fmt::format("{}image_02/data/{:010d}.png", drive, frames[i]))[0])
        << frames[i];
  // All of the pictures make up what the recording is known by.
  EXPECT_EQ(r.fingerprint, content_of(r.path));
  write_bytes(folder / (drive + "image_02/data/0000000007.png"), "another picture");
  EXPECT_NE(content_of(r.path).hash, r.fingerprint.hash);
}

TEST(ImageFolder, JpegsOfAnOdometrySequenceHaveTheTimesOfTheirFile) {
  const TestFolder folder;
  make_pictures(folder, "sequences/07/image_2", 12, "jpg");
  std::string times;
  for (int i = 0; i < 12; ++i) times += fmt::format("{:e}\n", 0.1037 * i);
  write_bytes(folder / "sequences/07/times.txt", times);
  const FoundRecordings found = find_recordings({folder / "sequences/07/image_2"});
  ASSERT_EQ(found.recordings.size(), 1u);
  const Recording& r = found.recordings[0];
  EXPECT_EQ(r.drive, "07");
  EXPECT_NEAR(r.pts_seconds[11], 1.1407, 1e-6);
  FrameReader reader;
  EXPECT_EQ(reader.md5(r, std::vector<int64_t>{5})[0],
            ffmpeg_md5(folder / "sequences/07/image_2/0000000005.jpg")[0]);
}

TEST(ImageFolder, NuScenesSamplesAndSweepsAreOneRecordingForEachLog) {
  const TestFolder folder;
  make_pictures(folder, "all", 20, "jpg");
  for (int i = 0; i < 20; ++i) {
    const std::string log =
        i < 12 ? "n015-2018-07-24-11-22-45+0800" : "n008-2018-08-01-15-16-36-0400";
    const std::string to =
        fmt::format("{}/CAM_FRONT/{}__CAM_FRONT__{}.jpg", i % 6 == 0 ? "samples" : "sweeps", log,
                    1532402927612460 + 83333 * i);
    fs::create_directories(fs::path(folder / to).parent_path());
    fs::copy_file(folder / fmt::format("all/{:010d}.jpg", i), folder / to);
  }
  const FoundRecordings found = find_recordings({folder / "samples", folder / "sweeps"});
  ASSERT_EQ(found.recordings.size(), 2u);
  EXPECT_EQ(found.recordings[0].num_frames() + found.recordings[1].num_frames(), 20);
  for (const Recording& r : found.recordings) {
    EXPECT_EQ(r.camera, "CAM_FRONT");
    FrameReader reader;
    const bool first = r.num_frames() == 12;
    EXPECT_EQ(reader.md5(r, std::vector<int64_t>{1})[0],
              ffmpeg_md5(folder / fmt::format("all/{:010d}.jpg", first ? 1 : 13))[0]);
    EXPECT_NEAR(r.pts_seconds[1] - r.pts_seconds[0], 0.083333, 1e-6);
  }
}

TEST(ImageFolder, PicturesThatDoNotFitTheirTimesAreNamed) {
  const TestFolder folder;
  const auto reason = [&](const std::string& times) {
    write_bytes(folder / "a/times.txt", times);
    const FoundRecordings found = find_recordings({folder.path()});
    return found.quarantined.empty() ? "" : found.quarantined[0].reason;
  };
  make_pictures(folder, "a", 3, "png");
  EXPECT_EQ(reason("0\n1\n"), "2 times for 3 pictures");
  EXPECT_EQ(reason("0\nsoon\n2\n"), "no time: \"soon\"");
  EXPECT_EQ(reason("0\n1\n1\n"), "the time of picture 3 is not after the one before");
  EXPECT_EQ(reason("0\n1\n2\n"), "");
  // A damaged and an empty picture cost themselves.
  for (const char* bytes : {"", "not a picture"}) {
    write_bytes(folder / "a/0000000001.png", bytes);
    const FoundRecordings found = find_recordings({folder.path()});
    ASSERT_EQ(found.recordings.size(), 1u);
    FrameReader reader;
    EXPECT_EQ(reader.md5(found.recordings[0], std::vector<int64_t>{2})[0],
              ffmpeg_md5(folder / "a/0000000002.png")[0]);
    EXPECT_THROW(reader.md5(found.recordings[0], std::vector<int64_t>{1}), Error);
  }
}

}  // namespace
}  // namespace dojo
