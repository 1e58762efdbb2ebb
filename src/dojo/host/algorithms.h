// Which algorithm computes an op where there are several. Without this a rule decides. With it the
// candidates are timed, once for each problem (op and shape); the answer is used from then on, in
// this process, on this machine through a file, and in a run that is resumed through its text().
//
// The file has a part for each kind of machine: processor, number of threads, versions of the
// kernels. It is never a reason to fail: one that cannot be read counts as empty, one that cannot
// be written is left. Two processes may use it at once; where both write at the same moment, the
// answers of one may be lost, and are timed again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace dojo {

class Algorithms {
 public:
  struct Options {
    std::string file;  // "": nothing is read or kept
    // Before each problem that is timed: how many were before it, and what it is; by save(), after
    // the last of them, with the number of all and "".
    std::function<void(int64_t timed, const std::string& problem)> progress = {};
  };
  explicit Algorithms(Options options);

  struct Candidate {
    std::string name;
    std::function<std::function<void()>()> prepare;  // a call to time, with memory of its own
  };
  // The name of one of the candidates. Throws Error(kInput) if what was recorded is none of them.
  const std::string& choose(const std::string& problem, const std::vector<Candidate>& candidates);

  // What was timed since the last call is written to the file.
  void save();

  // What was chosen here so far, as JSON text, and the same from a run: it then decides, and what
  // it lacks is timed. `where` names it in errors. Throws Error(kInput) for anything else.
  std::string text() const;
  void record(const std::string& text, const std::string& where);

  // For a person: that the file cannot be used. Mostly empty.
  const std::string& message() const { return message_; }

  // How many problems were timed here.
  int64_t timed() const { return timed_; }

 private:
  Options options_;
  std::string message_;
  std::string recorded_in_;                    // names what record() was given
  std::map<std::string, std::string> chosen_;  // by problem: the name
  std::map<std::string, std::string> known_;   // the file's part for this machine
  std::map<std::string, std::string> unsaved_;
  int64_t timed_ = 0;
};

}  // namespace dojo
