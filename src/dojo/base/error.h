// Errors that a user can cause. Everything that can go wrong from outside (files, options, graphs)
// is thrown as one Error; a bug of ours is a DOJO_CHECK (check.h) and stops the run.
//
//   throw Error(Category::kInput, "no video stream", path, "give a file that ffprobe can list");
//   -> dojo: error (input): no video stream, clips/a.mp4; give a file that ffprobe can list
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace dojo {

enum class Category {
  kInput,          // the data is wrong: a corrupt clip, a hostile checkpoint, a broken graph text
  kConfig,         // the options are wrong or contradict each other
  kIo,             // the system said no: permission, disk full, a process that died
  kUnsupported,    // never, on purpose
  kUnimplemented,  // not yet
  kUnspecified,    // no public source says how the machine does it
};

// The word printed in the message: "input", "config", "io", ...
std::string_view name(Category category);

// The exit code of the command line: 2 for config, 3 for input, 1 for the others
// (docs/architecture.md).
int exit_code(Category category);

class Error : public std::exception {
 public:
  // `message`: what was wrong, with the value seen. `where`: the file, line, node or option.
  // `hint`: what to try next.
  Error(Category category, std::string message, std::string where = {}, std::string hint = {});

  Category category() const { return category_; }
  const std::string& message() const { return message_; }
  const std::string& where() const { return where_; }
  const std::string& hint() const { return hint_; }

  // "error (input): message, where; hint"
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  Category category_;
  std::string message_, where_, hint_, text_;
};

}  // namespace dojo
