#include "dojo/base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <utility>

#include "dojo/base/check.h"
#include "dojo/base/error.h"

namespace dojo {
namespace fs = std::filesystem;
namespace {

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// Returns 0, or the error number.
int try_write(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n == -1 && errno == EINTR) continue;
    if (n == -1) return errno;
    if (n == 0) return EIO;
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return 0;
}

// Of an error in writing.
std::string hint_of(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return "make room on the disk or choose another folder";
    case EACCES:
    case EPERM:
    case EROFS:
      return "choose a folder that you may write to";
    case ENOENT:
      return "make its folder first, or choose another one";
    default:
      return "";
  }
}

[[noreturn]] void cannot_read(const fs::path& path, int error) {
  throw Error(Category::kIo, fmt::format("cannot read the file: {}", std::strerror(error)),
              path.string());
}

void read_to_end(int fd, const fs::path& path, int64_t max_bytes, std::string* content) {
  char buffer[1 << 16];
  while (true) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n == -1 && errno == EINTR) continue;
    if (n == -1) cannot_read(path, errno);
    if (n == 0) return;
    if (n > max_bytes - static_cast<int64_t>(content->size())) {
      throw Error(Category::kInput, fmt::format("the file has more than {} bytes", max_bytes),
                  path.string());
    }
    content->append(buffer, static_cast<size_t>(n));
  }
}

// The file that is to be replaced, behind the links that lead to it.
fs::path replaceable(fs::path path) {
  std::error_code failure;
  if (fs::is_other(path, failure))
    throw Error(Category::kIo, "a pipe, device or socket, which no file may replace", path.string(),
                "give another name");
  if (!fs::is_symlink(path, failure)) return path;
  fs::path target = fs::canonical(path, failure);
  return failure ? path : target;
}

}  // namespace

std::string read_file(const fs::path& path, int64_t max_bytes) {
  // A pipe without a writer must not keep us waiting; regular files do not care.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd == -1) cannot_read(path, errno);
  struct Closer {
    int fd;
    ~Closer() { ::close(fd); }
  } closer{fd};
  struct stat status {};
  if (::fstat(fd, &status) == -1) cannot_read(path, errno);
  if (!S_ISREG(status.st_mode)) {
    const char* kind = S_ISDIR(status.st_mode) ? "folder" : "pipe, device or socket";
    throw Error(Category::kInput, fmt::format("a {}, not a regular file", kind), path.string());
  }
  std::string content;
  content.reserve(static_cast<size_t>(std::clamp<int64_t>(status.st_size, 0, max_bytes)));
  read_to_end(fd, path, max_bytes, &content);
  return content;
}

std::string read_standard_input(int64_t max_bytes) {
  std::string content;
  read_to_end(STDIN_FILENO, "standard input", max_bytes, &content);
  return content;
}

void check_exists(const fs::path& path, std::string hint) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return;
  const int error = errno;
  std::string what = "there is no such file or folder";
  std::error_code no_link;
  const fs::path target = fs::read_symlink(path, no_link);
  if (!no_link)
    what = error == ELOOP ? "a link that leads back to itself"
                          : fmt::format("a link to {}, which does not exist", target.string());
  if (error != ENOENT && error != ENOTDIR && error != ELOOP)
    throw Error(Category::kIo, fmt::format("cannot be reached: {}", std::strerror(error)),
                path.string());
  throw Error(Category::kInput, what, path.string(), std::move(hint));
}

void write_file_atomic(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

void write_all(int fd, std::span<const std::byte> bytes, const fs::path& path) {
  const int error = try_write(fd, bytes);
  if (error == 0) return;
  throw Error(Category::kIo, fmt::format("cannot write the file: {}", std::strerror(error)),
              path.string(), hint_of(error));
}

void make_folder(const fs::path& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (!failure && !fs::is_directory(path, failure)) failure = {ENOTDIR, std::generic_category()};
  if (!failure) return;
  throw Error(Category::kIo, fmt::format("cannot make the folder: {}", failure.message()),
              path.string(), hint_of(failure.value()));
}

void rename_file(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) == -1)
    throw Error(Category::kIo, fmt::format("cannot rename the file: {}", std::strerror(errno)),
                from.string());
  sync_folder(folder_of(to));
}

void sync_folder(const fs::path& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder == -1) return;
  ::fsync(folder);  // a file system that cannot sync a folder says EINVAL
  ::close(folder);
}

fs::path temporary_of(const fs::path& path) {
  return folder_of(path) / fmt::format(".{}.tmp-{}", path.filename().string(), ::getpid());
}

// Only of writers that are dead. A failure to tidy up is not a failure to write.
void remove_leftovers_of(const fs::path& path) {
  const std::string prefix = "." + path.filename().string() + ".tmp-";
  std::error_code ignored;
  for (fs::directory_iterator it(folder_of(path), ignored), end; !ignored && it != end;
       it.increment(ignored)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    pid_t pid = 0;
    const char* stop = name.data() + name.size();
    const auto [last, failure] = std::from_chars(name.data() + prefix.size(), stop, pid);
    if (failure != std::errc() || last != stop || pid <= 0) continue;
    if (::kill(pid, 0) == -1 && errno == ESRCH) ::unlink(it->path().c_str());
  }
}

AtomicFile::AtomicFile(fs::path path) : path_(replaceable(std::move(path))) {
  remove_leftovers_of(path_);
  temporary_ = temporary_of(path_);
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd_ == -1) fail("cannot create the file", errno);
}

AtomicFile::~AtomicFile() {
  if (fd_ == -1) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::fail(std::string_view doing, int error) {
  if (fd_ != -1) {
    ::close(fd_);
    ::unlink(temporary_.c_str());
    fd_ = -1;
  }
  std::error_code ignored;
  std::string hint = hint_of(error);
  if (!hint.empty() && fs::exists(path_, ignored)) hint += "; the file that was there is unchanged";
  throw Error(Category::kIo, fmt::format("{}: {}", doing, std::strerror(error)), path_.string(),
              hint);
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  DOJO_CHECK(fd_ != -1);
  if (const int error = try_write(fd_, bytes)) fail("cannot write the file", error);
}

void AtomicFile::commit() {
  DOJO_CHECK(fd_ != -1);
  if (::fsync(fd_) == -1) fail("cannot write the file", errno);
  // Some file systems report a full disk only here.
  if (const int fd = std::exchange(fd_, -1); ::close(fd) == -1) {
    const int error = errno;
    ::unlink(temporary_.c_str());
    fail("cannot write the file", error);
  }
  if (::rename(temporary_.c_str(), path_.c_str()) == -1) {
    const int error = errno;
    ::unlink(temporary_.c_str());
    fail("cannot rename the finished file", error);
  }
  sync_folder(folder_of(path_));  // the rename itself must survive a power cut
}

}  // namespace dojo
