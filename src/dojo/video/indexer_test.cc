// Files through the catalogue: known, changed, damaged and unusable ones.
#include "dojo/video/indexer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "dojo/base/clock.h"
#include "dojo/base/error.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/packet_table.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

// Sets the time stamp to some seconds ago.
void age(const std::string& path, int seconds) {
  timespec times[2] = {};
  clock_gettime(CLOCK_REALTIME, &times[1]);
  times[1].tv_sec -= seconds;
  times[0] = times[1];
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

std::string clip(const TestFolder& folder, const std::string& name, int frames) {
  const std::string path =
      make_clip(folder, name,
                "-f lavfi -i testsrc2=s=64x48:r=10 -frames:v " + std::to_string(frames) +
                    " -c:v libx264 -preset veryfast -g 10 -bf 2");
  age(path, 100);
  return path;
}

// A catalogue in a folder of its own; finds files with workers, or without any program for them.
class Files {
 public:
  FoundRecordings find(bool with_workers, bool verify = false) {
    Catalogue catalogue(folder_ / "c.sqlite");
    return find_recordings({clips.path()},
                           {.workers = 2,
                            .worker = {.program = with_workers ? "" : "/nonexistent/worker"},
                            .catalogue = &catalogue,
                            .verify = verify});
  }
  std::string catalogue_path() const { return folder_ / "c.sqlite"; }
  TestFolder clips;

 private:
  TestFolder folder_;
};

TEST(Indexer, AKnownFileIsNotReadAgain) {
  Files files;
  clip(files.clips, "a.mp4", 20);
  clip(files.clips, "b.mkv", 30);
  EXPECT_THROW(files.find(false), Error);
  const FoundRecordings first = files.find(true), again = files.find(false);
  ASSERT_EQ(again.recordings.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const Recording &a = first.recordings[i], &b = again.recordings[i];
    EXPECT_EQ(*a.index, *b.index);
    EXPECT_EQ(a.pts_seconds, b.pts_seconds);
    EXPECT_EQ(a.key_frames, b.key_frames);
    EXPECT_EQ(a.fingerprint, fingerprint_of(a.path));
    EXPECT_EQ(b.fingerprint, a.fingerprint);
    EXPECT_EQ(b.name, a.name);
    EXPECT_EQ(b.end_frame, a.num_frames());
  }
}

TEST(Indexer, AChangedFileIsNoticed) {
  Files files;
  const std::string path = clip(files.clips, "a.mp4", 20);
  files.find(true);
  clip(files.clips, "a.mp4", 25);
  EXPECT_EQ(files.find(true).recordings.at(0).num_frames(), 25);
  // Another video of the same size.
  const std::string other = clip(files.clips, "b.mp4", 30);
  std::string bytes = read_bytes(other);
  bytes.resize(std::max(bytes.size(), read_bytes(path).size()));
  std::filesystem::remove(other);
  std::string former = read_bytes(path);
  former.resize(bytes.size());  // what follows the last box is not read
  write_bytes(path, former);
  age(path, 50);
  EXPECT_EQ(files.find(true).recordings.at(0).num_frames(), 25);
  write_bytes(path, bytes);
  age(path, 40);
  const FoundRecordings found = files.find(true);
  EXPECT_EQ(found.recordings.at(0).num_frames(), 30);
  EXPECT_TRUE(found.messages.empty());
}

TEST(Indexer, AFileThatWasWrittenAMomentAgoIsNotRemembered) {
  Files files;
  const std::string path = clip(files.clips, "a.mp4", 20);
  age(path, -10);  // as if it were just now
  files.find(true);
  EXPECT_THROW(files.find(false), Error);
}

TEST(Indexer, UnusableFilesAreRememberedWithReasonAndTimeButNotTheSystemsRefusals) {
  Files files;
  clip(files.clips, "a.mp4", 20);
  write_bytes(files.clips / "text.mp4", "this is a text");
  age(files.clips / "text.mp4", 100);
  EXPECT_EQ(files.find(true).quarantined.at(0).noted_at, 0);
  const FoundRecordings again = files.find(false);
  ASSERT_EQ(again.quarantined.size(), 1u);
  EXPECT_EQ(again.quarantined[0].path, files.clips / "text.mp4");
  EXPECT_EQ(again.quarantined[0].category, "input");
  EXPECT_FALSE(again.quarantined[0].reason.empty());
  EXPECT_GT(again.quarantined[0].noted_at, 1'700'000'000);
  EXPECT_EQ(files.find(true, /*verify=*/true).quarantined.at(0).noted_at,
            again.quarantined[0].noted_at);
  std::filesystem::remove(files.clips / "text.mp4");
  clip(files.clips, "text.mp4", 12);  // it becomes a video
  EXPECT_EQ(files.find(true).recordings.size(), 2u);
  if (geteuid() == 0) return;  // the superuser is never refused
  const std::string secret = clip(files.clips, "secret.mp4", 20);
  chmod(secret.c_str(), 0);
  EXPECT_EQ(files.find(true).quarantined.at(0).category, "io");
  chmod(secret.c_str(), 0600);
  EXPECT_EQ(files.find(true).recordings.size(), 3u);
}

TEST(Indexer, WhatDecodingMetBeforeIsListed) {
  Files files;
  const std::string path = clip(files.clips, "a.mp4", 20);
  files.find(true);
  Catalogue(files.catalogue_path()).note(real_path(path), {"", "input", "it crashed"});
  const FoundRecordings found = files.find(false);
  EXPECT_EQ(found.recordings.size(), 1u);  // it is tried again
  ASSERT_EQ(found.met_before.size(), 1u);
  EXPECT_EQ(found.met_before[0].path, path);
  EXPECT_EQ(found.met_before[0].reason, "it crashed");
  const FoundRecordings verified = files.find(true, /*verify=*/true);  // it decodes nothing
  ASSERT_EQ(verified.met_before.size(), 1u);
  EXPECT_EQ(verified.met_before[0].noted_at, found.met_before[0].noted_at);
  age(path, 50);  // another file
  EXPECT_EQ(files.find(true).met_before.size(), 0u);
}

TEST(Indexer, ACopyWithDamageIsNotBlessedByItsNewTimeStamp) {
  Files files;
  const std::string path = clip(files.clips, "a.mp4", 40);
  const FrameIndex whole = *files.find(true).recordings.at(0).index;
  std::string bytes = read_bytes(path);
  const Packet hit = decode_packets(whole.packets).at(17);
  bytes[static_cast<size_t>(hit.offset + hit.size / 2)] ^= 4;
  write_bytes(path, bytes);
  age(path, 50);
  for (const bool with_workers : {true, false}) {
    const FoundRecordings found = files.find(with_workers);
    ASSERT_EQ(found.recordings.size(), 1u);
    EXPECT_EQ(found.recordings[0].index->packets, whole.packets);
    ASSERT_EQ(found.messages.size(), 1u);
    EXPECT_NE(found.messages[0].find("1 of 40 packets changed since the file was first indexed"),
              std::string::npos)
        << found.messages[0];
  }
  bytes[static_cast<size_t>(hit.offset + hit.size / 2)] ^= 4;  // the good copy comes back
  write_bytes(path, bytes);
  age(path, 30);
  const FoundRecordings found = files.find(true);
  EXPECT_TRUE(found.messages.empty());
  EXPECT_EQ(*found.recordings[0].index, whole);
}

TEST(Indexer, VerifyFindsDamageBehindAnOldTimeStamp) {
  Files files;
  const std::string path = clip(files.clips, "a.mp4", 40);
  const FrameIndex whole = *files.find(true).recordings.at(0).index;
  std::string bytes = read_bytes(path);
  const Packet hit = decode_packets(whole.packets).at(5);
  bytes[static_cast<size_t>(hit.offset + 20)] ^= 1;
  const Fingerprint before = size_and_time_of(path);
  write_bytes(path, bytes);
  const timespec times[2] = {{},
                             {static_cast<time_t>(before.mtime_ns / 1'000'000'000),
                              static_cast<long>(before.mtime_ns % 1'000'000'000)}};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  EXPECT_TRUE(files.find(true).messages.empty());
  EXPECT_EQ(files.find(true, /*verify=*/true).messages.size(), 1u);
  EXPECT_EQ(files.find(false).messages.size(), 1u);  // and it is remembered
}

TEST(Indexer, FilesThatSomebodyWaitsForComeFirst) {
  const TestFolder folder;
  std::vector<Recording> files(6);
  for (size_t i = 0; i < files.size(); ++i)
    files[i].path = clip(folder, std::to_string(i) + ".mp4", 10);
  Indexer indexer(files, {});
  indexer.want(4);
  std::vector<size_t> order;
  while (!indexer.done())
    for (const Indexed& file : indexer.step()) order.push_back(file.file);
  EXPECT_EQ(order, (std::vector<size_t>{4, 0, 1, 2, 3, 5}));
}

// Of a minute of a car's video each. The limit is that of the product; the machine may be busy.
TEST(Indexer, AThousandKnownFilesOpenInAMillisecondEach) {
  Files files;
  const std::string path = clip(files.clips, "0.mp4", 20);
  FrameIndex index = *files.find(true).recordings.at(0).index;
  std::vector<Packet> packets;
  index.pts.clear();
  for (int64_t i = 0; i < 2160; ++i) {
    index.pts.push_back(356 * i);
    packets.push_back({.pts = 356 * i, .offset = 20'000 * i, .size = 20'000, .crc = 77});
  }
  index.packets = encode_packets(packets);
  {
    Catalogue catalogue(files.catalogue_path());
    Catalogue::Entry entry;
    entry.index = std::make_shared<const FrameIndex>(std::move(index));
    entry.fingerprint = fingerprint_of(path);
    for (int i = 1; i < 1000; ++i) {
      const std::string link = files.clips / (std::to_string(i) + ".mp4");
      std::filesystem::create_hard_link(path, link);
      catalogue.store(real_path(link), entry);
    }
  }
  FoundRecordings found;
  const double seconds = seconds_of([&] { found = files.find(false); });
  EXPECT_EQ(found.recordings.size(), 1000u);
  std::printf("%.3f ms a file\n", seconds);
  EXPECT_LT(seconds, 1.0);
}

}  // namespace
}  // namespace dojo
