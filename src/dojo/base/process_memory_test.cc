#include "dojo/base/process_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>

namespace dojo {
namespace {

TEST(ProcessMemory, FollowsPagesThatComeAndGo) {
  constexpr size_t kBytes = size_t{64} << 20;
  const ProcessMemory before = process_memory();
  EXPECT_GT(before.resident_bytes, 0);
  EXPECT_GE(before.peak_bytes, before.resident_bytes);
  void* pages = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  std::memset(pages, 1, kBytes);
  const ProcessMemory with = process_memory();
  EXPECT_GT(with.resident_bytes, before.resident_bytes + (int64_t{60} << 20));
  ::munmap(pages, kBytes);
  const ProcessMemory after = process_memory();
  EXPECT_LT(after.resident_bytes, with.resident_bytes - (int64_t{60} << 20));
  EXPECT_GT(after.peak_bytes, with.resident_bytes - (int64_t{4} << 20));
}

}  // namespace
}  // namespace dojo
