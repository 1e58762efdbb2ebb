// Decoding processes that somebody else kills, or that say what they should not.
#include "dojo/video/worker_process.h"

#include <gtest/gtest.h>

#include <csignal>
#include <functional>
#include <thread>

#include "dojo/base/clock.h"
#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/video/frame_reader.h"
#include "dojo/video/loader.h"
#include "dojo/video/packet_table.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

std::string real_worker() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "dojo-decode-worker")
      .string();
}

TEST(WorkerProcess, AProcessThatIsKilledFromOutsideGetsASecondChance) {
  const TestFolder folder;
  const std::string clip =
      make_clip(folder, "a.mp4", "-f lavfi -i testsrc2=s=64x48:r=10:d=2 -c:v libx264");
  // The first is killed by the system, as it were; the next one is real.
  const std::string first = folder / "was_there";
  const std::string program =
      worker_script(folder, "test -e '" + first + "' || { touch '" + first +
                                "'; kill -KILL $$; }; exec '" + real_worker() + "' \"$@\"");
  FrameReader reader({.program = program});
  const Recording r = reader.open(clip);
  EXPECT_EQ(r.num_frames(), 20);
  std::filesystem::remove(first);
  FrameReader fresh({.program = program});
  EXPECT_EQ(fresh.md5(r, std::vector<int64_t>{7, 19}), reader.md5(r, std::vector<int64_t>{7, 19}));
  EXPECT_TRUE(std::filesystem::exists(first));
}

TEST(WorkerProcess, OneThatIsKilledBetweenQuestionsIsReplaced) {
  const TestFolder folder;
  const std::string clip =
      make_clip(folder, "a.mp4", "-f lavfi -i testsrc2=s=64x48:r=10:d=2 -c:v libx264");
  WorkerProcess worker;
  worker.ask_probe(clip);
  WorkerReply reply = worker.answer();
  ASSERT_TRUE(reply.ok);
  Recording r;
  r.path = clip;
  r.index = std::make_shared<const FrameIndex>(std::move(reply.index));
  for (int i = 0; i < 3; ++i) {
    worker.ask_read(r, {.frames = {3}, .height = 8, .width = 8});
    EXPECT_TRUE(worker.answer().ok);
    kill(static_cast<pid_t>(worker.pid()), SIGKILL);
  }
}

TEST(WorkerProcess, TwoDeathsAreEnough) {
  const TestFolder folder;
  write_bytes(folder / "a.mp4", "never looked at");
  WorkerProcess worker({.program = worker_script(folder, "kill -KILL $$")});
  worker.ask_probe(folder / "a.mp4");
  const WorkerReply reply = worker.answer();
  EXPECT_TRUE(reply.process_lost);
  EXPECT_EQ(reply.reason, "the decoding process was ended by SIGKILL, and so was a fresh one");
}

TEST(WorkerProcess, AFileThatIsGoneIsAnAnswer) {
  WorkerProcess worker;
  worker.ask_probe("/nowhere/a.mp4");
  EXPECT_EQ(worker.seconds_left(), 0);
  const WorkerReply reply = worker.answer();
  EXPECT_FALSE(reply.ok);
  EXPECT_FALSE(reply.process_lost);
  EXPECT_EQ(reply.category, "io");
  EXPECT_EQ(reply.reason, "the file cannot be read: No such file or directory");
}

// What a process that was taken over may say.
TEST(WorkerProcess, IsNotBelieved) {
  const TestFolder folder;
  write_bytes(folder / "a.mp4", "twenty bytes, or so.");
  const auto ask = [&](const std::string& bytes, bool probe = true) {
    write_bytes(folder / "reply", bytes);
    WorkerProcess worker(
        {.deadline_seconds = 5,
         .program = worker_script(folder, "cat '" + (folder / "reply") + "' >&3; exec sleep 100")});
    Recording r;
    r.path = folder / "a.mp4";
    if (probe)
      worker.ask_probe(r.path);
    else
      worker.ask_read(r, {.frames = {3}, .height = 2, .width = 2});
    WorkerReply reply = worker.answer();
    if (reply.process_lost && reply.category == "io") return reply.reason;
    return reply.ok ? "believed" : "lost: " + reply.reason;
  };
  const std::string nonsense = "the decoding process makes no sense: ";
  FrameIndex index;
  index.width = index.stored_width = 64;
  index.height = index.stored_height = 48;
  index.pts = {0, 1, 2};
  index.keys = {{}};
  index.packets = std::string(1, '\0');
  WorkerReply reply;
  reply.ok = true;
  reply.index = index;
  EXPECT_EQ(ask(encode(reply)), "believed");
  EXPECT_NE(ask(encode(reply) + encode(WorkerProgress{3})), "believed");
  reply.index.pts.resize(30);
  for (int64_t i = 0; i < 30; ++i) reply.index.pts[static_cast<size_t>(i)] = i;
  EXPECT_EQ(ask(encode(reply)), nonsense + "the answer does not fit the question");  // 20 bytes
  reply.index = index;
  reply.index.width = reply.index.height = 1 << 20;
  EXPECT_EQ(ask(encode(reply)), nonsense + "the answer does not fit the question");
  reply.index = index;
  reply.index.packets = encode_packets(std::vector<Packet>(30));  // of a file of 20 bytes
  EXPECT_EQ(ask(encode(reply)), nonsense + "the answer does not fit the question");
  reply.index = index;
  reply.index.note.assign(5000, 'x');
  EXPECT_EQ(ask(encode(reply)), nonsense + "a text is too long");
  reply.index = index;
  EXPECT_EQ(ask(encode(reply), false), nonsense + "the answer does not fit the question");
  reply.index = {};
  EXPECT_EQ(ask(encode(reply)), nonsense + "the answer does not fit the question");
  EXPECT_EQ(ask(encode(reply), false), "believed");
  reply.damaged.assign(5, {3, "again"});
  EXPECT_EQ(ask(encode(reply), false), nonsense + "a list has more items than there can be");
  EXPECT_EQ(ask(std::string("\xff\xff\xff\x7f", 4)),
            nonsense + "a message of the decoding process is too long");
  EXPECT_EQ(ask(std::string("\x05\x00\x00\x00_five", 9)), nonsense + "a message of no known kind");
  EXPECT_EQ(ask(encode(WantedPictures{0})), nonsense + "it asks for picture 1 of 0");
  EXPECT_EQ(ask(encode(WorkerProgress{int64_t{1} << 40})),
            nonsense + "more progress than there is work");
  EXPECT_EQ(ask(std::string(4 << 20, '\0')), nonsense + "bytes are cut short or make no sense");
}

TEST(WorkerProcess, WhatItSaysIsPrintable) {
  WorkerReply reply;
  reply.category = "in\x1b[31mput";
  reply.reason = "a\nb\xff";
  std::string bytes = encode(reply), text;
  ASSERT_TRUE(take_message(&bytes, &text));
  const auto read = std::get<WorkerReply>(decode_worker_message(text, 0));
  EXPECT_EQ(read.category, "in?[31mput");
  EXPECT_EQ(read.reason, "a?b?");
}

// A deadline of a minute, but Ctrl-C is heard at once.
TEST(WorkerProcess, AHangingDecoderDoesNotHoldUpTheEnd) {
  const TestFolder folder;
  write_bytes(folder / "a.mp4", "never looked at");
  setenv("DOJO_WORKER", worker_script(folder, "exec sleep 1000").c_str(), 1);
  Recording r;
  r.path = folder / "a.mp4";
  for (int i = 0; i < 100; ++i) r.pts_seconds.push_back(0.1 * i);
  r.key_frames = {0};
  r.end_frame = 100;
  EXPECT_LT(seconds_of([&] {
              ClipLoader loader({r}, {.frames = 2}, {.batch = 1, .transform = {}});
              EXPECT_FALSE(loader.wait(0.3));
              const InterruptGuard guard(InterruptGuard::kThrow);
              std::raise(SIGINT);
              EXPECT_THROW(loader.next(), Interrupted);
            }),
            10.0);
  EXPECT_LT(seconds_of([&] {
              FrameReader reader;
              const InterruptGuard guard(InterruptGuard::kThrow);
              std::raise(SIGINT);
              EXPECT_THROW(reader.open(r.path), Interrupted);
            }),
            10.0);
  unsetenv("DOJO_WORKER");
}

}  // namespace
}  // namespace dojo
