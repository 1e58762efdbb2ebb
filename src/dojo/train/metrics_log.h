// metrics.jsonl: one JSON object a line, in the order in which things happened. A run that is
// resumed first cuts off the lines after its checkpoint, so that the file ends up as if it had
// never stopped. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dojo {

class MetricsLog {
 public:
  // Opens `path` and keeps its first `keep_lines` whole lines. Fewer if there are fewer, or where
  // one is of a step after `last_step`: then lines before it were lost. Throws Error(kIo).
  MetricsLog(const std::string& path, int64_t keep_lines, int64_t last_step);
  ~MetricsLog();
  MetricsLog(const MetricsLog&) = delete;
  MetricsLog& operator=(const MetricsLog&) = delete;

  void append(std::string_view line);  // without the line end; a full disk is an Error(kIo)
  void sync();                         // to the disk
  int64_t lines() const { return lines_; }

 private:
  [[noreturn]] void fail(std::string_view doing) const;

  std::string path_;
  int fd_ = -1;
  int64_t lines_ = 0;
};

}  // namespace dojo
