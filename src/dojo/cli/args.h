// The options of one sub-command: declared once, they give the parser, its messages and the --help
// text.
//
//   int64_t steps = 1000;
//   double lr = 1e-3;
//   bool json = false;
//   std::vector<std::string> folders;
//   Args args("dojo train [FOLDER...]", "Trains a network on the video in the folders.",
//             "  dojo train ~/TeslaCam\n");
//   args.option("--steps", "N", "training steps", &steps, {.min = 1});
//   args.option("--lr", "RATE", "learning rate", &lr);
//   args.option("--json", "", "print one JSON object", &json);  // a flag: no value
//   args.positional("[FOLDER...]", "where the video is", &folders);
//   if (!args.parse(argv)) return 0;  // --help was asked for and printed
//
// Values are written `--steps 5` or `--steps=5`; `--` ends the options. The value that a variable
// has before parse() is its default and is shown in the help, unless the help text of the option
// says "default: " itself, as it must where the variable begins with a value that is not allowed.
// Wrong usage throws Error(kConfig) that names the option and the nearest known one.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dojo {

// The allowed values of a number, both ends included.
struct Range {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
};

class Args {
 public:
  // `usage`: the first line of the help. `examples`: whole lines, printed under "Examples:" as they
  // are.
  Args(std::string usage, std::string summary, std::string examples);

  // `name` may carry a short form: "-q, --quiet". A vector takes the option any number of times;
  // every other one with a value may be given once. The targets must live until parse() returns.
  void option(std::string_view name, std::string_view value, std::string_view help, int64_t* target,
              Range range = {});
  void option(std::string_view name, std::string_view value, std::string_view help,
              uint64_t* target);
  void option(std::string_view name, std::string_view value, std::string_view help, double* target,
              Range range = {});
  void option(std::string_view name, std::string_view value, std::string_view help,
              std::string* target);
  void option(std::string_view name, std::string_view value, std::string_view help, bool* target);
  void option(std::string_view name, std::string_view value, std::string_view help,
              std::vector<std::string>* target);

  // Positional arguments are filled in the order of declaration; a vector takes all that are left
  // and is declared last. A name in square brackets may be missing: "FILE" wants one, "[FILE...]"
  // with a vector takes any number, "FILE..." at least one.
  void positional(std::string_view name, std::string_view help, std::string* target);
  void positional(std::string_view name, std::string_view help, std::vector<std::string>* target);

  // A paragraph of the help below the options, in whole lines.
  void note(std::string text) { note_ = std::move(text); }

  // Fills the targets. Returns false iff --help was asked for; the help is then on stdout and
  // nothing else was changed.
  bool parse(std::span<const std::string> argv);

  bool given(std::string_view name) const;  // "--steps"; true iff parse() saw it
  std::string help() const;

 private:
  struct Option {
    std::string name, short_name, value, help, default_text;
    std::function<void(const std::string&)> set;  // throws Error for a value that cannot be meant
    bool flag = false, repeatable = false, given = false;
  };
  struct Positional {
    std::string name, help;
    bool required = true;
    std::string* one = nullptr;
    std::vector<std::string>* many = nullptr;
  };

  Option& add(std::string_view name, std::string_view value, std::string_view help);
  Option& find(const std::string& name, const std::string& word);  // that begins with it
  template <typename T>
  static void show_default(Option& o, T value, Range range);
  [[noreturn]] void wrong(const std::string& message, const std::string& hint = {}) const;

  std::string usage_, summary_, examples_, note_;
  std::vector<Option> options_;
  std::vector<Positional> positionals_;
};

// The candidate that looks most like `word` (smallest edit distance), or "" when none is near
// enough to be meant.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace dojo
