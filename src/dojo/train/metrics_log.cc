#include "dojo/train/metrics_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "dojo/base/error.h"
#include "dojo/base/file.h"

namespace dojo {

MetricsLog::MetricsLog(const std::string& path, int64_t keep_lines) : path_(path) {
  std::string content;
  if (keep_lines > 0 && std::filesystem::exists(path)) content = read_file(path);
  size_t kept = 0;
  while (lines_ < keep_lines) {
    const size_t end = content.find('\n', kept);
    if (end == std::string::npos) break;
    last_line_ = content.substr(kept, end - kept);
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
  last_line_ = line;
  const std::string text = last_line_ + "\n";
  write_all(fd_, text, path_);
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
