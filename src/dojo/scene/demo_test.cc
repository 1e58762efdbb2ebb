#include "dojo/scene/demo.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/test_folder.h"
#include "dojo/scene/encode.h"
#include "dojo/scene/render.h"
#include "dojo/scene/test_video.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

class Demo : public testing::Test {
 protected:
  DemoOptions small() const {
    return {.drives = 2, .seconds = 0.5, .height = 32, .width = 64, .fps = 10};
  }
  const TestFolder own;
  const fs::path folder = own.path();
};

TEST_F(Demo, EncodedFramesComeBackCloseToTheRenderedOnes) {
  const scene::World world(scene::draw_params(2, 5));
  scene::Renderer renderer(world, {.height = 96, .width = 160});
  scene::VideoWriter writer((folder / "a.mp4").string(), {.height = 96, .width = 160, .fps = 20});
  std::vector<scene::Frame> frames;
  for (int i = 0; i < 40; ++i) {
    frames.push_back(renderer.render(i, i / 20.0));
    writer.add(frames.back().rgb);
  }
  EXPECT_FALSE(fs::exists(folder / "a.mp4"));  // not before it is whole
  writer.finish();
  const Decoded video = decode((folder / "a.mp4").string());
  ASSERT_EQ(video.luma.size(), 40u);
  EXPECT_EQ(video.b_frames, 0);
  EXPECT_EQ(video.key_frames, 2);
  EXPECT_EQ(video.space, "bt709");
  EXPECT_NEAR(video.rate, 20, 1e-9);
  for (size_t i = 0; i < 40; ++i) {
    double error = 0;
    for (size_t p = 0; p < 96 * 160; ++p) {
      const uint8_t* c = &frames[i].rgb[3 * p];
      error += std::abs(16 + 219.0 / 255 * (0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]) -
                        video.luma[i][p]);
    }
    EXPECT_LT(error / (96 * 160), 3) << i;
  }
}

TEST_F(Demo, AnUnfinishedVideoLeavesNothing) {
  {
    scene::VideoWriter writer((folder / "a.mp4").string(), {.height = 32, .width = 64});
    writer.add(std::vector<uint8_t>(32 * 64 * 3, 90));
  }
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(Demo, SizesThatTheCodecCannotTakeAreRefused) {
  EXPECT_THROW(scene::VideoWriter((folder / "a.mp4").string(), {.height = 31, .width = 64}), Error);
  EXPECT_THROW(scene::VideoWriter((folder / "no" / "a.mp4").string(), {.height = 32, .width = 64}),
               Error);
  DemoOptions options = small();
  options.drives = 0;
  EXPECT_THROW(ensure_demo_drives(folder.string(), options), Error);
  options = small();
  options.seconds = std::nan("");
  EXPECT_THROW(ensure_demo_drives(folder.string(), options), Error);
}

TEST_F(Demo, WritesVideoTruthAndManifestForEachDrive) {
  DemoOptions options = small();
  options.depth = true;
  int64_t last = 0;
  const auto paths = ensure_demo_drives(folder.string(), options, [&](int64_t done, int64_t total) {
    EXPECT_EQ(total, 10);
    last = done;
  });
  EXPECT_EQ(last, 10);
  ASSERT_EQ(paths.size(), 2u);
  EXPECT_EQ(fs::path(paths[1]).filename(), "drive-01.mp4");
  EXPECT_EQ(decode(paths[1]).luma.size(), 5u);
  std::ifstream csv(folder / "drive-01.csv");
  std::string header, row;
  std::getline(csv, header);
  std::getline(csv, row);
  EXPECT_EQ(header.rfind("frame,time_seconds,speed_mps,yaw_rate_radps", 0), 0u);
  EXPECT_EQ(row.rfind("0,0.000000,", 0), 0u);
  EXPECT_EQ(fs::file_size(folder / "drive-00.depth.npy"), 128u + 5 * 32 * 64 * 4);
  EXPECT_NE(read_file(paths[0]), read_file(paths[1]));
}

TEST_F(Demo, KeepsWhatIsWholeAndMakesAnewWhatIsNot) {
  const auto count = [&](const DemoOptions& options) {
    int64_t rendered = 0;
    ensure_demo_drives(folder.string(), options, [&](int64_t done, int64_t) { rendered = done; });
    return rendered;
  };
  EXPECT_EQ(count(small()), 10);
  const std::string before = read_file(folder / "drive-01.mp4");
  EXPECT_EQ(count(small()), 0);

  std::string damaged = before;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
  std::ofstream(folder / "drive-01.mp4", std::ios::binary) << damaged;  // the same size, one bit
  EXPECT_EQ(count(small()), 5);
  EXPECT_EQ(read_file(folder / "drive-01.mp4"), before);

  fs::remove(folder / "drive-00.csv");
  EXPECT_EQ(count(small()), 5);
  std::ofstream(folder / "drive-00.json") << "{\"recipe\":";
  EXPECT_EQ(count(small()), 5);
  DemoOptions other = small();
  other.seed = 2;
  EXPECT_EQ(count(other), 10);
  EXPECT_NE(read_file(folder / "drive-01.mp4"), before);
}

TEST_F(Demo, OtherSecondsAreOtherDrivesAlsoWithAsManyFrames) {
  const auto count = [&](double seconds) {
    DemoOptions options = small();
    options.seconds = seconds;
    int64_t rendered = 0;
    ensure_demo_drives(folder.string(), options, [&](int64_t done, int64_t) { rendered = done; });
    return rendered;
  };
  EXPECT_EQ(count(0.5), 10);
  EXPECT_EQ(read_file(folder / "drive-00.json").find("seconds"), std::string::npos);  // as ever
  EXPECT_EQ(count(0.52), 10);
  EXPECT_EQ(count(0.52), 0);
  EXPECT_EQ(count(0.5), 10);
}

TEST_F(Demo, TheSameSeedGivesTheSameFilesForAnyNumberOfThreads) {
  const int threads = num_threads();
  set_num_threads(1);
  ensure_demo_drives((folder / "one").string(), small());
  set_num_threads(3);
  ensure_demo_drives((folder / "three").string(), small());
  set_num_threads(threads);
  for (const char* name : {"drive-00.mp4", "drive-00.csv", "drive-00.json", "drive-01.mp4",
                           "drive-01.csv", "drive-01.json"}) {
    EXPECT_EQ(read_file(folder / "one" / name), read_file(folder / "three" / name)) << name;
  }
}

TEST_F(Demo, AKilledRenderLeavesNothingThatLooksWholeAndTheNextCallGoesOn) {
  DemoOptions options = small();
  options.seconds = 1.5;
  const pid_t child = fork();
  if (child == 0) {
    set_num_threads(1);
    ensure_demo_drives(folder.string(), options, [](int64_t done, int64_t) {
      if (done == 20) kill(getpid(), SIGKILL);  // in the middle of the second drive
    });
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(fs::exists(folder / "drive-00.json"));
  EXPECT_FALSE(fs::exists(folder / "drive-01.json"));
  EXPECT_FALSE(fs::exists(folder / "drive-01.mp4"));
  int64_t rendered = 0;
  ensure_demo_drives(folder.string(), options, [&](int64_t done, int64_t) { rendered = done; });
  EXPECT_EQ(rendered, 15);
  for (const auto& entry : fs::directory_iterator(folder)) {
    EXPECT_EQ(entry.path().filename().string().find(".tmp-"), std::string::npos) << entry.path();
  }
}

TEST_F(Demo, SparesFilesThatItDidNotWrite) {
  write_file_atomic((folder / "drive-01.mp4").string(), "somebody's recording");
  EXPECT_THROW(ensure_demo_drives(folder.string(), small(), nullptr), Error);
  EXPECT_EQ(read_file((folder / "drive-01.mp4").string()), "somebody's recording");
  EXPECT_FALSE(fs::exists(folder / "drive-00.mp4"));
}

TEST_F(Demo, KnowsWhichOfItsFilesOtherOptionsReplace) {
  EXPECT_TRUE(drives_to_replace(folder.string(), small()).empty());
  DemoOptions options = small();
  options.depth = true;
  ensure_demo_drives(folder.string(), options);
  EXPECT_TRUE(drives_to_replace(folder.string(), options).empty());
  options.depth = false;
  EXPECT_TRUE(drives_to_replace(folder.string(), options).empty());
  options.seed = 2;
  EXPECT_EQ(drives_to_replace(folder.string(), options).size(), 8u);
  ensure_demo_drives(folder.string(), options);
  EXPECT_FALSE(fs::exists(folder / "drive-00.depth.npy"));  // it was that of another video
}

TEST_F(Demo, TwoAtOnceShareTheWork) {
  const pid_t child = fork();
  if (child == 0) {
    set_num_threads(1);
    ensure_demo_drives(folder.string(), small());
    _exit(0);
  }
  const auto paths = ensure_demo_drives(folder.string(), small());
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  for (const std::string& path : paths) EXPECT_EQ(decode(path).luma.size(), 5u);
}

}  // namespace
}  // namespace dojo
