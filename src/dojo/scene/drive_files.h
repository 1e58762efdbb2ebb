// What all writers of drives share: one process at a time in a folder, fingerprints of files, the
// head of an .npy file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace dojo::scene {

// Held while the folder is being filled; waits for others, or throws Interrupted. The system frees
// it when the process dies; the file .lock stays and tells that the folder was filled here.
class FolderLock {
 public:
  static constexpr const char* kFile = ".lock";
  explicit FolderLock(const std::filesystem::path& folder);  // throws Error(kIo)
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_;
};

struct FileHash {
  uint64_t bytes = 0;
  std::string fnv1a;  // 16 hexadecimal digits
  bool operator==(const FileHash&) const = default;
};
FileHash hash_file(const std::filesystem::path& path);  // throws Error(kIo)

// The head of a file of f32 [n,h,w], row by row.
std::string npy_header(int64_t n, int64_t h, int64_t w);

// Calls job(i) for all i in [0, n), the threads of parallel_for() taking the next one each, and
// rethrows the first exception when all threads have stopped; the jobs that follow it are not
// begun.
void each_in_parallel(int64_t n, const std::function<void(int64_t)>& job);

}  // namespace dojo::scene
