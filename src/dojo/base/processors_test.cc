#include "dojo/base/processors.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

#include "dojo/base/test_system_root.h"

namespace dojo {
namespace {

class Processors : public TestSystemRoot {
 protected:
  int all() { return num_processors(root); }
  const int machine = num_processors("/nowhere");
};

TEST_F(Processors, WithoutAQuotaTheyAreThoseThatItMayRunOn) {
  EXPECT_GE(machine, 1);
  EXPECT_LE(machine, static_cast<int>(std::thread::hardware_concurrency()));
  put("proc/self/cgroup", "0::/a\n");
  put("sys/fs/cgroup/a/cpu.max", "max 100000\n");
  EXPECT_EQ(all(), machine);
}

TEST_F(Processors, AQuotaOfAGroupAboveIsRoundedUp) {
  put("proc/self/cgroup", "0::/a/b\n");
  put("sys/fs/cgroup/a/cpu.max", "50000 100000\n");
  EXPECT_EQ(all(), 1);
  put("sys/fs/cgroup/a/cpu.max", "150000 100000\n");
  EXPECT_EQ(all(), std::min(machine, 2));
  put("sys/fs/cgroup/a/cpu.max", "0 0\n");  // nonsense
  EXPECT_EQ(all(), machine);
}

TEST_F(Processors, TheFirstVersionOfGroupsIsReadToo) {
  put("proc/self/cgroup", "4:cpu,cpuacct:/a\n");
  put("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n");
  put("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(all(), machine);
  put("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "70000\n");
  EXPECT_EQ(all(), 1);
}

int allowed() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

TEST(OneProcessor, HoldsThisThreadAndWhatItStartsUntilItsEnd) {
  const int before = allowed();
  {
    const OneProcessor one;
    EXPECT_EQ(allowed(), 1);
    int in_thread = 0;
    std::thread([&] { in_thread = allowed(); }).join();
    EXPECT_EQ(in_thread, 1);
  }
  EXPECT_EQ(allowed(), before);
}

}  // namespace
}  // namespace dojo
