// Files that nobody should trust: each ends in frames or in a clear reason, in bounded time, and
// this process lives on.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <map>

#include "dojo/base/clock.h"
#include "dojo/base/error.h"
#include "dojo/base/random.h"
#include "dojo/video/find_recordings.h"
#include "dojo/video/frame_reader.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

TEST(BadInput, UnusableFilesAreNamedWithTheReason) {
  const TestFolder folder;
  std::filesystem::create_directories(folder / "deep/er");
  make_clip(folder, "deep/er/good.MP4",
            "-f lavfi -i testsrc2=s=64x48:r=10:d=1 -c:v libx264 -f mp4");
  make_clip(folder, "audio.mp4", "-f lavfi -i sine=d=1 -c:a aac");
  write_bytes(folder / "text.mp4", "this is a text\n");
  write_bytes(folder / "empty.mkv", "");
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
  EXPECT_EQ(reasons.size(), 4u);
  EXPECT_EQ(found.skipped, (std::map<std::string, int64_t>{{".txt", 1}}));
  for (const char* name : {"audio.mp4", "text.mp4", "empty.mkv", "pipe.mp4"})
    EXPECT_FALSE(reasons[name].empty()) << name;
  EXPECT_EQ(reasons["audio.mp4"], "the file has no video stream");
  EXPECT_EQ(reasons["pipe.mp4"], "not a regular file");
}

// The video of an MP4 file whose data lie in the file `elsewhere`: a reference (box "alis" in
// "dref") in place of "in this file". REQUIRES: the tables of `bytes` come after its data.
std::string with_data_elsewhere(std::string bytes, const std::string& elsewhere) {
  const auto big = [](size_t value, int size) {
    std::string out;
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
      out += static_cast<char>(value >> shift);
    return out;
  };
  const std::string path = elsewhere.size() % 2 ? elsewhere + " " : elsewhere;
  std::string alias = "alis" + big(0, 4) + std::string(10, '\0') + big(0, 1) +
                      std::string(27 + 12, '\0') + big(0, 1) + std::string(63 + 16, '\0') +
                      big(1, 2) + big(1, 2) + std::string(16, '\0') + big(2, 2) +
                      big(path.size(), 2) + path + big(0xffff, 2) + big(0, 2);
  alias = big(alias.size() + 4, 4) + alias;
  const size_t self = bytes.find("url ", bytes.find("dref")) - 4;
  bytes.replace(self, 12, alias);
  size_t at = 0;
  for (const char* box : {"moov", "trak", "mdia", "minf", "dinf", "dref"}) {
    at = bytes.find(box, at);
    size_t size = 0;
    for (size_t i = at - 4; i < at; ++i) size = size << 8 | static_cast<uint8_t>(bytes[i]);
    bytes.replace(at - 4, 4, big(size + alias.size() - 12, 4));
  }
  return bytes;
}

TEST(BadInput, FilesThatNameOtherFilesAreRefusedAndSaidToDoSo) {
  const TestFolder folder;
  const std::string other =
      make_clip(folder, "other.mp4", "-f lavfi -i testsrc2=s=64x48:r=10:d=1 -c:v libx264");
  const auto reason = [&](const std::string& name, const std::string& bytes) {
    write_bytes(folder / name, bytes);
    FrameReader reader;
    try {
      reader.open(folder / name);
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kUnsupported) << e.what();
      return e.message();
    }
    return std::string("it was opened");
  };
  const auto is_named = [](const std::string& text, const std::string& kind) {
    return text.find("a playlist or script (" + kind) == 0;
  };
  std::string text = reason("a.mp4",
                            "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n"
                            "#EXTINF:1,\n" +
                                other + "\n#EXT-X-ENDLIST\n");
  EXPECT_TRUE(is_named(text, "hls")) << text;
  text = reason("b.mkv", "ffconcat version 1.0\nfile '" + other + "'\n");
  EXPECT_TRUE(is_named(text, "concat")) << text;
  text =
      reason("c.avi", "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 1 RTP/AVP 96\n");
  EXPECT_TRUE(is_named(text, "sdp")) << text;
  const std::string whole = read_bytes(other);
  text = reason("d.mov", with_data_elsewhere(whole, other));
  EXPECT_EQ(text.find("its video lies in another file, which is not opened: "), 0u) << text;
  EXPECT_NE(text.find(other), std::string::npos) << text;
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
  int compared = 0;
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
            ++compared;
          }
        } catch (const Error&) {
        }
      }
    }
  }
  EXPECT_GT(compared, 20);
}

std::string some_file(const TestFolder& folder, const std::string& name) {
  write_bytes(folder / name, "never looked at");
  return folder / name;
}

TEST(BadInput, AWorkerThatCrashesHangsOrBabblesCostsOneFile) {
  const TestFolder folder;
  const std::string x = some_file(folder, "x.mp4");
  const auto program = [&](const std::string& name, const std::string& body) {
    const std::string path = folder / name;
    write_bytes(path, "#!/bin/sh\n" + body + "\n");
    chmod(path.c_str(), 0700);
    return path;
  };
  WorkerProcess crash({.program = program("crash", "kill -SEGV $$")});
  crash.ask_probe(x);
  WorkerReply reply = crash.answer();
  EXPECT_TRUE(reply.process_lost);
  EXPECT_EQ(reply.reason, "the decoding process was ended by SIGSEGV");

  WorkerProcess hang({.deadline_seconds = 0.3, .program = program("hang", "exec sleep 100")});
  EXPECT_LT(seconds_of([&] {
              hang.ask_probe(x);
              reply = hang.answer();
            }),
            5.0);
  EXPECT_EQ(reply.reason, "no answer and no progress within the deadline of 0.3 s");
  hang.ask_probe(x);  // a fresh process
  EXPECT_TRUE(hang.answer().process_lost);

  WorkerProcess babble(
      {.program = program("babble", "printf '\\004\\000\\000\\000abcd' >&3; sleep 1")});
  babble.ask_probe(x);
  reply = babble.answer();
  EXPECT_TRUE(reply.process_lost);
  EXPECT_EQ(reply.category, "io");

  WorkerProcess missing({.program = folder / "missing"});
  EXPECT_THROW(missing.ask_probe(x), Error);
}

TEST(BadInput, TheDeadlineIsOneOfSilenceAndSignsOfLifeNeedProgress) {
  const TestFolder folder;
  const std::string x = some_file(folder, "x.mp4");
  // Two bytes: P, and twice the number.
  const std::string sign = "printf '\\002\\000\\000\\000P\\0";
  const auto ask = [&](const std::string& body) {
    WorkerProcess worker({.deadline_seconds = 0.8, .program = worker_script(folder, body)});
    worker.ask_probe(x);
    return worker.answer();
  };
  WorkerReply reply;
  const double seconds = seconds_of([&] {
    std::string signs;
    for (const char* n : {"02", "04", "06", "10", "12", "14"})
      signs += sign + n + "' >&3; sleep 0.3; ";
    reply = ask(signs + "exec sleep 100");
  });
  EXPECT_GT(seconds, 2.0);  // it lived on while it told of progress
  EXPECT_LT(seconds, 10.0);
  EXPECT_EQ(reply.reason, "no answer and no progress within the deadline of 0.8 s");
  reply = ask("while true; do " + sign + "06' >&3; sleep 0.1; done");
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
        {.program = worker_script(folder, "cat '" + (folder / "reply") + "' >&3; exec sleep 100")});
    Recording r;
    r.path = some_file(folder, "x.mp4");
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
