// Files whose bytes changed after they were indexed: what has changed is noticed, every time, and
// what has not is as it was.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "dojo/base/crc32c.h"
#include "dojo/base/random.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/frame_reader.h"
#include "dojo/video/loader.h"
#include "dojo/video/packet_table.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

constexpr char kChanged[] = "bytes changed since the file was indexed";

std::vector<int64_t> all_frames(const Recording& r) {
  std::vector<int64_t> frames;
  for (int64_t i = 0; i < r.num_frames(); ++i) frames.push_back(i);
  return frames;
}

// Hashes of all frames of `path` by the index of `known`; those of damaged frames are empty.
struct Read {
  bool ok = false;
  std::string reason;
  std::vector<std::string> md5;
  std::map<int64_t, std::string> damaged;
};
Read read_all(WorkerProcess* worker, const Recording& known, const std::string& path) {
  Recording r = known;
  r.path = path;
  // A pointer of its own, so that the worker takes the file for one that it has not seen.
  r.index = std::make_shared<const FrameIndex>(*known.index);
  worker->ask_read(r, {.frames = all_frames(r), .md5 = true});
  WorkerReply reply = worker->answer();
  return {
      reply.ok, reply.reason, std::move(reply.md5), {reply.damaged.begin(), reply.damaged.end()}};
}

// Where the bytes of a packet begin: containers may count a header of theirs to it.
int64_t begin_of(const Packet& packet, const std::string& bytes) {
  for (int64_t at = packet.offset; at < packet.offset + 64; ++at)
    if (crc32c(bytes.substr(static_cast<size_t>(at), static_cast<size_t>(packet.size))) ==
        packet.crc)
      return at;
  ADD_FAILURE() << "no packet at " << packet.offset;
  return packet.offset;
}

struct Kind {
  const char* name;
  const char* arguments;
};
constexpr Kind kKinds[] = {
    {"b_frames.mp4", "-c:v libx264 -preset veryfast -g 10 -bf 3"},
    {"open_gop.mkv", "-c:v libx264 -preset veryfast -g 8 -bf 2 -x264-params open-gop=1"},
    {"every_frame_a_key.mp4", "-c:v libx264 -preset veryfast -g 1"},
    {"hevc.mp4",
     "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=9:bframes=3:open-gop=1"},
    {"mpeg4.mp4", "-c:v mpeg4 -g 8 -bf 2"},
    {"mpeg4.avi", "-c:v mpeg4 -g 8"},  // frames are found by counting
};

TEST(Damage, TwoHundredFlippedBitsInPacketsAreNoticedTwoHundredTimes) {
  const TestFolder folder;
  WorkerProcess worker;
  FrameReader reader;
  Random random(1);
  int flips = 0;
  for (const Kind& kind : kKinds) {
    SCOPED_TRACE(kind.name);
    const Recording whole = reader.open(
        make_clip(folder, kind.name,
                  std::string("-f lavfi -i testsrc2=s=64x48:r=10 -frames:v 40 ") + kind.arguments));
    const Read sound = read_all(&worker, whole, whole.path);
    ASSERT_TRUE(sound.ok) << sound.reason;
    EXPECT_TRUE(sound.damaged.empty());
    const std::vector<Packet> packets = decode_packets(whole.index->packets);
    const std::string bytes = read_bytes(whole.path);
    for (int variant = 0; variant < 34; ++variant, ++flips) {
      const Packet& hit = packets[static_cast<size_t>(random.below(std::ssize(packets)))];
      std::string bad = bytes;
      bad[static_cast<size_t>(begin_of(hit, bytes) + random.below(hit.size))] ^=
          static_cast<char>(1 << random.below(8));
      const std::string path = folder / ("flipped_" + std::string(kind.name));
      write_bytes(path, bad);
      const Read read = read_all(&worker, whole, path);
      ASSERT_TRUE(read.ok) << read.reason;
      EXPECT_FALSE(read.damaged.empty()) << "flip " << flips;
      bool named = false;
      for (const auto& [frame, reason] : read.damaged)
        named |= reason.find(kChanged) != std::string::npos;
      EXPECT_TRUE(named) << "flip " << flips;
      // The picture of the packet is among the damaged, and the others are as they were.
      if (whole.index->seekable && hit.shown) {
        const auto& pts = whole.index->pts;
        EXPECT_TRUE(
            read.damaged.count(std::lower_bound(pts.begin(), pts.end(), hit.pts) - pts.begin()));
        if (whole.index->keys.size() > 3) {
          EXPECT_LE(read.damaged.size(), 20u);  // one group of pictures, not all
        }
      }
      for (size_t i = 0; i < read.md5.size(); ++i)
        if (!read.damaged.count(static_cast<int64_t>(i))) {
          ASSERT_EQ(read.md5[i], sound.md5[i]) << i;
        }
    }
  }
  EXPECT_GE(flips, 200);
}

TEST(Damage, WhereverABitFlipsNoFrameIsSilentlyWrong) {
  const TestFolder folder;
  WorkerProcess worker;
  FrameReader reader;
  Random random(2);
  for (const Kind& kind : {kKinds[0], kKinds[1]}) {
    const Recording whole = reader.open(
        make_clip(folder, kind.name,
                  std::string("-f lavfi -i testsrc2=s=64x48:r=10 -frames:v 30 ") + kind.arguments));
    const Read sound = read_all(&worker, whole, whole.path);
    const std::string bytes = read_bytes(whole.path);
    for (int variant = 0; variant < 60; ++variant) {
      std::string bad = bytes;  // half of them in the tables at either end
      const int64_t size = std::ssize(bytes), table = 700;
      const int64_t at = variant % 2 == 0   ? random.below(size)
                         : variant % 4 == 1 ? random.below(table)
                                            : size - 1 - random.below(table);
      bad[static_cast<size_t>(at)] ^= static_cast<char>(1 << random.below(8));
      const std::string path = folder / ("flipped_" + std::string(kind.name));
      write_bytes(path, bad);
      const Read read = read_all(&worker, whole, path);
      if (!read.ok) continue;  // refused with a reason
      for (size_t i = 0; i < read.md5.size(); ++i)
        if (!read.damaged.count(static_cast<int64_t>(i))) {
          ASSERT_EQ(read.md5[i], sound.md5[i]) << kind.name << " byte " << at << " frame " << i;
        }
    }
  }
}

TEST(Damage, NoDrivingClipIsFalselyAccused) {
  const char* data = std::getenv("DOJO_DRIVING_DATA");
  if (!data) GTEST_SKIP() << "DOJO_DRIVING_DATA is not set";
  WorkerProcess worker;
  for (const Recording& r : find_recordings({data}, 2).recordings) {
    const Read read = read_all(&worker, r, r.path);
    EXPECT_TRUE(read.ok && read.damaged.empty()) << r.name;
    EXPECT_TRUE(r.note.empty()) << r.name << ": " << r.note;
  }
}

TEST(Damage, AnotherHeaderEndsTheUseOfAFile) {
  const TestFolder folder;
  FrameReader reader;
  const Recording r = reader.open(make_clip(
      folder, "a.mp4", "-f lavfi -i testsrc2=s=64x48:r=10:d=2 -c:v libx264 -preset veryfast"));
  std::string bytes = read_bytes(r.path);
  const size_t avcc = bytes.find("avcC");
  ASSERT_NE(avcc, std::string::npos);
  bytes[avcc + 20] ^= 2;  // in the sequence parameter set
  write_bytes(r.path, bytes);
  WorkerProcess worker;
  const Read read = read_all(&worker, r, r.path);
  EXPECT_FALSE(read.ok);
  EXPECT_EQ(read.reason, "the file's header changed since the file was indexed");
}

// Two recordings; the second has a changed byte in packet 62.
class DamagedRecording : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"a.mp4", "b.mp4"})
      make_clip(folder_, name,
                "-f lavfi -i testsrc2=s=64x48:r=20:d=6 -c:v libx264 -preset veryfast -g 15 -bf 0");
    recordings_ = find_recordings({folder_.path()}).recordings;
    std::string bytes = read_bytes(recordings_[1].path);
    const Packet hit = decode_packets(recordings_[1].index->packets).at(62);
    bytes[static_cast<size_t>(hit.offset + hit.size - 3)] ^= 1;
    write_bytes(recordings_[1].path, bytes);
  }
  // The clips of an epoch that touch frames [62, 75) of the second recording.
  int64_t touched(bool keep_damaged, std::vector<Quarantined>* lost) {
    ClipLoader loader(recordings_, {.frames = 3, .seed = 8},
                      {.batch = 4,
                       .height = 24,
                       .width = 32,
                       .keep_damaged = keep_damaged,
                       .indexing = {.catalogue = &catalogue_},
                       .transform = {}});
    int64_t count = 0;
    for (int i = 0; i < 50; ++i)
      for (const ClipRef& ref : loader.next().refs)
        count += ref.recording == 1 && std::any_of(ref.frames.begin(), ref.frames.end(),
                                                   [](int64_t f) { return f >= 62 && f < 75; });
    *lost = loader.quarantined();
    return count;
  }
  TestFolder folder_;
  std::vector<Recording> recordings_;
  Catalogue catalogue_{""};
};

TEST_F(DamagedRecording, IsReportedAndNotTrainedOn) {
  catalogue_.store(real_path(recordings_[1].path),
                   {.fingerprint = {}, .index = recordings_[1].index});
  std::vector<Quarantined> lost;
  EXPECT_EQ(touched(false, &lost), 0);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_FALSE(lost[0].whole_file);
  EXPECT_NE(lost[0].reason.find(kChanged), std::string::npos) << lost[0].reason;
  const auto noted = catalogue_.find(real_path(recordings_[1].path));
  ASSERT_TRUE(noted && noted->problem);
  EXPECT_EQ(noted->problem->reason, lost[0].reason);
}

TEST_F(DamagedRecording, IsTrainedOnWhereThatIsAskedForAndReportedAllTheSame) {
  std::vector<Quarantined> lost;
  EXPECT_GT(touched(true, &lost), 0);
  EXPECT_EQ(lost.size(), 1u);
}

}  // namespace
}  // namespace dojo
