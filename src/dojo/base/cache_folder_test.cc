#include "dojo/base/cache_folder.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

namespace dojo {
namespace {

// Gives an environment variable another value for a while; null: none.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Variable() { set(before_ ? before_->c_str() : nullptr); }

 private:
  void set(const char* value) {
    if (value)
      setenv(name_, value, 1);
    else
      unsetenv(name_);
  }
  const char* name_;
  std::optional<std::string> before_;
};

TEST(CacheFolder, FollowsTheVariablesThatHoldAbsolutePaths) {
  const Variable home("HOME", "/home/ada");
  {
    const Variable cache("XDG_CACHE_HOME", "/fast/cache");
    EXPECT_EQ(cache_folder(), "/fast/cache/opendojo");
  }
  for (const char* value : {"", "relative/cache", static_cast<const char*>(nullptr)}) {
    const Variable cache("XDG_CACHE_HOME", value);
    EXPECT_EQ(cache_folder(), "/home/ada/.cache/opendojo");
    const Variable nobody("HOME", nullptr);
    EXPECT_EQ(cache_folder(), "");
  }
}

}  // namespace
}  // namespace dojo
