// A file that ends its decoding process halfway costs the same clips in every run. The decoding
// process is this program itself: it dies when it is asked for certain frames.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "dojo/video/test_clips.h"
#include "dojo/video/test_loader.h"
#include "dojo/video/worker_protocol.h"

namespace dojo {
namespace {

constexpr char kAsWorker[] = "DOJO_VIDEO_TEST_AS_WORKER";
constexpr int64_t kHeight = 4, kWidth = 8;

[[noreturn]] void serve() {
  std::string buffer, text;
  char chunk[4096];
  for (;;) {
    while (!take_message(&buffer, &text)) {
      const ssize_t n = recv(kWorkerSocket, chunk, sizeof chunk, 0);
      if (n <= 0) _exit(0);
      buffer.append(chunk, static_cast<size_t>(n));
    }
    const WorkerRequest request = decode_request(text);
    const size_t bytes = static_cast<size_t>(kHeight * kWidth * 3);
    std::vector<uint8_t> pixels(bytes * request.read.frames.size());
    for (size_t i = 0; i < request.read.frames.size(); ++i) {
      const int64_t f = request.read.frames[i];
      if (request.path.back() == 'b' && f >= 150 && f < 160) raise(SIGKILL);
      std::fill_n(pixels.begin() + static_cast<int64_t>(i * bytes), bytes,
                  static_cast<uint8_t>(f + request.path.back()));
    }
    (void)!pwrite(kWorkerMemory, pixels.data(), pixels.size(), 0);
    WorkerReply reply;
    reply.ok = true;
    const std::string answer = encode(reply);
    (void)!send(kWorkerSocket, answer.data(), answer.size(), 0);
  }
}

__attribute__((constructor)) void become_worker() {
  if (std::getenv(kAsWorker)) serve();
}

Taken run(const TestFolder& folder, const LoaderOptions& options, uint64_t begin, uint64_t end,
          int pause_ms, uint64_t seed = 3) {
  std::vector<Recording> recordings;
  for (const char* name : {"a", "b", "c"}) {
    Recording r;
    r.name = name;
    r.path = folder / name;
    r.camera = name;
    r.drive = "one";
    write_bytes(r.path, "never looked at");
    for (int i = 0; i < 300; ++i) r.pts_seconds.push_back(0.1 * i);
    for (int64_t i = 0; i < 300; i += 10) r.key_frames.push_back(i);
    r.end_frame = 300;
    recordings.push_back(r);
  }
  Taken result;
  ClipLoader loader(recordings, {.frames = 3, .seed = seed}, options);
  loader.seek(begin);
  while (loader.position() < end) {
    result.add_batch(&loader);
    std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
  }
  return result;
}

class LoaderFailure : public testing::Test {
 protected:
  LoaderFailure() {
    char self[4096] = {};
    EXPECT_GT(readlink("/proc/self/exe", self, sizeof self - 1), 0);
    setenv("DOJO_WORKER", self, 1);
    setenv(kAsWorker, "1", 1);
  }
  ~LoaderFailure() override {
    unsetenv(kAsWorker);
    unsetenv("DOJO_WORKER");
  }
  const TestFolder folder;
};

TEST_F(LoaderFailure, AFileThatKillsItsWorkerIsGivenUpFromTheSamePositionInEveryRun) {
  const LoaderOptions options{.batch = 4, .height = kHeight, .width = kWidth, .transform = {}};
  const Taken first = run(folder, options, 0, 800, 0);
  ASSERT_EQ(first.lost.size(), 1u);
  EXPECT_EQ(first.lost[0].path, folder / "b");
  EXPECT_EQ(first.lost[0].reason,
            "the decoding process was ended by SIGKILL, and so was a fresh one");
  EXPECT_TRUE(first.lost[0].whole_file);
  // It is used until a clip needs one of the frames, and not from there on.
  size_t used = 0;
  for (const ClipRef& ref : first.refs) {
    used += ref.recording == 1;
    for (int64_t f : ref.frames) EXPECT_FALSE(ref.recording == 1 && f >= 150 && f < 160);
  }
  EXPECT_GT(used, 4u);
  EXPECT_LT(used, 200u);  // of about 266
  for (int workers : {1, 3}) {
    LoaderOptions other = options;
    other.workers = workers;
    other.prefetch = workers == 1 ? 1 : 8;
    if (workers == 1) other.cache_bytes = 40 * kHeight * kWidth * 3;
    const Taken again = run(folder, other, 0, 800, workers == 1 ? 0 : 1);
    EXPECT_EQ(again.refs, first.refs);
    EXPECT_EQ(again.clips, first.clips);
    EXPECT_EQ(again.lost.size(), 1u);
  }
  // An exact resume, with what was known at that position.
  for (uint64_t at : {4u, 40u, 400u}) {
    LoaderOptions resumed = options;
    resumed.quarantined = run(folder, options, 0, at, 2).lost;
    EXPECT_EQ(
        run(folder, resumed, at, 800, 0).refs,
        std::vector<ClipRef>(first.refs.begin() + static_cast<int64_t>(at), first.refs.end()));
  }
}

TEST_F(LoaderFailure, OfSeveralCamerasTheViewsOfThatFileAreEmptyFromThatPositionOn) {
  constexpr uint64_t kSeed = 2;  // the file is of use for some positions first
  const LoaderOptions options{.batch = 4,
                              .height = kHeight,
                              .width = kWidth,
                              .cameras = {.names = {"b", "a"}, .reference = "a"},
                              .transform = {}};
  const Taken first = run(folder, options, 0, 600, 0, kSeed);  // two epochs of 298 instants
  ASSERT_EQ(first.lost.size(), 1u);
  EXPECT_EQ(first.lost[0].path, folder / "b");
  const auto needs_it = [](const ClipRef& ref) {
    return ref.frames.back() >= 150 && ref.frames.front() < 160;
  };
  const auto given_up = std::find_if(first.refs.begin(), first.refs.end(), needs_it);
  EXPECT_GT(given_up - first.refs.begin(), 4);
  for (auto at = first.refs.begin(); at != first.refs.end(); ++at) {
    ASSERT_EQ(at->views.size(), 6u);
    for (size_t t = 0; t < 3; ++t) {
      const CameraFrame b = at < given_up ? CameraFrame{1, at->frames[t]} : CameraFrame{};
      ASSERT_EQ(at->views[t], b) << at - first.refs.begin();
      ASSERT_EQ(at->views[3 + t], (CameraFrame{0, at->frames[t]}));
    }
  }
  LoaderOptions other = options;
  other.workers = other.prefetch = 3;
  const Taken again = run(folder, other, 0, 600, 1, kSeed);
  EXPECT_EQ(again.refs, first.refs);
  EXPECT_EQ(again.clips, first.clips);
  LoaderOptions resumed = options;
  resumed.quarantined = run(folder, options, 0, 80, 2, kSeed).lost;
  EXPECT_EQ(run(folder, resumed, 80, 600, 0, kSeed).refs,
            std::vector<ClipRef>(first.refs.begin() + 80, first.refs.end()));
}

}  // namespace
}  // namespace dojo
