#include "dojo/video/fingerprint.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "dojo/base/error.h"
#include "dojo/video/test_clips.h"

namespace dojo {
namespace {

TEST(Fingerprint, ChangesWithTheSizeTheTimeAndEitherEnd) {
  const TestFolder folder;
  const std::string path = folder / "a", bytes(300'000, 'x');
  write_bytes(path, bytes);
  const Fingerprint first = fingerprint_of(path);
  EXPECT_EQ(first.size, 300'000u);
  EXPECT_EQ(first, fingerprint_of(path));
  const auto with = [&](const std::string& other) {
    write_bytes(path, other);
    const timespec times[2] = {{},
                               {static_cast<time_t>(first.mtime_ns / 1'000'000'000),
                                static_cast<long>(first.mtime_ns % 1'000'000'000)}};
    utimensat(AT_FDCWD, path.c_str(), times, 0);
    return fingerprint_of(path);
  };
  EXPECT_EQ(with(bytes), first);
  std::string other = bytes;
  other[10] = 'y';
  EXPECT_NE(with(other).hash, first.hash);
  other = bytes;
  other[299'990] = 'y';
  EXPECT_NE(with(other).hash, first.hash);
  EXPECT_NE(with(bytes + "x"), first);
  EXPECT_EQ(with(bytes), first);
  utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
  EXPECT_NE(fingerprint_of(path), first);
  EXPECT_EQ(fingerprint_of(path).hash, first.hash);
  EXPECT_EQ(first.text().size(), 16u * 3 + 2);
}

TEST(Fingerprint, OfSmallAndEmptyFilesIsThatOfAllTheirBytes) {
  const TestFolder folder;
  write_bytes(folder / "a", "");
  write_bytes(folder / "b", "123456789");
  EXPECT_EQ(fingerprint_of(folder / "a").hash, 0u);
  EXPECT_EQ(fingerprint_of(folder / "b").hash, 0xE3069283E3069283u);
}

TEST(Fingerprint, WhatIsNoFileIsAnIoErrorAndAPipeIsNotWaitedFor) {
  const TestFolder folder;
  mkfifo((folder / "pipe").c_str(), 0600);
  for (const std::string& path : {folder / "missing", folder / "pipe", folder.path()}) {
    try {
      fingerprint_of(path);
      ADD_FAILURE() << path;
    } catch (const Error& e) {
      EXPECT_EQ(e.category(), Category::kIo);
      EXPECT_EQ(e.where(), path);
    }
  }
}

}  // namespace
}  // namespace dojo
