#include "dojo/train/metrics_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/base/file.h"

namespace dojo {

namespace {

// -1 where the line does not say.
int64_t step_of(const std::string& line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("step") || !json["step"].is_number_integer()) return -1;
  return json["step"].get<int64_t>();
}

}  // namespace

MetricsLog::MetricsLog(const std::string& path, int64_t keep_lines, int64_t last_step)
    : path_(path) {
  std::string content;
  if (keep_lines > 0 && std::filesystem::exists(path)) content = read_file(path);
  size_t kept = 0;
  while (lines_ < keep_lines) {
    const size_t end = content.find('\n', kept);
    if (end == std::string::npos) break;
    if (step_of(content.substr(kept, end - kept)) > last_step) break;
    kept = end + 1;
    ++lines_;
  }
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0) fail("open");
  if (::ftruncate(fd_, static_cast<off_t>(kept)) != 0) fail("truncate");
}

MetricsLog::~MetricsLog() {
  if (fd_ >= 0) ::close(fd_);
}

void MetricsLog::append(std::string_view line) {
  write_all(fd_, std::string(line) + "\n", path_);
  ++lines_;
}

void MetricsLog::sync() {
  if (::fsync(fd_) != 0) fail("write");
}

void MetricsLog::fail(std::string_view doing) const {
  throw Error(Category::kIo, fmt::format("cannot {}: {}", doing, std::strerror(errno)), path_,
              "make room on the disk, then resume the run");
}

}  // namespace dojo
