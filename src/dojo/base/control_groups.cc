#include "dojo/base/control_groups.h"

#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

namespace dojo {
namespace {

std::optional<int64_t> next_number(std::istream& in) {
  uint64_t number = 0;
  if (!(in >> number) || number > std::numeric_limits<int64_t>::max()) return std::nullopt;
  return static_cast<int64_t>(number);
}

}  // namespace

std::optional<int64_t> ControlGroup::number(const std::string& file) const {
  std::ifstream in(folder + "/" + file);
  return next_number(in);
}

std::optional<std::pair<int64_t, int64_t>> ControlGroup::two_numbers(
    const std::string& file) const {
  std::ifstream in(folder + "/" + file);
  const std::optional<int64_t> first = next_number(in), second = next_number(in);
  if (!first || !second) return std::nullopt;
  return std::pair(*first, *second);
}

std::vector<ControlGroup> control_groups(const std::string& controller, const std::string& root) {
  namespace fs = std::filesystem;
  std::vector<ControlGroup> found;
  // Lines "0::/a/b" (version 2) and "4:cpu,cpuacct:/a/b" (version 1).
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    std::istringstream fields(line);
    std::string number, controllers, path;
    std::getline(fields, number, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, path);
    const bool second = number == "0" && controllers.empty();
    if (!second && ("," + controllers + ",").find("," + controller + ",") == std::string::npos)
      continue;
    const fs::path top = root + "/sys/fs/cgroup" + (second ? "" : "/" + controller);
    for (fs::path group = fs::path(path).relative_path();; group = group.parent_path()) {
      found.push_back({(top / group).string(), second ? 2 : 1});
      if (group.empty()) break;
    }
  }
  return found;
}

}  // namespace dojo
