#include "dojo/base/memory_limit.h"

#include <gtest/gtest.h>

#include "dojo/base/test_system_root.h"

namespace dojo {
namespace {

class Memory : public TestSystemRoot {
 protected:
  Memory() { put("proc/meminfo", "MemTotal:        8000000 kB\nMemFree:  1 kB\n"); }
  int64_t bytes() { return memory_limit(root).bytes; }
};

constexpr int64_t kMachine = int64_t{8000000} * 1024;

TEST_F(Memory, WithoutGroupsItIsTheMachines) {
  EXPECT_EQ(bytes(), kMachine);
  EXPECT_EQ(memory_limit(root).what, "the machine has");
}

TEST_F(Memory, ALimitOfAGroupAboveHoldsToo) {
  put("proc/self/cgroup", "0::/a/b\n");
  put("sys/fs/cgroup/a/b/memory.max", "max\n");
  EXPECT_EQ(bytes(), kMachine);
  put("sys/fs/cgroup/a/memory.max", "1000000\n");
  EXPECT_EQ(bytes(), 1000000);
  put("sys/fs/cgroup/a/b/memory.max", "500000\n");
  EXPECT_EQ(bytes(), 500000);
}

TEST_F(Memory, TheFirstVersionOfGroupsIsReadToo) {
  put("proc/self/cgroup", "5:cpu:/x\n4:memory:/a\n0::/\n");
  put("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1\n");  // another controller's group
  put("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n");  // none
  EXPECT_EQ(bytes(), kMachine);
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "700000\n");
  EXPECT_EQ(bytes(), 700000);
}

TEST_F(Memory, OfThisMachineIsPlausible) {
  EXPECT_GT(memory_limit().bytes, int64_t{1} << 26);
  EXPECT_LT(memory_limit().bytes, int64_t{1} << 50);
}

}  // namespace
}  // namespace dojo
