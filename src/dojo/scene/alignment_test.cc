// Rendered journeys as our own reader sees them: cameras, telemetry, alignment.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "dojo/base/error.h"
#include "dojo/base/test_folder.h"
#include "dojo/scene/teslacam.h"
#include "dojo/scene/test_video.h"
#include "dojo/video/align_cameras.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/telemetry/read_telemetry.h"
#include "dojo/video/vehicle_folder.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

class Alignment : public testing::Test {
 protected:
  // All recordings under the folder, with their telemetry.
  std::vector<Recording> read() {
    FoundRecordings found = find_recordings({folder.string()}, 2, {});
    lost = found.quarantined.size();
    FrameReader reader;
    EXPECT_TRUE(add_telemetry(&found.recordings, reader).empty());
    return found.recordings;
  }
  Table truth_of(const Recording& r) const {
    const fs::path path = r.path;
    return read_table(path.parent_path() / "truth" / (path.stem().string() + ".csv"));
  }
  const TestFolder own;
  const fs::path folder = own.path();
  size_t lost = 0;
};

TEST_F(Alignment, SixCamerasWithSkewDropsAndOneMissingAreAlignedAsKnown) {
  JourneyOptions options{.seconds = 62, .height = 32, .width = 48, .fps = 4};
  options.skew_seconds = 1.3;
  options.drop_frames = 0.05;
  options.faults = {parse_fault(CameraFault::kAbsent, "left_pillar", "--drop-camera"),
                    parse_fault(CameraFault::kAbsent, "back@1", "--drop-camera"),
                    parse_fault(CameraFault::kCut, "right_pillar=20@0", "--cut-camera"),
                    parse_fault(CameraFault::kCut, "right_repeater=0", "--cut-camera")};
  render_journeys(folder.string(), options);
  const std::vector<Recording> recordings = read();
  EXPECT_EQ(lost, 1u);  // the file of 0 bytes
  std::set<std::string> drives;
  for (const Recording& r : recordings) drives.insert(r.drive);
  ASSERT_EQ(drives.size(), 1u);
  const AlignedCameras aligned = align_cameras(files_of_drive(recordings, *drives.begin()));
  EXPECT_EQ(aligned.cameras, (std::vector<std::string>{"back", "front", "left_repeater",
                                                       "right_pillar", "right_repeater"}));
  std::map<std::string, std::map<double, CameraFrame>>
      by_number;  // camera -> frame_seq_no -> frame
  std::vector<Table> truths;
  for (size_t r = 0; r < recordings.size(); ++r) {
    truths.push_back(truth_of(recordings[r]));
    const std::vector<double>& numbers = truths[r].at("frame_seq_no");
    ASSERT_EQ(static_cast<int64_t>(numbers.size()), recordings[r].num_frames());
    for (size_t i = 0; i < numbers.size(); ++i)
      by_number[recordings[r].camera][numbers[i]] = {r, static_cast<int64_t>(i)};
  }
  int64_t matched = 0, masked = 0;
  const auto& reference = aligned.frames[aligned.reference];
  ASSERT_EQ(reference.size(), by_number.at("front").size());
  for (size_t k = 0; k < reference.size(); ++k) {
    const double number =
        truths[reference[k].recording].at("frame_seq_no")[static_cast<size_t>(reference[k].frame)];
    for (size_t c = 0; c < aligned.cameras.size(); ++c) {
      const auto& known = by_number.at(aligned.cameras[c]);
      const auto at = known.find(number);
      const CameraFrame& got = aligned.frames[c][k];
      EXPECT_EQ(got.frame >= 0, at != known.end()) << aligned.cameras[c] << " " << number;
      if (at == known.end()) {
        ++masked;
        continue;
      }
      EXPECT_EQ(got, at->second) << aligned.cameras[c] << " " << number;
      ++matched;
    }
  }
  EXPECT_GT(matched, 600);
  EXPECT_GT(masked, 150);
}

TEST_F(Alignment, LabelsAtTheTimesOfFramesAreTheTruth) {
  JourneyOptions options{.seconds = 20, .height = 32, .width = 48, .fps = 10};
  options.rig = scene::default_rig(1);
  options.drop_frames = 0.1;
  options.weather = scene::Weather::kDay;
  render_journeys(folder.string(), options);
  const std::vector<Recording> recordings = read();
  ASSERT_EQ(recordings.size(), 1u);
  const Table truth = truth_of(recordings[0]);
  for (const char* signal : {"speed_mps", "steering_wheel_deg", "acceleration_x_mps2"}) {
    const std::vector<double> values = values_at_frames(recordings[0], signal);
    ASSERT_EQ(values.size(), truth.at(signal).size());
    for (size_t i = 0; i < values.size(); ++i)
      EXPECT_NEAR(values[i], truth.at(signal)[i], 1e-4) << signal << " " << i;
  }
  EXPECT_EQ(find(*recordings[0].telemetry, "latitude_deg"), nullptr);  // location is not kept
}

}  // namespace
}  // namespace dojo
