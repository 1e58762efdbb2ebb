#include "dojo/scene/drive_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fstream>
#include <mutex>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/parallel_for.h"

namespace dojo::scene {

FolderLock::FolderLock(const std::filesystem::path& folder)
    : fd_(open((folder / kFile).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  int result = fd_ < 0 ? -1 : 0;
  while (fd_ >= 0 && (result = flock(fd_, LOCK_EX | LOCK_NB)) != 0 && errno == EWOULDBLOCK) {
    if (interrupted()) close(fd_);
    throw_if_interrupted();
    usleep(20'000);  // another process renders
  }
  if (result == 0) return;
  const int error = errno;
  if (fd_ >= 0) close(fd_);
  throw Error(Category::kIo, std::string("cannot lock the folder: ") + std::strerror(error),
              (folder / kFile).string(), "choose a folder that you may write");
}

FolderLock::~FolderLock() { close(fd_); }

FileHash hash_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  FileHash hash;
  uint64_t h =
      0xcbf29ce484222325u;  // FNV-1a, as stream_id() of all bytes; depth does not fit memory
  std::vector<char> piece(1 << 20);
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    hash.bytes += static_cast<uint64_t>(file.gcount());
    for (std::streamsize i = 0; i < file.gcount(); ++i)
      h = (h ^ static_cast<unsigned char>(piece[static_cast<size_t>(i)])) * 0x100000001b3u;
  }
  if (!file.eof()) throw Error(Category::kIo, "cannot read the file", path.string());
  hash.fnv1a = fmt::format("{:016x}", h);
  return hash;
}

std::string npy_header(int64_t n, int64_t h, int64_t w) {
  std::string text =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}, {}), }}", n, h, w);
  while ((10 + text.size() + 1) % 64) text += ' ';
  text += '\n';
  std::string header = "\x93NUMPY\x01";
  header += '\0';
  header += static_cast<char>(text.size() & 255);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

void each_in_parallel(int64_t n, const std::function<void(int64_t)>& job) {
  std::atomic<int64_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  parallel_for(std::min<int64_t>(n, num_threads()), 1, [&](int64_t, int64_t) {
    try {
      for (int64_t i; (i = next++) < n;) job(i);
    } catch (...) {
      const std::lock_guard guard(mutex);
      if (!failure) failure = std::current_exception();
      next = n;
    }
  });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace dojo::scene
