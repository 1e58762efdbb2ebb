#include "dojo/video/cache/copy_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <utility>

#include "dojo/base/cache_folder.h"
#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/units.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

bool is_copy_name(const std::string& name) {
  return name.size() == 32 && name.find_first_not_of("0123456789abcdef") == name.npos;
}

// File systems give whole blocks; counted for each copy that is opened.
constexpr int64_t kFileEnds = 2 * 4096;

bool is_leftover(const std::string& name) {
  return name.starts_with(".new-") || name.starts_with(".gone-");
}

// Space on the disk of the folder's files, and when its index was last used.
void measure(const fs::path& folder, CopyInfo* info) {
  for (const char* name : {"frames", "index"}) {
    struct stat file {};
    if (stat((folder / name).c_str(), &file) != 0) continue;
    info->bytes += int64_t{file.st_blocks} * 512;
    info->last_used_ns = int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec;
  }
}

bool is_locked(const std::string& copy) {
  const int fd = open((copy + "/frames").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  const bool locked = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  close(fd);
  return locked;
}

}  // namespace

std::string default_copy_folder() {
  const std::string cache = cache_folder();
  return cache.empty() ? "" : cache + "/frames";
}

std::vector<CopyInfo> list_copies(const std::string& folder, bool with_keys) {
  std::vector<CopyInfo> copies;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    CopyInfo info;
    info.name = entry.path().filename().string();
    if (!is_copy_name(info.name)) continue;
    measure(entry.path(), &info);
    info.written_now = is_locked(entry.path().string());
    if (with_keys)
      if (const auto copy = SmallCopy::open_existing(entry.path().string())) {
        info.key = copy->key();
        info.units_held = copy->units_held();
      }
    copies.push_back(std::move(info));
  }
  if (error && error != std::errc::no_such_file_or_directory)
    throw Error(Category::kIo, "the folder of copies cannot be read: " + error.message(), folder);
  std::sort(copies.begin(), copies.end(), [](const CopyInfo& a, const CopyInfo& b) {
    return std::pair(a.last_used_ns, a.name) < std::pair(b.last_used_ns, b.name);
  });
  return copies;
}

bool remove_copy(const std::string& folder, const std::string& name) {
  const fs::path path = fs::path(folder) / name;
  if (!is_copy_name(name) || is_locked(path.string())) return false;
  // First away from its name, so that nobody meets half of it. Who reads it now reads on.
  const fs::path gone = fs::path(folder) / fmt::format(".gone-{}-{}", name, getpid());
  std::error_code error;
  fs::rename(path, gone, error);
  if (error) return false;
  fs::remove_all(gone, error);
  return true;
}

CopyFolder::CopyFolder(std::string folder, int64_t max_bytes)
    : folder_(std::move(folder)), max_bytes_(max_bytes) {
  if (max_bytes < 1'000'000)
    throw Error(Category::kConfig, fmt::format("a cache of {} bytes", max_bytes), folder_,
                "give it 1 MB or more");
  make_folder(folder_);
  if (access(folder_.c_str(), W_OK | X_OK) != 0)
    throw Error(Category::kIo, "the cache's folder cannot be written", folder_);
  // What killed processes left behind.
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    struct stat info {};
    if (is_leftover(entry.path().filename().string()) && stat(entry.path().c_str(), &info) == 0 &&
        std::time(nullptr) - info.st_mtime > 60)
      fs::remove_all(entry.path(), error);
  }
  make_room(0);
}

std::shared_ptr<SmallCopy> CopyFolder::open(const CopyKey& key) {
  for (auto at = open_.begin(); at != open_.end(); ++at) {
    if ((*at)->key() != key) continue;
    open_.splice(open_.begin(), open_, at);
    return open_.front();
  }
  std::string problem;
  if (!full_ && used_bytes_ + kFileEnds > max_bytes_) make_room(kFileEnds);
  std::shared_ptr<SmallCopy> copy = SmallCopy::open(folder_, key, &problem, !full_);
  if (!copy) {
    if (!problem.empty()) note("the small copy of " + key.path + " cannot be used: " + problem);
    return nullptr;
  }
  if (ours_.insert(key.name()).second) used_bytes_ += kFileEnds;
  while (open_.size() >= kOpen) open_.pop_back();
  open_.push_front(copy);
  return copy;
}

bool CopyFolder::append(SmallCopy* copy, int64_t unit, std::span<const uint8_t> bytes) {
  if (full_ || !copy->writable()) return false;
  const int64_t need = static_cast<int64_t>(bytes.size()) + 96;  // with its record and gaps
  if (used_bytes_ + need > max_bytes_ || added_since_look_ > max_bytes_ / 32) make_room(need);
  if (full_) return false;
  if (!copy->append(unit, bytes)) {
    full_ = true;  // a disk that is full for one copy is full for all
    note(copy->problem() + "; what it holds is used");
    return false;
  }
  used_bytes_ += need;
  added_since_look_ += need;
  return true;
}

void CopyFolder::make_room(int64_t bytes) {
  std::vector<CopyInfo> copies;
  try {
    copies = list_copies(folder_, false);
  } catch (const Error& e) {
    full_ = true;
    return note(e.message());
  }
  used_bytes_ = added_since_look_ = 0;
  for (const CopyInfo& c : copies) used_bytes_ += c.bytes;
  // If anything has to go, then enough that the next unit need not ask again.
  if (used_bytes_ + bytes <= max_bytes_) return;
  for (const CopyInfo& c : copies) {
    if (used_bytes_ + bytes <= max_bytes_ - max_bytes_ / 16) break;
    if (!ours_.count(c.name) && remove_copy(folder_, c.name)) used_bytes_ -= c.bytes;
  }
  if (used_bytes_ + bytes <= max_bytes_) return;
  full_ = true;
  note(fmt::format("it has reached its size of {}; what it holds is used, the rest is decoded",
                   print_bytes(max_bytes_)));
}

void CopyFolder::note(const std::string& message) {
  if (!noted_.insert(message).second || noted_.size() > 20) return;
  message_ += (message_.empty() ? "" : "; ") + ("the cache " + folder_ + ": " + message);
}

std::string CopyFolder::take_message() { return std::exchange(message_, {}); }

}  // namespace dojo
