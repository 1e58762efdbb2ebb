// The control groups (cgroups(7), versions 1 and 2) whose limits hold for this process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dojo {

struct ControlGroup {
  std::string folder;
  int version = 2;

  // The numbers that a file of the group begins with; nothing for "max", or where there is no such
  // file.
  std::optional<int64_t> number(const std::string& file) const;
  std::optional<std::pair<int64_t, int64_t>> two_numbers(const std::string& file) const;
};

// Of the controller "memory" or "cpu": the process's own group and those above it. `root`: where
// /proc and /sys are, for tests.
std::vector<ControlGroup> control_groups(const std::string& controller,
                                         const std::string& root = "");

}  // namespace dojo
