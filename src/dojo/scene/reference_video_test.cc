#include "dojo/scene/reference_video.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "dojo/base/parallel_for.h"
#include "dojo/base/test_folder.h"
#include "dojo/scene/test_video.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

TEST(ReferenceVideo, WhatAKilledRenderLeftIsRemovedByTheNext) {
  const TestFolder own;
  const fs::path folder = own.path();
  const ReferenceOptions small{.height = 32, .width = 64, .fps = 10, .seconds = 1};
  const pid_t child = fork();
  if (child == 0) {
    set_num_threads(1);
    const auto die = [](int64_t done, int64_t) {
      if (done == 5) kill(getpid(), SIGKILL);
    };
    ensure_reference_video(folder.string(), die, small);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
  const std::string path = ensure_reference_video(folder.string(), {}, small);
  EXPECT_EQ(decode(path).luma.size(), 10u);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace dojo
