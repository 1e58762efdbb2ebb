// Video that is damaged on purpose, in every way that a parser may dislike: this process lives on,
// nothing takes longer than the deadline lets it, and every file gives frames or a reason. 120
// files; with DOJO_FULL_TESTS=1 a thousand.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "dojo/base/clock.h"
#include "dojo/base/error.h"
#include "dojo/base/random.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/frame_reader.h"
#include "dojo/video/loader.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

constexpr double kDeadline = 10;

struct Kind {
  const char *name, *arguments;
};
constexpr Kind kKinds[] = {
    {"a.mp4", "-c:v libx264 -g 6 -bf 2 -movflags +faststart"},
    {"b.mp4", "-c:v libx265 -x265-params log-level=none:keyint=6"},
    {"c.mp4", "-c:v libx264 -g 6 -movflags +frag_keyframe+empty_moov"},
    {"a.mkv", "-c:v libx264 -g 6 -bf 2"},
    {"b.mkv", "-c:v libx265 -x265-params log-level=none:keyint=6"},
    {"a.mov", "-c:v mpeg4 -g 6 -bf 2"},
    {"b.mov", "-c:v libx264 -g 6"},
    {"a.h264", "-c:v libx264 -g 6 -bf 2"},
    {"a.hevc", "-c:v libx265 -x265-params log-level=none:keyint=6"},
    {"a.m4v", "-c:v mpeg4 -g 6 -bf 2 -f m4v"},
    {"a.avi", "-c:v mpeg4 -g 6"},
};

std::string damaged(std::string bytes, const std::string& other, Random& random) {
  const auto size = [&] { return static_cast<int64_t>(bytes.size()); };
  const auto at = [&](int64_t end) {
    return static_cast<size_t>(random.below(std::max<int64_t>(1, std::min(end, size()))));
  };
  const int64_t header = 1500;  // where most of the tables of such small files are
  for (int64_t n = 1 + random.below(3); n > 0 && bytes.size() > 64; --n) {
    switch (random.below(8)) {
      case 0:  // flipped bits, everywhere
        for (int64_t flips = 1 + random.below(20); flips > 0; --flips)
          bytes[at(size())] ^= static_cast<char>(1 << random.below(8));
        break;
      case 1:  // flipped bits in the header
        for (int64_t flips = 1 + random.below(6); flips > 0; --flips)
          bytes[at(header)] ^= static_cast<char>(1 << random.below(8));
        break;
      case 2:  // cut
        bytes.resize(at(size()) + 16);
        break;
      case 3: {  // two pieces change places
        const size_t length = 1 + at(size() / 4), a = at(size() - 1), b = at(size() - 1);
        for (size_t i = 0; i < length && std::max(a, b) + i < bytes.size(); ++i)
          std::swap(bytes[a + i], bytes[b + i]);
        break;
      }
      case 4: {  // a number becomes huge, or nothing
        static constexpr uint32_t kNumbers[] = {0xffffffff, 0x7fffffff, 0xffffff7f, 0x80000000,
                                                0,          1,          0x00ffffff, 0xffff};
        const uint32_t value = kNumbers[random.below(8)];
        const size_t place = at((random.chance(0.7) ? header : size()) - 4);
        std::memcpy(bytes.data() + std::min(place, bytes.size() - 4), &value, 4);
        break;
      }
      case 5:  // a piece is lost
        bytes.erase(at(size()), 1 + at(400));
        break;
      case 6: {  // a piece comes twice
        const size_t from = at(size());
        bytes.insert(at(size()), bytes.substr(from, 1 + at(400)));
        break;
      }
      case 7:  // a piece of another file
        bytes.replace(at(size()), 1 + at(200),
                      other.substr(static_cast<size_t>(random.below(std::ssize(other))), 200));
        break;
    }
  }
  return bytes;
}

struct Tally {
  int64_t files = 0, whole = 0, in_parts = 0, unusable = 0, frames = 0, damaged_frames = 0;
  double longest_seconds = 0;
};

// Every frame is a picture or has a reason. Returns whether all are pictures.
bool read_all(const Recording& r, Tally* tally) {
  WorkerProcess worker({.deadline_seconds = kDeadline});
  ReadRequest request{.height = 24, .width = 32};
  for (int64_t f = 0; f < r.num_frames(); ++f) request.frames.push_back(f);
  worker.ask_read(r, request);
  const WorkerReply reply = worker.answer();
  if (!reply.ok) {
    EXPECT_FALSE(reply.reason.empty());
    tally->damaged_frames += r.num_frames();
    return false;
  }
  tally->frames += r.num_frames();
  tally->damaged_frames += std::ssize(reply.damaged);
  for (const auto& [frame, reason] : reply.damaged) EXPECT_FALSE(reason.empty());
  return reply.damaged.empty();
}

TEST(HostileFiles, EndInFramesOrReasonsAndTrainingGoesOn) {
  const bool full = std::getenv("DOJO_FULL_TESTS") != nullptr;
  const int count = full ? 1000 : 120;
  const TestFolder sources, folder;
  std::vector<std::string> bytes;
  for (const Kind& k : kKinds)
    bytes.push_back(read_bytes(make_clip(
        sources, k.name,
        std::string("-f lavfi -i testsrc2=s=64x48:r=10:d=2 -pix_fmt yuv420p ") + k.arguments)));
  for (int i = 0; i < count; ++i) {
    Random random(11, stream_id("hostile"), static_cast<uint64_t>(i));
    const size_t kind = static_cast<size_t>(i) % std::size(kKinds);
    const std::string& other = bytes[static_cast<size_t>(random.below(std::ssize(bytes)))];
    write_bytes(folder / fmt::format("{:04d}_{}", i, kKinds[kind].name),
                damaged(bytes[kind], other, random));
  }
  make_clip(folder, "good.mp4", "-f lavfi -i testsrc2=s=64x48:r=10:d=2 -c:v libx264 -g 6");

  FoundRecordings found = find_recordings({folder.path()}, 2, {.deadline_seconds = kDeadline});
  ASSERT_EQ(std::ssize(found.recordings) + std::ssize(found.quarantined), count + 1);
  Tally tally;
  std::map<std::string, int> reasons;
  for (const Quarantined& q : found.quarantined) {
    EXPECT_FALSE(q.reason.empty()) << q.path;
    ++reasons[q.reason.substr(0, 60)];
    ++tally.unusable;
  }
  for (const Recording& r : found.recordings)
    tally.longest_seconds =
        std::max(tally.longest_seconds,
                 seconds_of([&] { ++(read_all(r, &tally) ? tally.whole : tally.in_parts); }));
  EXPECT_LT(tally.longest_seconds, 3 * kDeadline);
  EXPECT_GT(tally.unusable, count / 20);
  EXPECT_GT(tally.in_parts, count / 20);

  // An epoch over all of them.
  int64_t clips = 0;
  ClipLoader loader(found.recordings, {.frames = 2, .seed = 1},
                    {.batch = 8,
                     .height = 24,
                     .width = 32,
                     .workers = 2,
                     .deadline_seconds = kDeadline,
                     .transform = {}});
  std::set<std::string> seen;
  while (clips < 12 * count) {
    for (const ClipRef& ref : loader.next().refs) {
      seen.insert(found.recordings[static_cast<size_t>(ref.recording)].name);
      ++clips;
    }
  }
  EXPECT_TRUE(seen.count("good.mp4"));
  for (const Quarantined& q : loader.quarantined()) EXPECT_FALSE(q.reason.empty()) << q.path;
  fmt::print(
      "{} files: {} whole, {} damaged in parts, {} unusable; {} of {} frames damaged; "
      "longest {:.2f} s; {} clips, {} files in quarantine\n",
      count + 1, tally.whole, tally.in_parts, tally.unusable, tally.damaged_frames, tally.frames,
      tally.longest_seconds, clips, loader.quarantined().size());
  if (!full) return;
  std::vector<std::pair<int, std::string>> often;
  for (const auto& [reason, n] : reasons) often.emplace_back(-n, reason);
  std::sort(often.begin(), often.end());
  for (size_t i = 0; i < std::min<size_t>(8, often.size()); ++i)
    fmt::print("{:5} {}\n", -often[i].first, often[i].second);
}

}  // namespace
}  // namespace dojo
