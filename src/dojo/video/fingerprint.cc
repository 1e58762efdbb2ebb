#include "dojo/video/fingerprint.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "dojo/base/crc32c.h"
#include "dojo/base/error.h"

namespace dojo {
namespace {

constexpr uint64_t kEnd = 64 << 10;

Fingerprint from_stat(const struct stat& s) {
  return {.size = static_cast<uint64_t>(s.st_size),
          .mtime_ns = static_cast<uint64_t>(s.st_mtim.tv_sec) * 1'000'000'000u +
                      static_cast<uint64_t>(s.st_mtim.tv_nsec)};
}

[[noreturn]] void fail(const std::string& path, int error) {
  throw Error(Category::kIo, std::string("the file cannot be read: ") + std::strerror(error), path);
}

uint32_t crc_at(int fd, uint64_t begin, uint64_t size, const std::string& path) {
  std::vector<uint8_t> bytes(size);
  size_t got = 0;
  while (got < size) {
    const ssize_t n = pread(fd, bytes.data() + got, size - got, static_cast<off_t>(begin + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, errno);
    if (n == 0) throw Error(Category::kIo, "the file became shorter while it was read", path);
    got += static_cast<size_t>(n);
  }
  return crc32c(bytes);
}

}  // namespace

std::string Fingerprint::text() const {
  return fmt::format("{:016x}-{:016x}-{:016x}", size, mtime_ns, hash);
}

Fingerprint size_and_time_of(const std::string& path) {
  struct stat s {};
  if (stat(path.c_str(), &s) != 0) fail(path, errno);
  if (!S_ISREG(s.st_mode)) throw Error(Category::kIo, "not a regular file", path);
  return from_stat(s);
}

Fingerprint fingerprint_of(const std::string& path) {
  const Fingerprint before = size_and_time_of(path);  // opening a pipe would wait for its writer
  struct Closer {
    int fd;
    ~Closer() {
      if (fd >= 0) close(fd);
    }
  } file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) fail(path, errno);
  const uint64_t part = std::min(kEnd, before.size);
  Fingerprint result = before;
  result.hash = static_cast<uint64_t>(crc_at(file.fd, 0, part, path)) << 32 |
                crc_at(file.fd, before.size - part, part, path);
  struct stat after {};
  if (fstat(file.fd, &after) != 0) fail(path, errno);
  if (from_stat(after) != before)
    throw Error(Category::kIo, "the file changed while it was read", path);
  return result;
}

}  // namespace dojo
