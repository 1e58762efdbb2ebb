// Files that nobody should trust: each ends in frames or in a clear reason, in bounded time, and
// this process lives on.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>

#include "dojo/base/error.h"
#include "dojo/base/random.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/frame_reader.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// All frames, if the file gives any. The error otherwise.
std::string read_all(const std::string& path, double deadline) {
  try {
    FrameReader reader({.deadline_seconds = deadline});
    const Recording r = reader.open(path);
    std::vector<int64_t> frames;
    for (int64_t i = 0; i < r.num_frames(); ++i) frames.push_back(i);
    reader.read(r, frames, 24, 32);
    return {};
  } catch (const Error& e) {
    EXPECT_NE(e.where().find(path), std::string::npos) << e.what();
    EXPECT_FALSE(e.message().empty());
    return e.message();
  }
}

TEST(BadInput, UnusableFilesAreNamedWithTheReason) {
  const TestFolder folder;
  std::filesystem::create_directories(folder / "deep/er");
  make_clip(folder, "deep/er/good.MP4",
            "-f lavfi -i testsrc2=s=64x48:r=10:d=1 -c:v libx264 -f mp4");
  make_clip(folder, "audio.mp4", "-f lavfi -i sine=d=1 -c:a aac");
  write_bytes(folder / "text.mp4", "this is a text\n");
  write_bytes(folder / "empty.mkv", "");
  write_bytes(folder / "playlist.mp4", "#EXTM3U\n#EXTINF:1,\n/etc/passwd\n");
  write_bytes(folder / "notes.txt", "not looked at");
  std::filesystem::create_directory_symlink(folder.path(), folder / "deep/loop");
  mkfifo((folder / "pipe.mp4").c_str(), 0600);
  const FoundRecordings found = find_recordings({folder.path()}, 2);
  ASSERT_EQ(found.recordings.size(), 1u);
  EXPECT_EQ(found.recordings[0].name, "deep/er/good.MP4");
  EXPECT_EQ(found.recordings[0].num_frames(), 10);
  std::map<std::string, std::string> reasons;
  for (const Quarantined& q : found.quarantined)
    reasons[std::filesystem::path(q.path).filename()] = q.reason;
  EXPECT_EQ(reasons.size(), 5u);
  EXPECT_EQ(found.skipped, (std::map<std::string, int64_t>{{".txt", 1}}));
  for (const char* name : {"audio.mp4", "text.mp4", "empty.mkv", "playlist.mp4", "pipe.mp4"})
    EXPECT_FALSE(reasons[name].empty()) << name;
  EXPECT_EQ(reasons["audio.mp4"], "the file has no video stream");
}

TEST(BadInput, FoldersWithoutVideoAreErrors) {
  const TestFolder folder;
  EXPECT_THROW(find_recordings({folder.path()}), Error);
  write_bytes(folder / "a.txt", "text");
  EXPECT_THROW(find_recordings({folder.path()}), Error);
  EXPECT_THROW(find_recordings({folder / "missing"}), Error);
}

TEST(BadInput, AnUnreadableFileIsAnIoError) {
  if (geteuid() == 0) GTEST_SKIP() << "the superuser may read every file";
  const TestFolder folder;
  const std::string path =
      make_clip(folder, "a.mp4", "-f lavfi -i testsrc2=s=64x48:r=10:d=1 -c:v libx264");
  chmod(path.c_str(), 0);
  const FoundRecordings found = find_recordings({path});
  ASSERT_EQ(found.quarantined.size(), 1u);
  EXPECT_EQ(found.quarantined[0].category, "io");
}

TEST(BadInput, CutFilesGiveTheirFirstPartOrAReason) {
  const TestFolder folder;
  for (const char* options : {"-movflags +faststart", ""}) {
    const std::string whole = make_clip(
        folder, "whole.mp4",
        std::string("-f lavfi -i testsrc2=s=96x64:r=10:d=4 -c:v libx264 -g 10 -bf 2 ") + options);
    const std::vector<std::string> wanted = ffmpeg_md5(whole);
    const std::string bytes = read_bytes(whole);
    for (double part : {0.1, 0.5, 0.9}) {
      const std::string path = folder / "cut.mp4";
      write_bytes(path,
                  bytes.substr(0, static_cast<size_t>(part * static_cast<double>(bytes.size()))));
      const FoundRecordings found = find_recordings({path});
      ASSERT_EQ(found.recordings.size() + found.quarantined.size(), 1u);
      if (found.recordings.empty()) continue;
      EXPECT_EQ(found.messages.size(), 1u);  // that it ends early
      FrameReader reader;
      const Recording& r = found.recordings[0];
      for (int64_t i = 0; i < r.num_frames(); ++i) {
        try {
          const std::string sum = reader.md5(r, std::vector<int64_t>{i})[0];
          if (i + 3 < r.num_frames()) {
            EXPECT_EQ(sum, wanted[static_cast<size_t>(i)]) << part << " " << i;
          }
        } catch (const Error&) {
        }
      }
    }
  }
}

TEST(BadInput, TwoHundredDamagedVariantsEndInFramesOrReasons) {
  const TestFolder folder;
  const std::string whole = make_clip(
      folder, "whole.mp4",
      "-f lavfi -i testsrc2=s=64x48:r=10:d=2 -c:v libx264 -g 6 -bf 2 -movflags +faststart");
  const std::string bytes = read_bytes(whole);
  Random random(1);
  int errors = 0;
  for (int variant = 0; variant < 200; ++variant) {
    std::string damaged = bytes;
    for (int64_t flips = 1 + random.below(20); flips > 0; --flips)
      damaged[static_cast<size_t>(random.below(static_cast<int64_t>(bytes.size())))] ^=
          static_cast<char>(1 << random.below(8));
    const std::string path = folder / "damaged.mp4";
    write_bytes(path, damaged);
    std::string reason;
    EXPECT_LT(seconds_of([&] { reason = read_all(path, 10); }), 25.0) << "variant " << variant;
    errors += !reason.empty();
  }
  EXPECT_GT(errors, 100);  // most flips are noticed
}

TEST(BadInput, AWorkerThatCrashesHangsOrBabblesCostsOneFile) {
  const TestFolder folder;
  const auto program = [&](const std::string& name, const std::string& body) {
    const std::string path = folder / name;
    write_bytes(path, "#!/bin/sh\n" + body + "\n");
    chmod(path.c_str(), 0700);
    return path;
  };
  WorkerProcess crash({.program = program("crash", "kill -SEGV $$")});
  crash.ask_probe("x.mp4");
  WorkerReply reply = crash.answer();
  EXPECT_TRUE(reply.process_lost);
  EXPECT_EQ(reply.reason, "the decoding process was ended by SIGSEGV");

  WorkerProcess hang({.deadline_seconds = 0.3, .program = program("hang", "exec sleep 100")});
  EXPECT_LT(seconds_of([&] {
              hang.ask_probe("x.mp4");
              reply = hang.answer();
            }),
            5.0);
  EXPECT_EQ(reply.reason, "no answer and no progress within the deadline of 0.3 s");
  hang.ask_probe("y.mp4");  // a fresh process
  EXPECT_TRUE(hang.answer().process_lost);

  WorkerProcess babble(
      {.program = program("babble", "printf '\\004\\000\\000\\000abcd' >&3; sleep 1")});
  babble.ask_probe("x.mp4");
  reply = babble.answer();
  EXPECT_TRUE(reply.process_lost);
  EXPECT_EQ(reply.category, "io");

  WorkerProcess missing({.program = folder / "missing"});
  EXPECT_THROW(missing.ask_probe("x.mp4"), Error);
}

// A worker that sends these bytes after a pause, again and again.
std::string script(const TestFolder& folder, const std::string& body) {
  const std::string path = folder / "worker";
  write_bytes(path, "#!/bin/sh\n" + body + "\n");
  chmod(path.c_str(), 0700);
  return path;
}

TEST(BadInput, TheDeadlineIsOneOfSilenceAndSignsOfLifeNeedProgress) {
  const TestFolder folder;
  // {"progress": n} in CBOR after its length
  const std::string sign = "printf '\\013\\000\\000\\000\\241\\150progress\\00'";
  const auto ask = [&](const std::string& body) {
    WorkerProcess worker({.deadline_seconds = 0.8, .program = script(folder, body)});
    worker.ask_probe("x.mp4");
    return worker.answer();
  };
  WorkerReply reply;
  const double seconds = seconds_of([&] {
    reply = ask("for i in 1 2 3 4 5 6; do " + sign + "$i >&3; sleep 0.3; done; exec sleep 100");
  });
  EXPECT_GT(seconds, 2.0);  // it lived on while it told of progress
  EXPECT_LT(seconds, 10.0);
  EXPECT_EQ(reply.reason, "no answer and no progress within the deadline of 0.8 s");
  reply = ask("while true; do " + sign + "3 >&3; sleep 0.1; done");
  EXPECT_TRUE(reply.process_lost);
  EXPECT_NE(reply.reason.find("no progress"), std::string::npos);
}

TEST(BadInput, WorkThatTakesLongerThanTheDeadlineIsDone) {
  const TestFolder folder;
  const std::string path =
      make_clip(folder, "a.avi", "-f lavfi -i testsrc2=s=1280x720:r=25:d=8 -c:v mjpeg -q:v 2");
  FrameReader patient;
  const Recording r = patient.open(path);
  EXPECT_TRUE(r.index->counted);
  FrameReader reader({.deadline_seconds = std::max(0.2, patient.cpu_seconds() / 3)});
  EXPECT_EQ(reader.open(path).num_frames(), 200);
}

TEST(BadInput, AnswersThatDoNotFitTheQuestionAreNotBelieved) {
  const TestFolder folder;
  const auto ask = [&](const WorkerReply& reply) {
    write_bytes(folder / "reply", encode(reply));
    WorkerProcess worker(
        {.program = script(folder, "cat '" + (folder / "reply") + "' >&3; exec sleep 100")});
    Recording r;
    r.path = "x.mp4";
    worker.ask_read(r, {.frames = {3, 5}, .height = 2, .width = 2});
    return worker.answer();
  };
  WorkerReply good;
  good.ok = true;
  good.damaged = {{5, "broken"}};
  EXPECT_TRUE(ask(good).ok);
  const auto spoiled = [&](const std::function<void(WorkerReply*)>& spoil) {
    WorkerReply bad = good;
    spoil(&bad);
    const WorkerReply reply = ask(bad);
    return !reply.ok && reply.process_lost && reply.category == "io";
  };
  EXPECT_TRUE(spoiled([](WorkerReply* r) { r->damaged = {{4, "never asked"}}; }));
  EXPECT_TRUE(spoiled([](WorkerReply* r) { r->damaged = {{5, "twice"}, {5, "twice"}}; }));
  EXPECT_TRUE(spoiled([](WorkerReply* r) { r->frames_decoded = -1; }));
  EXPECT_TRUE(spoiled([](WorkerReply* r) { r->cpu_seconds = -1; }));
  EXPECT_TRUE(spoiled([](WorkerReply* r) { r->cpu_seconds = std::nan(""); }));
  EXPECT_TRUE(spoiled([](WorkerReply* r) { r->md5 = {"a", "b"}; }));
}

TEST(BadInput, AnUnreadableFolderIsSaidToBeUnreadable) {
  if (geteuid() == 0) GTEST_SKIP() << "the superuser may read every folder";
  const TestFolder folder;
  std::filesystem::create_directories(folder / "closed");
  chmod((folder / "closed").c_str(), 0);
  try {
    find_recordings({folder.path()});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kIo);
    EXPECT_EQ(e.message(), "the folder cannot be read: Permission denied");
  }
  chmod((folder / "closed").c_str(), 0700);
}

TEST(BadInput, ABombIsStoppedByTheLimits) {
  const TestFolder folder;
  const std::string path =
      make_clip(folder, "large.mp4",
                "-f lavfi -i testsrc2=s=4096x2160:r=5:d=1 -c:v libx264 -preset ultrafast");
  WorkerProcess worker({.max_bytes = int64_t{300} << 20});
  worker.ask_probe(path);
  const WorkerReply reply = worker.answer();
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  if (reply.ok) {
    const Recording r = recording_from(path, reply.index);
    worker.ask_read(r, {.frames = {0, 1, 2}, .height = 2160, .width = 4096});
    EXPECT_FALSE(worker.answer().ok);
  }
#endif
  const std::string huge =
      make_clip(folder, "huge.mkv", "-f lavfi -i color=s=16000x8000:r=1:d=1 -c:v mjpeg");
  const FoundRecordings found = find_recordings({huge});
  ASSERT_EQ(found.quarantined.size(), 1u);
  EXPECT_EQ(found.quarantined[0].category, "unsupported");
}

}  // namespace
}  // namespace dojo
