// What MediaFile reads from: files that are open already, so that the process that decodes them
// need not be able to open any (sandbox.h). Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dojo {

// A file descriptor, closed with the object. Several readers may share it: it is read at given
// places only.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int descriptor() const { return descriptor_; }
  int64_t size() const;  // bytes; -1 where the system cannot tell

  // Up to `size` bytes from `offset` on, fewer only at the end of the file, or
  // before an error, which the next call returns. Returns their number,
  // or -1 with errno.
  int64_t read(int64_t offset, void* to, int64_t size) const;

 private:
  int descriptor_;
};

using SharedFile = std::shared_ptr<const OpenFile>;

struct MediaSource {
  std::string path;  // for messages, and because its ending tells something about raw streams
  SharedFile file;   // null for a folder of pictures (image_folder.h):
  std::vector<int64_t> picture_times = {};              // of each picture, microseconds
  std::function<SharedFile(size_t)> open_picture = {};  // throws Error
};

// Opened by name, in this process. Throws Error(kIo), also for what is no regular file and could
// block or never end, and whatever read_picture_series() does.
MediaSource open_source(const std::string& path);

// One file of it. Throws Error(kIo).
SharedFile open_file(const std::string& path);

}  // namespace dojo
