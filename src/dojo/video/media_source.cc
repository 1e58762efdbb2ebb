#include "dojo/video/media_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "dojo/base/error.h"
#include "dojo/video/image_folder.h"

namespace dojo {

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

// By seeking, which moves nothing that matters here, and not by fstat(), which the C library makes
// a look-up by name.
int64_t OpenFile::size() const { return lseek(descriptor_, 0, SEEK_END); }

int64_t OpenFile::read(int64_t offset, void* to, int64_t size) const {
  int64_t done = 0;
  while (done < size) {
    const ssize_t n = pread(descriptor_, static_cast<char*>(to) + done,
                            static_cast<size_t>(size - done), offset + done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return done > 0 ? done : -1;
    if (n == 0) break;
    done += n;
  }
  return done;
}

SharedFile open_file(const std::string& path) {
  const auto fail = [&](const char* why) {
    throw Error(Category::kIo, std::string("the file cannot be read: ") + why, path);
  };
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) fail(std::strerror(errno));
  auto file = std::make_shared<const OpenFile>(descriptor);
  struct stat status {};
  if (fstat(descriptor, &status) != 0) fail(std::strerror(errno));
  if (!S_ISREG(status.st_mode)) fail("not a regular file");
  return file;
}

MediaSource open_source(const std::string& path) {
  MediaSource source{.path = path, .file = nullptr};
  if (!has_picture_extension(path)) {
    source.file = open_file(path);
    return source;
  }
  PictureSeries series = read_picture_series(path);
  source.picture_times = std::move(series.microseconds);
  source.open_picture = [files = std::move(series.files)](size_t i) {
    return open_file(files.at(i));
  };
  return source;
}

}  // namespace dojo
