// Clips of several cameras of rendered journeys: what the loader hands out, against what was
// rendered.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "dojo/base/test_folder.h"
#include "dojo/scene/teslacam.h"
#include "dojo/scene/test_video.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/loader.h"
#include "dojo/video/telemetry/read_telemetry.h"
#include "dojo/video/vehicle_folder.h"

namespace dojo {
namespace {

constexpr int64_t kHeight = 32, kWidth = 48, kFrames = 3;
constexpr size_t kBytes = kHeight * kWidth * 3;
const std::vector<std::string> kCameras = {"right_repeater", "front",         "left_pillar",
                                           "back",           "left_repeater", "right_pillar"};
const SamplerOptions kSampling{.frames = kFrames, .interval_seconds = 0.5, .seed = 3};

// A rendered folder as a user reads it, and all of its frames, read one file after the other.
struct Journey {
  explicit Journey(const JourneyOptions& options) {
    render_journeys(folder.path(), options);
    recordings = find_recordings({folder.path()}, 2, {}).recordings;
    FrameReader reader;
    EXPECT_TRUE(add_telemetry(&recordings, reader).empty());
    for (const Recording& r : recordings) {
      std::vector<int64_t> frames;
      for (int64_t f = 0; f < r.num_frames(); ++f) frames.push_back(f);
      pictures.push_back(reader.read(r, frames, kHeight, kWidth));
    }
  }
  // The beginning of each clip that the camera's files have, as (recording, frame).
  std::set<std::pair<int32_t, int64_t>> instants(const std::string& camera) const {
    std::set<std::pair<int32_t, int64_t>> all;
    for (size_t r = 0; r < recordings.size(); ++r)
      for (int64_t f = 0; recordings[r].camera == camera && f < recordings[r].num_frames(); ++f)
        if (!clip_frames(recordings[r], f, kFrames, kSampling.interval_seconds).empty())
          all.emplace(static_cast<int32_t>(r), f);
    return all;
  }
  const TestFolder folder;
  std::vector<Recording> recordings;
  std::vector<std::vector<uint8_t>> pictures;  // [recordings][frames,H,W,3]
};

struct Item {
  ClipRef ref;
  std::vector<uint8_t> mask, clip;
  bool operator==(const Item&) const = default;
};
using Items = std::map<uint64_t, Item>;  // by position

// Adds those before position `end`.
void collect(ClipLoader& loader, uint64_t end, uint64_t world, Items* items) {
  while (loader.position() < end) {
    const Batch& b = loader.next();
    const size_t pictures = b.mask.size() / b.refs.size(), bytes = b.clips.size() / b.refs.size();
    for (size_t i = 0; i < b.refs.size(); ++i) {
      const uint64_t at = b.first_position + i * world;
      if (at >= end) continue;
      const auto part = [&](const std::vector<uint8_t>& all, size_t size) {
        return std::vector<uint8_t>(all.begin() + static_cast<ptrdiff_t>(i * size),
                                    all.begin() + static_cast<ptrdiff_t>((i + 1) * size));
      };
      EXPECT_TRUE(
          items->emplace(at, Item{b.refs[i], part(b.mask, pictures), part(b.clips, bytes)}).second);
    }
  }
}

LoaderOptions options(std::vector<std::string> cameras = kCameras, int workers = 2) {
  return {.batch = 4,
          .height = kHeight,
          .width = kWidth,
          .workers = workers,
          .cameras = {.names = std::move(cameras), .may_be_absent = true},
          .transform = {}};
}

// Whether view `k` of the item is this frame, or is empty where there is none: pixels and all.
bool shows(const Journey& journey, const Item& item, size_t k, const CameraFrame& wanted) {
  const uint8_t* const got = item.clip.data() + k * kBytes;
  if (item.ref.views[k] != wanted || item.mask[k] != (wanted.frame >= 0)) return false;
  if (wanted.frame < 0) return std::all_of(got, got + kBytes, [](uint8_t v) { return v == 0; });
  const uint8_t* const frame =
      journey.pictures[wanted.recording].data() + static_cast<size_t>(wanted.frame) * kBytes;
  return std::equal(got, got + kBytes, frame);
}

class CameraClips : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    JourneyOptions o{.seconds = 62, .height = kHeight, .width = kWidth, .fps = 4};
    o.skew_seconds = 1.3;
    o.drop_frames = 0.05;
    o.faults = {parse_fault(CameraFault::kAbsent, "left_pillar", "--drop-camera"),
                parse_fault(CameraFault::kAbsent, "back@1", "--drop-camera"),
                parse_fault(CameraFault::kCut, "right_pillar=20@0", "--cut-camera"),
                parse_fault(CameraFault::kCut, "right_repeater=0", "--cut-camera")};
    journey_ = new Journey(o);
  }
  static void TearDownTestSuite() { delete journey_; }
  inline static const Journey* journey_ = nullptr;
};

TEST_F(CameraClips, EachInstantComesOnceAnEpochWithTheFramesThatTheTruthNames) {
  const std::vector<Recording>& all = journey_->recordings;
  std::vector<std::vector<double>> numbers;                    // [recordings][frames]
  std::map<std::string, std::map<double, CameraFrame>> known;  // camera -> number -> frame
  for (size_t r = 0; r < all.size(); ++r) {
    const std::filesystem::path path = all[r].path;
    numbers.push_back(read_table(path.parent_path() / "truth" / (path.stem().string() + ".csv"))
                          .at("frame_seq_no"));
    ASSERT_EQ(static_cast<int64_t>(numbers[r].size()), all[r].num_frames());
    for (size_t f = 0; f < numbers[r].size(); ++f)
      known[all[r].camera][numbers[r][f]] = {r, static_cast<int64_t>(f)};
  }
  const auto instants = journey_->instants("front");
  const uint64_t epoch = instants.size();
  ASSERT_GT(epoch, 150u);
  for (const SamplingOrder order : {SamplingOrder::kGopRun, SamplingOrder::kUniform}) {
    SamplerOptions sampling = kSampling;
    sampling.order = order;
    ClipLoader loader(all, sampling, options());
    EXPECT_NE(loader.take_message().find("left_pillar"), std::string::npos);
    Items items;
    collect(loader, 2 * epoch, 1, &items);
    ASSERT_EQ(items.size(), 2 * epoch);
    EXPECT_TRUE(loader.quarantined().empty());
    std::set<std::pair<int32_t, int64_t>> seen[2];
    int64_t there = 0, masked = 0, at_other_index = 0;
    for (const auto& [at, item] : items) {
      EXPECT_TRUE(seen[at / epoch].emplace(item.ref.recording, item.ref.frames[0]).second);
      ASSERT_EQ(item.ref.views.size(), kCameras.size() * kFrames);
      for (size_t k = 0; k < item.ref.views.size(); ++k) {
        const int64_t frame = item.ref.frames[k % kFrames];
        const double number =
            numbers[static_cast<size_t>(item.ref.recording)][static_cast<size_t>(frame)];
        const auto& camera = known[kCameras[k / kFrames]];
        const auto found = camera.find(number);
        const CameraFrame wanted = found == camera.end() ? CameraFrame{} : found->second;
        ASSERT_TRUE(shows(*journey_, item, k, wanted)) << kCameras[k / kFrames] << " " << number;
        (wanted.frame < 0 ? masked : there) += 1;
        at_other_index += wanted.frame >= 0 && wanted.frame != frame;
      }
    }
    EXPECT_EQ(seen[0], instants);
    EXPECT_EQ(seen[1], instants);
    EXPECT_NE(items[0].ref, items[epoch].ref);  // another order in the second epoch
    EXPECT_GT(there, 3000);
    EXPECT_GT(masked, 1500);
    EXPECT_GT(at_other_index, 1000);  // so alignment by index would be noticed
  }
}

TEST_F(CameraClips, AreTheSameForAnyNumberOfWorkersAndRanksAfterASeekAndFromCopies) {
  const std::vector<Recording>& all = journey_->recordings;
  constexpr uint64_t kEnd = 120;
  Items wanted;
  ClipLoader one(all, kSampling, options(kCameras, 1));
  collect(one, kEnd, 1, &wanted);
  ASSERT_EQ(wanted.size(), kEnd);
  for (const int64_t world : {1, 2, 3})
    for (const int workers : {1, 2, 3}) {
      Items together;
      for (int64_t rank = 0; rank < world; ++rank) {
        LoaderOptions o = options(kCameras, workers);
        o.rank = rank;
        o.world = world;
        if (workers == 3) o.cache_bytes = 10 * static_cast<int64_t>(kBytes);  // less than a batch
        ClipLoader loader(all, kSampling, o);
        collect(loader, kEnd, static_cast<uint64_t>(world), &together);
      }
      EXPECT_TRUE(together == wanted) << world << " ranks, " << workers << " workers";
    }
  for (const uint64_t begin : {4u, 48u, 119u}) {
    ClipLoader resumed(all, kSampling, options());
    resumed.seek(begin);
    Items rest;
    collect(resumed, kEnd, 1, &rest);
    EXPECT_TRUE(rest == Items(wanted.find(begin), wanted.end())) << begin;
  }
  const TestFolder copies;
  for (const bool again : {false, true}) {
    LoaderOptions o = options();
    o.copy_tier = CopyTier::kRaw;
    o.copy_folder = copies.path();
    ClipLoader loader(all, kSampling, o);
    Items items;
    collect(loader, kEnd, 1, &items);
    EXPECT_TRUE(items == wanted) << again;
    EXPECT_EQ(loader.stats().frames_from_copies > 100, again);
  }
}

TEST(CameraClipsByTime, AreTheFramesThatTheAlignmentNamesAtMostHalfAFrameApart) {
  for (const uint64_t seed : {1, 2, 3}) {
    JourneyOptions o{.seconds = 40, .height = kHeight, .width = kWidth, .fps = 4, .seed = seed};
    o.rig = scene::default_rig(3);
    o.skew_seconds = 0.3 * static_cast<double>(seed);
    o.drop_frames = 0.1;
    o.telemetry = false;
    const Journey journey(o);
    const std::vector<Recording>& all = journey.recordings;
    ASSERT_EQ(all.size(), 3u);
    const AlignedCameras aligned = align_cameras(files_of_drive(all, all[0].drive), "back");
    LoaderOptions with = options({"left_repeater", "back", "front"});
    with.cameras.reference = "back";
    ClipLoader loader(all, kSampling, with);
    const uint64_t epoch = journey.instants("back").size();
    Items items;
    collect(loader, epoch, 1, &items);
    std::set<int64_t> begins;
    int64_t there = 0;
    for (const auto& [at, item] : items) {
      const Recording& back = all[static_cast<size_t>(item.ref.recording)];
      ASSERT_EQ(back.camera, "back");
      begins.insert(item.ref.frames[0]);
      for (size_t k = 0; k < item.ref.views.size(); ++k) {
        const size_t frame = static_cast<size_t>(item.ref.frames[k % kFrames]);
        const std::string& camera = with.cameras.names[k / kFrames];
        const auto c =
            static_cast<size_t>(std::find(aligned.cameras.begin(), aligned.cameras.end(), camera) -
                                aligned.cameras.begin());
        const CameraFrame& wanted = aligned.frames[c][frame];
        ASSERT_TRUE(shows(journey, item, k, wanted)) << camera << " " << frame;
        if (wanted.frame < 0 || camera == "back") continue;
        const Recording& other = all[wanted.recording];
        const double apart = start_of(other) +
                             other.pts_seconds[static_cast<size_t>(wanted.frame)] - start_of(back) -
                             back.pts_seconds[frame];
        ASSERT_LE(std::abs(apart), 0.5 / 4 + 1e-6);
        ++there;
      }
    }
    EXPECT_EQ(begins.size(), epoch);
    EXPECT_GT(there, 100);
  }
}

}  // namespace
}  // namespace dojo
