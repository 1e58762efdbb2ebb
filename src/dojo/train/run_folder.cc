#include "dojo/train/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/text.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

// Those that are empty. `folders`: each lies in the one before it.
void remove_empty(const std::vector<std::string>& folders) {
  for (auto path = folders.rbegin(); path != folders.rend(); ++path) ::rmdir(path->c_str());
}

// Makes the folder and those that it lies in; returns those that this call made, the outermost
// first: the last of them is the folder itself iff it was not there. Throws Error(kIo), and leaves
// none then.
std::vector<std::string> make_folders(fs::path path) {
  if (!path.has_filename() && path.has_relative_path()) path = path.parent_path();  // "runs/a/"
  std::error_code error;
  std::vector<fs::path> wanted = {path};
  for (fs::path p = path.parent_path(); !p.empty() && !fs::exists(p, error); p = p.parent_path())
    wanted.push_back(p);
  std::vector<std::string> made;
  for (auto p = wanted.rbegin(); p != wanted.rend(); ++p) {
    error.clear();
    if (fs::create_directory(*p, error)) made.push_back(*p);
    if (!error) continue;
    remove_empty(made);
    throw Error(Category::kIo, fmt::format("cannot make the folder: {}", error.message()),
                path.string(), "choose another one with --out");
  }
  if (!made.empty()) sync_folder(path.has_parent_path() ? path.parent_path() : ".");
  return made;
}

// But for what a process that was killed before it had written config.json left.
bool is_empty(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string file = entry.path().filename();
    if (file != "algorithms.json" && !file.starts_with(".algorithms.json.tmp-") &&
        !file.starts_with(".config.json.tmp-"))
      return false;
  }
  return !error;
}

bool holds_a_run(const fs::path& folder) {
  for (const char* file : {"config.json", "last.safetensors", "metrics.jsonl"})
    if (fs::exists(folder / file)) return true;
  return false;
}

}  // namespace

RunFolder::RunFolder(std::string path, std::vector<std::string> made)
    : path_(std::move(path)), made_(std::move(made)) {
  fd_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd_ < 0)
    throw Error(Category::kIo, fmt::format("cannot open the folder: {}", std::strerror(errno)),
                path_);
  if (::access(path_.c_str(), W_OK | X_OK) != 0) {
    const int why = errno;
    ::close(fd_);
    throw Error(Category::kIo, fmt::format("cannot write into the folder: {}", std::strerror(why)),
                path_, "make it writable, or begin a new run in another one with --out");
  }
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
    return;  // some network file systems know no locks; there we do without
  ::close(fd_);
  throw Error(Category::kConfig, "another dojo train is running in this folder", path_,
              "wait for it or stop it, or give another --out");
}

RunFolder RunFolder::begin(const std::string& path) {
  RunFolder folder(path, make_folders(path));
  if (holds_a_run(path))
    throw Error(
        Category::kConfig, "there is a run already", path,
        fmt::format("go on with it (--resume {}), or give another --out", shell_word(path)));
  if (!is_empty(path))
    throw Error(Category::kConfig, "the folder is not empty, and what is in it is no run", path,
                "give an --out that is new or empty");
  return folder;
}

RunFolder RunFolder::begin_next(const std::string& prefix) {
  for (int n = 1;; ++n) {
    const std::string path = fmt::format("{}-{:03}", prefix, n);
    if (fs::exists(path)) continue;
    std::vector<std::string> made = make_folders(path);
    if (!made.empty() && made.back() == path) return RunFolder(path, std::move(made));
  }
}

RunFolder RunFolder::resume(const std::string& path) {
  constexpr const char* kHint = "give the folder that `dojo train --out` names";
  check_exists(path, kHint);
  if (!fs::is_directory(path)) throw Error(Category::kInput, "not a folder", path, kHint);
  RunFolder folder(path, {});  // first: a run that begins just now has no config.json yet
  if (fs::exists(fs::path(path) / "config.json")) return folder;
  if (is_empty(path))
    throw Error(Category::kInput, "nothing to resume: no config.json was written yet", path,
                fmt::format("start again, with --out {}", shell_word(path)));
  throw Error(Category::kInput, "nothing to resume: there is no config.json in the folder", path,
              holds_a_run(path) ? "put it back, or start a new run" : kHint);
}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : path_(std::move(other.path_)),
      made_(std::move(other.made_)),
      fd_(std::exchange(other.fd_, -1)) {}

RunFolder::~RunFolder() {
  if (fd_ < 0) return;
  std::error_code ignored;
  if (!made_.empty() && is_empty(path_)) fs::remove(fs::path(path_) / "algorithms.json", ignored);
  remove_empty(made_);
  ::close(fd_);
}

}  // namespace dojo
