// The folder of one run, held by one process: a run that begins takes a folder that is new or
// empty, and while it trains no other `dojo train` begins or resumes in it. Nothing is deleted
// here but the folders that it made itself, where nothing came to be in them.
#pragma once

#include <string>
#include <vector>

namespace dojo {

class RunFolder {
 public:
  // Makes the folder, or takes it if it is empty. Throws Error(kConfig) for one that holds a run or
  // anything else, or in which a run is under way, Error(kIo) if it cannot be made.
  static RunFolder begin(const std::string& path);

  // PREFIX-001, or the first number after it that is free; two processes get different ones.
  static RunFolder begin_next(const std::string& prefix);

  // A folder with a run (config.json). Throws Error(kInput) without one, also where the run was
  // killed before there was anything to go on with, Error(kConfig) if it is under way.
  static RunFolder resume(const std::string& path);

  ~RunFolder();
  RunFolder(RunFolder&& other) noexcept;
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;
  RunFolder& operator=(RunFolder&&) = delete;

  const std::string& path() const { return path_; }

 private:
  RunFolder(std::string path, std::vector<std::string> made);  // locks it

  std::string path_;
  std::vector<std::string> made_;  // by this object: the folder and those that it lies in
  int fd_ = -1;  // of the folder; the lock goes with it, also when the process is killed
};

}  // namespace dojo
