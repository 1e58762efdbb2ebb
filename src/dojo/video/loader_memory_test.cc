// Memory stays as it is however many clips are handed out. 6,000 clips; with DOJO_FULL_TESTS=1
// 200,000, the figures then printed.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "dojo/video/find_recordings.h"
#include "dojo/video/loader.h"
#include "dojo/video/sandbox.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

int64_t resident_bytes(const std::string& process) {
  std::ifstream file("/proc/" + process + "/statm");
  int64_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

// Of all decoding processes of this one.
int64_t children_bytes() {
  int64_t sum = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream children(thread.path() / "children");
    for (std::string pid; children >> pid;) sum += resident_bytes(pid);
  }
  return sum;
}

struct Series {
  std::vector<int64_t> bytes;
  void print(const char* name) const {
    fmt::print("{}: first {}, last {}, least {}, most {} bytes\n", name, bytes.front(),
               bytes.back(), *std::min_element(bytes.begin(), bytes.end()),
               *std::max_element(bytes.begin(), bytes.end()));
  }
  // Whether all are within 5 % of the first, or within `slack` bytes.
  void expect_flat(const char* name, double slack) const {
    for (const int64_t b : bytes)
      EXPECT_NEAR(static_cast<double>(b), static_cast<double>(bytes.front()),
                  std::max(slack, 0.05 * static_cast<double>(bytes.front())))
          << name;
  }
};

TEST(LoaderMemory, IsFlatOverManyClips) {
  if (!kSandboxWorks) GTEST_SKIP() << "sanitizers keep memory of their own";
  const bool full = std::getenv("DOJO_FULL_TESTS") != nullptr;
  const int64_t clips = full ? 200'000 : 6'000, warm = clips / 10;
  const TestFolder folder;
  for (int i = 0; i < 40; ++i)
    make_clip(folder, fmt::format("{:02}.mp4", i),
              fmt::format("-f lavfi -i testsrc2=s=64x48:r=20:d=3,hue=h={} -c:v libx264 -preset "
                          "ultrafast -g 12",
                          9 * i));
  // More files than a worker keeps in mind at once, and far more frames than the cache holds.
  for (int i = 0; i < 40; ++i)
    for (int k = 0; k < 2; ++k)
      std::filesystem::create_hard_link(folder / fmt::format("{:02}.mp4", i),
                                        folder / fmt::format("{:02}_{}.mp4", i, k));
  ClipLoader loader(find_recordings({folder.path()}, 2).recordings,
                    {.frames = 2, .interval_seconds = 0.05, .seed = 1},
                    {.batch = 8,
                     .height = 24,
                     .width = 32,
                     .workers = 2,
                     .cache_bytes = 3 << 20,
                     .transform = {}});
  Series own, workers;
  int64_t done = 0, next_sample = warm;
  while (done < clips) {
    done += std::ssize(loader.next().refs);
    if (done < next_sample) continue;
    next_sample += clips / 50;
    own.bytes.push_back(resident_bytes("self"));
    workers.bytes.push_back(children_bytes());
  }
  EXPECT_GT(loader.stats().frames_decoded, clips / 2);  // the cache did not do it all
  own.expect_flat("this process", full ? 0 : 2e6);
  own.print("this process");
  if (!std::filesystem::exists("/proc/self/task/" + std::to_string(gettid()) + "/children"))
    GTEST_SKIP() << "this system does not list children";
  EXPECT_GT(workers.bytes.front(), 0);
  workers.expect_flat("workers", full ? 0 : 2e6);
  workers.print("workers");
}

}  // namespace
}  // namespace dojo
