#include "dojo/scene/teslacam.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/test_folder.h"
#include "dojo/scene/encode.h"
#include "dojo/scene/test_video.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

class TeslaCam : public testing::Test {
 protected:
  // 62 s make two files a camera; 2 frames a second keep it short.
  JourneyOptions small(int64_t cameras = 2) const {
    JourneyOptions o{.seconds = 62, .height = 32, .width = 48, .fps = 2};
    o.weather = scene::Weather::kDay;
    o.rig = scene::default_rig(cameras);
    return o;
  }
  fs::path render(const JourneyOptions& options, const char* name = "out") const {
    return render_journeys((folder / name).string(), options).at(0).folder;
  }
  const TestFolder own;
  const fs::path folder = own.path();
};

// Clips by name without folder and ending.
std::set<std::string> clips_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".mp4") names.insert(entry.path().stem().string());
  return names;
}

std::string camera_of(const std::string& clip) { return clip.substr(20); }

TEST_F(TeslaCam, WritesTheFolderOfACar) {
  const fs::path event = render(small(6));
  EXPECT_EQ(event.parent_path(), folder / "out" / "TeslaCam" / "SavedClips");
  const std::set<std::string> clips = clips_in(event);
  ASSERT_EQ(clips.size(), 12u);  // six cameras, two minutes
  std::map<std::string, std::set<std::string>> minutes;
  for (const std::string& clip : clips) minutes[clip.substr(0, 19)].insert(camera_of(clip));
  ASSERT_EQ(minutes.size(), 2u);
  for (const auto& [stamp, cameras] : minutes) {
    EXPECT_EQ(cameras, (std::set<std::string>{"front", "back", "left_repeater", "right_repeater",
                                              "left_pillar", "right_pillar"}));
    const Decoded video = decode((event / (stamp + "-front.mp4")).string());
    EXPECT_EQ(video.luma.size(), stamp == minutes.begin()->first ? 120u : 4u);
    EXPECT_EQ(video.codec, "h264");
  }
  const nlohmann::json json = nlohmann::json::parse(read_file(event / "event.json"));
  for (const char* field : {"timestamp", "city", "est_lat", "est_lon", "reason", "camera"})
    EXPECT_TRUE(json.at(field).is_string()) << field;
  EXPECT_GT(fs::file_size(event / "thumb.png"), 100u);
  EXPECT_FALSE(fs::exists(folder / "out" / ".unfinished"));
  const nlohmann::json cameras = nlohmann::json::parse(read_file(event / "truth" / "cameras.json"));
  EXPECT_NEAR(cameras["cameras"][0]["focal_pixels"], 24 / std::tan(65 * M_PI / 360), 1e-9);
  EXPECT_EQ(scene::parse_rig(cameras.dump(), "cameras.json"), scene::default_rig(6));
}

TEST_F(TeslaCam, TheTelemetryOfEachFrameIsTheTruth) {
  JourneyOptions options = small(3);
  options.skew_seconds = 1.2;
  options.drop_frames = 0.1;
  const fs::path event = render(options);
  int64_t frames = 0, lost = 0;
  double fastest = 0;
  for (const std::string& clip : clips_in(event)) {
    const Decoded video = decode((event / (clip + ".mp4")).string());
    const Table truth = read_table(event / "truth" / (clip + ".csv"));
    ASSERT_EQ(video.states.size(), truth.at("frame").size()) << clip;
    ASSERT_EQ(video.luma.size(), truth.at("frame").size()) << clip;
    for (size_t i = 0; i < video.states.size(); ++i) {
      ASSERT_TRUE(video.states[i].has_value()) << clip << " " << i;
      const VehicleState& s = *video.states[i];
      const auto is = [&](const char* column) { return truth.at(column)[i]; };
      EXPECT_EQ(static_cast<double>(s.frame_seq_no), is("frame_seq_no"));
      EXPECT_NEAR(s.vehicle_speed_mps, is("speed_mps"), 2e-6);
      EXPECT_NEAR(s.steering_wheel_angle, is("steering_wheel_deg"), 2e-5);
      EXPECT_NEAR(s.linear_acceleration_mps2_x, is("acceleration_x_mps2"), 1e-5);
      EXPECT_NEAR(s.linear_acceleration_mps2_y, is("acceleration_y_mps2"), 1e-5);
      EXPECT_NEAR(s.heading_deg, is("heading_deg"), 1e-6);
      EXPECT_NEAR(s.latitude_deg, is("latitude_deg"), 1e-9);
      EXPECT_NEAR(s.longitude_deg, is("longitude_deg"), 1e-9);
      EXPECT_EQ(s.brake_applied, is("brake_applied") == 1);
      EXPECT_EQ(s.blinker_on_left, is("blinker_on_left") == 1);
      EXPECT_EQ(static_cast<double>(s.gear_state), is("gear_state"));
      EXPECT_NEAR(video.seconds[i], is("time_seconds"), 1e-6);
      if (i > 0)
        lost += static_cast<int64_t>(
                    std::lround(is("frame_seq_no") - truth.at("frame_seq_no")[i - 1])) -
                1;
      fastest = std::max(fastest, is("speed_mps"));
    }
    frames += static_cast<int64_t>(video.states.size());
  }
  EXPECT_GT(fastest, 5);
  EXPECT_NEAR(static_cast<double>(lost), 0.1 * static_cast<double>(frames + lost), 20);
}

TEST_F(TeslaCam, TelemetryChangesNoPicture) {
  const int64_t h = 48, w = 64;
  const std::string path = (folder / "with.mp4").string();
  std::vector<std::vector<uint8_t>> nals;
  scene::VideoWriter writer(path, {.height = h, .width = w, .fps = 10});
  std::vector<uint8_t> rgb(static_cast<size_t>(h * w * 3));
  for (int i = 0; i < 40; ++i) {
    for (size_t p = 0; p < rgb.size(); ++p)
      rgb[p] = static_cast<uint8_t>(p * 7 + static_cast<size_t>(i) * 3 + p / 192);
    VehicleState state;
    state.frame_seq_no = static_cast<uint64_t>(i);
    state.longitude_deg = i % 2 ? 0 : 1;  // zeros and ones: start codes must not appear inside
    writer.add(rgb, nals.emplace_back(encode_sei_nal(state)));
  }
  writer.finish();
  // The same coded pictures, each without its unit and that unit's length of four bytes.
  size_t taken = 0;
  const auto take_out = [&](std::span<const uint8_t> packet) {
    const std::vector<uint8_t>& nal = nals.at(taken);
    const auto at = std::search(packet.begin(), packet.end(), nal.begin(), nal.end());
    if (at - packet.begin() < 4 || at == packet.end()) return std::vector<uint8_t>();
    ++taken;
    std::vector<uint8_t> rest(packet.begin(), at - 4);
    rest.insert(rest.end(), at + static_cast<std::ptrdiff_t>(nal.size()), packet.end());
    return rest;
  };
  const Decoded with = decode(path), without = decode(path, take_out);
  ASSERT_EQ(taken, 40u);
  ASSERT_EQ(with.luma.size(), 40u);
  EXPECT_TRUE(with.luma == without.luma);
  for (size_t i = 0; i < 40; ++i) {
    ASSERT_TRUE(with.states[i].has_value()) << i;
    EXPECT_EQ(with.states[i]->frame_seq_no, i);
    EXPECT_FALSE(without.states[i].has_value());
  }
}

TEST_F(TeslaCam, TheTableOfTheVehicleAgreesWithItself) {
  JourneyOptions options = small(1);
  options.fps = 36;
  options.seconds = 4;
  options.height = options.width = 16;
  const Table v = read_table(render(options) / "truth" / "vehicle.csv");
  const auto& t = v.at("time_seconds");
  ASSERT_EQ(t.size(), 144u);
  for (size_t i = 1; i + 1 < t.size(); ++i) {
    const double h = t[i + 1] - t[i - 1];
    const auto slope = [&](const char* name) {
      return (v.at(name)[i + 1] - v.at(name)[i - 1]) / h;
    };
    EXPECT_NEAR(v.at("speed_mps")[i], std::hypot(slope("x_m"), slope("y_m")), 0.01);
    EXPECT_NEAR(v.at("yaw_rate_radps")[i], slope("heading_rad"), 0.01);
    EXPECT_NEAR(v.at("steering_wheel_deg")[i],
                12 * 180 / M_PI * std::atan(2.9 * v.at("curvature_per_m")[i]), 1e-3);
  }
}

TEST_F(TeslaCam, CamerasOfOneNumberExposeAtOneTime) {
  JourneyOptions options = small(4);
  options.skew_seconds = 1.4;
  const fs::path event = render(options);
  std::map<double, std::vector<double>> times;  // by frame_seq_no
  std::set<double> begins;
  for (const std::string& clip : clips_in(event)) {
    const Table truth = read_table(event / "truth" / (clip + ".csv"));
    begins.insert(truth.at("frame_seq_no")[0]);
    for (size_t i = 0; i < truth.at("frame").size(); ++i)
      times[truth.at("frame_seq_no")[i]].push_back(truth.at("drive_seconds")[i]);
  }
  EXPECT_GT(begins.size(), 3u);  // cameras begin apart
  size_t most = 0;
  double worst = 0;
  for (const auto& [number, seconds] : times) {
    most = std::max(most, seconds.size());
    const auto [low, high] = std::minmax_element(seconds.begin(), seconds.end());
    worst = std::max(worst, *high - *low);
  }
  EXPECT_EQ(most, 4u);
  EXPECT_GT(worst, 0);
  EXPECT_LE(worst, 0.5 / 2);  // half a frame
}

TEST_F(TeslaCam, CamerasCanBeMissingShortOrEmpty) {
  JourneyOptions options = small(4);
  options.faults = {parse_fault(CameraFault::kAbsent, "back", "--drop-camera"),
                    parse_fault(CameraFault::kAbsent, "front@1", "--drop-camera"),
                    parse_fault(CameraFault::kCut, "left_repeater=10.5@0", "--cut-camera"),
                    parse_fault(CameraFault::kCut, "right_repeater=0", "--cut-camera")};
  const fs::path event = render(options);
  std::map<std::string, std::vector<size_t>> frames;  // of each minute
  for (const std::string& clip : clips_in(event)) {
    const fs::path path = event / (clip + ".mp4");
    frames[camera_of(clip)].push_back(fs::file_size(path) == 0 ? 0
                                                               : decode(path.string()).luma.size());
  }
  EXPECT_EQ(frames,
            (std::map<std::string, std::vector<size_t>>{
                {"front", {120}}, {"left_repeater", {21, 4}}, {"right_repeater", {120, 0}}}));
  EXPECT_FALSE(
      render_journeys((folder / "out").string(), options).at(0).rendered);  // whole as it is
}

TEST_F(TeslaCam, AFaultOfACameraThatIsNotThereIsRefused) {
  JourneyOptions options = small();
  options.faults = {{.camera = "top"}};
  EXPECT_THROW(render(options), Error);
}

TEST_F(TeslaCam, TheSameOptionsGiveTheSameFilesForAnyNumberOfThreads) {
  JourneyOptions options = small(3);
  options.seconds = 3;
  options.weather = scene::Weather::kRain;
  options.skew_seconds = 0.7;
  options.drop_frames = 0.2;
  options.vehicle = 3;
  const int threads = num_threads();
  set_num_threads(1);
  const fs::path one = render(options, "one");
  set_num_threads(3);
  const fs::path three = render(options, "three");
  set_num_threads(threads);
  EXPECT_EQ(one.filename(), three.filename());
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(one)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    EXPECT_EQ(read_file(entry.path()), read_file(three / fs::relative(entry.path(), one)))
        << entry.path();
  }
  EXPECT_EQ(files, 3 + 3 + 5);  // videos, tables, event, thumb, cameras, vehicle, manifest
}

TEST_F(TeslaCam, AKilledRenderShowsNothingAndTheNextCallGoesOn) {
  const JourneyOptions options = small(2);
  const pid_t child = fork();
  if (child == 0) {
    set_num_threads(1);
    render_journeys((folder / "out").string(), options, [](int64_t done, int64_t) {
      if (done == 243) kill(getpid(), SIGKILL);  // in the third of four files
    });
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  for (const auto& entry : fs::recursive_directory_iterator(folder / "out"))
    EXPECT_NE(entry.path().extension(), ".mp4") << entry.path();
  EXPECT_TRUE(fs::is_empty(folder / "out" / "TeslaCam" / "SavedClips"));

  int64_t last = 0, calls = 0;
  const auto progress = [&](int64_t done, int64_t total) {
    EXPECT_EQ(total, 248);
    last = done;
    ++calls;
  };
  const auto journeys = render_journeys((folder / "out").string(), options, progress);
  EXPECT_EQ(last, 248);
  EXPECT_LT(calls, 20);  // the two whole files counted at once
  const fs::path fresh = render(options, "fresh");
  for (const auto& entry : fs::recursive_directory_iterator(fresh)) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(read_file(entry.path()),
              read_file(journeys[0].folder / fs::relative(entry.path(), fresh)))
        << entry.path();
  }
  EXPECT_EQ(clips_in(journeys[0].folder), clips_in(fresh));
  EXPECT_FALSE(fs::exists(folder / "out" / ".unfinished"));
}

TEST_F(TeslaCam, WhatIsWholeIsKeptWhatIsDamagedIsMadeAnewAndOthersAreSpared) {
  JourneyOptions options = small(1);
  options.seconds = 2;
  const fs::path event = render(options);
  const auto again = [&] {
    return render_journeys((folder / "out").string(), options).at(0).rendered;
  };
  EXPECT_FALSE(again());
  const fs::path video = event / (*clips_in(event).begin() + ".mp4");
  const std::string before = read_file(video);
  std::string damaged = before;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
  std::ofstream(video, std::ios::binary) << damaged;
  EXPECT_TRUE(again());
  EXPECT_EQ(read_file(video), before);
  fs::remove(event / "truth" / "manifest.json");  // now it could be anybody's
  EXPECT_THROW(again(), Error);
  EXPECT_EQ(read_file(video), before);
}

TEST_F(TeslaCam, AJourneyThatIsReplacedStaysUntilTheNewOneIsThere) {
  JourneyOptions old = small(1);
  old.seconds = 2;
  const fs::path event = render(old);
  JourneyOptions options = old;
  options.depth = true;
  const pid_t child = fork();
  if (child == 0) {
    set_num_threads(1);
    signal(SIGXFSZ, SIG_IGN);
    int ends = 0;
    try {
      render_journeys((folder / "out").string(), options, [&](int64_t done, int64_t total) {
        // The second time the clip is whole. From there on it is as if the disk were full.
        const rlimit full{16, 16};
        if (done == total && ++ends == 2) setrlimit(RLIMIT_FSIZE, &full);
      });
    } catch (const Error& e) {
      _exit(e.category() == Category::kIo ? 7 : 8);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  const auto rendered = [&](const JourneyOptions& o) {
    return render_journeys((folder / "out").string(), o).at(0).rendered;
  };
  EXPECT_FALSE(rendered(old));  // whole as it was
  EXPECT_TRUE(rendered(options));
  EXPECT_FALSE(rendered(options));

  // Killed between the two renames, and after them.
  const fs::path replaced =
      folder / "out" / ".unfinished" / (event.filename().string() + ".replaced");
  fs::create_directory(replaced.parent_path());
  fs::rename(event, replaced);
  EXPECT_FALSE(rendered(options));
  fs::create_directory(replaced.parent_path());
  fs::copy(event, replaced, fs::copy_options::recursive);
  EXPECT_FALSE(rendered(options));
  EXPECT_FALSE(fs::exists(replaced.parent_path()));
}

TEST_F(TeslaCam, AFolderThatAppearsMeanwhileIsLeftAlone) {
  JourneyOptions options = small(1);
  options.seconds = 2;
  const fs::path to =
      folder / "out" / "TeslaCam" / "SavedClips" / render(options, "first").filename();
  const auto meddle = [&](int64_t, int64_t) {
    fs::create_directory(to);
    std::ofstream(to / "mine.txt") << "mine";
  };
  EXPECT_THROW(render_journeys((folder / "out").string(), options, meddle), fs::filesystem_error);
  EXPECT_EQ(read_file(to / "mine.txt"), "mine");
}

TEST_F(TeslaCam, ThePictureOfAJourneyIsOneOfItsFilesWhicheverCameraIsThere) {
  JourneyOptions options = small(2);
  options.seconds = 2;
  options.faults = {parse_fault(CameraFault::kAbsent, "front", "--drop-camera")};
  const fs::path event = render(options);
  const std::string picture = read_file(event / "thumb.png");
  std::ofstream(event / "thumb.png", std::ios::app) << "!";
  EXPECT_TRUE(render_journeys((folder / "out").string(), options).at(0).rendered);
  EXPECT_EQ(read_file(event / "thumb.png"), picture);
  options.faults.push_back(parse_fault(CameraFault::kCut, "back=0", "--cut-camera"));
  EXPECT_FALSE(fs::exists(render(options, "without a frame") / "thumb.png"));
}

TEST_F(TeslaCam, DepthHasAPictureForEachFrame) {
  JourneyOptions options = small(1);
  options.seconds = 2;
  options.depth = true;
  const fs::path event = render(options);
  const std::string clip = *clips_in(event).begin();
  EXPECT_EQ(fs::file_size(event / "truth" / (clip + ".depth.npy")), 128u + 4 * 32 * 48 * 4);
}

TEST_F(TeslaCam, OptionsThatNobodyCanMeanAreRefused) {
  const auto refused = [&](auto change) {
    JourneyOptions options = small();
    change(options);
    EXPECT_THROW(render(options), Error);
  };
  refused([](auto& o) { o.drives = 0; });
  refused([](auto& o) { o.seconds = std::nan(""); });
  refused([](auto& o) { o.seconds = 1e6; });
  refused([](auto& o) { o.height = 31; });
  refused([](auto& o) { o.skew_seconds = -1; });
  refused([](auto& o) { o.drop_frames = 1; });
  refused([](auto& o) { o.vehicles = 0; });
  refused([](auto& o) { o.rig.clear(); });
}

}  // namespace
}  // namespace dojo
