// A program of others that `dojo bench ... --peers` measures beside ours: a script of benchmarks/
// in a process of the user's python3, told what to do line by line. Nothing that it does ends more
// than this object. The protocol, in JSON lines:
//
//   it    {"ready": "torchcodec 0.13.0"}, or {"missing": REASON, "install": COMMAND}
//   we    {"do": ..., ...}
//   it    {...}, or {"failed": REASON}
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dojo/base/error.h"

namespace dojo {

// The program failed, its process ended or hung, or an answer made no sense: there is no use in
// asking it again.
struct PeerError : Error {
  using Error::Error;
};

// For one answer, on a busy machine, of what should take a few seconds.
inline constexpr double kPeerPatience = 300;

// Not thread-safe.
class PeerProcess {
 public:
  // The descriptor that the process has Options::handed as.
  static constexpr int kHanded = 3;

  struct Options {
    std::string name;    // for messages: "pyav"
    std::string script;  // "peer_video.py", in benchmarks/
    std::vector<std::string> arguments;
    int handed = -1;  // an open descriptor for it; -1: none
  };

  // Starts it, with the environment that the user has, and waits for its first line. Where the
  // program cannot be had, missing() says why and how to install it. Throws Interrupted.
  explicit PeerProcess(Options options);
  ~PeerProcess();  // ends it, with the processes that it has started
  PeerProcess(const PeerProcess&) = delete;
  PeerProcess& operator=(const PeerProcess&) = delete;

  const std::string& missing() const { return missing_; }
  const std::string& version() const { return version_; }  // "torchcodec 0.13.0"

  // Writes a line and has `read` take the answer, which is JSON and tells of no failure. Throws
  // PeerError, also for what `read` throws as std::exception, and Interrupted.
  void ask(const std::string& line, double seconds,
           const std::function<void(const std::string& answer)>& read);

  // A PeerError that names it.
  [[noreturn]] void fail(const std::string& why) const;

 private:
  struct Process;
  std::string exchange(const std::string& line, double seconds);
  void understand(const std::string& answer,
                  const std::function<void(const std::string& answer)>& read) const;

  std::string name_, missing_, version_, buffer_;
  std::unique_ptr<Process> process_;
};

}  // namespace dojo
