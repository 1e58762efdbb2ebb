#include "dojo/cli/args.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <numeric>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/text.h"
#include "dojo/cli/called.h"

namespace dojo {
namespace {

// Reads the whole text as a number, or throws: "12x", "1e999", "nan" and "" are no numbers here.
template <typename T>
T read_number(const std::string& option, const std::string& text, const char* kind, Range range) {
  T number{};
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, number);
  bool good = failure == std::errc() && stop == end;
  if constexpr (std::is_floating_point_v<T>) good = good && std::isfinite(number);
  if (!good) {
    throw Error(Category::kConfig, fmt::format("{} wants {}, not '{}'", option, kind, text));
  }
  const double as_double = static_cast<double>(number);
  if (as_double < range.min) {
    throw Error(Category::kConfig,
                fmt::format("{} is {}, the least is {}", option, text, range.min));
  }
  if (as_double > range.max) {
    throw Error(Category::kConfig,
                fmt::format("{} is {}, the most is {}", option, text, range.max));
  }
  return number;
}

// Letters that are missing, too many or others, and neighbours that are swapped.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last, last, row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    before_last = std::exchange(last, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  std::string best;
  size_t best_distance = std::max<size_t>(word.size() < 4 ? 1 : 2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    // A beginning of the word is meant, however short: "rep" for "report".
    const bool beginning = word.size() >= 2 && candidate.starts_with(word) && word != "--";
    const size_t distance = beginning ? 1 : edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

Args::Args(std::string usage, std::string summary, std::string examples)
    : usage_(std::move(usage)), summary_(std::move(summary)), examples_(std::move(examples)) {}

Args::Option& Args::add(std::string_view name, std::string_view value, std::string_view help) {
  Option option;
  const size_t comma = name.find(", ");
  if (comma != std::string_view::npos) option.short_name = name.substr(0, comma);
  option.name = comma == std::string_view::npos ? name : name.substr(comma + 2);
  DOJO_CHECK(option.name.starts_with("--"));
  option.value = value;
  option.help = help;
  options_.push_back(std::move(option));
  return options_.back();
}

template <typename T>
void Args::show_default(Option& o, T value, Range range) {
  if (o.help.find("default: ") != std::string::npos) return;
  DOJO_CHECK(static_cast<double>(value) >= range.min && static_cast<double>(value) <= range.max);
  o.default_text = fmt::format("{}", value);
}

void Args::option(std::string_view name, std::string_view value, std::string_view help,
                  int64_t* target, Range range) {
  Option& o = add(name, value, help);
  show_default(o, *target, range);
  o.set = [target, range, n = o.name](const std::string& text) {
    *target = read_number<int64_t>(n, text, "a whole number", range);
  };
}

void Args::option(std::string_view name, std::string_view value, std::string_view help,
                  uint64_t* target) {
  Option& o = add(name, value, help);
  show_default(o, *target, {});
  o.set = [target, n = o.name](const std::string& text) {
    *target = read_number<uint64_t>(n, text, "a whole number that is not negative", {});
  };
}

void Args::option(std::string_view name, std::string_view value, std::string_view help,
                  double* target, Range range) {
  Option& o = add(name, value, help);
  show_default(o, *target, range);
  o.set = [target, range, n = o.name](const std::string& text) {
    *target = read_number<double>(n, text, "a number", range);
  };
}

void Args::option(std::string_view name, std::string_view value, std::string_view help,
                  std::string* target) {
  Option& o = add(name, value, help);
  o.default_text = *target;
  o.set = [target](const std::string& text) { *target = text; };
}

void Args::option(std::string_view name, std::string_view value, std::string_view help,
                  bool* target) {
  DOJO_CHECK(value.empty());
  Option& o = add(name, value, help);
  o.flag = true;
  o.set = [target](const std::string&) { *target = true; };
}

void Args::option(std::string_view name, std::string_view value, std::string_view help,
                  std::vector<std::string>* target) {
  Option& o = add(name, value, help);
  o.repeatable = true;
  o.default_text = fmt::format("{}", fmt::join(*target, ", "));
  o.set = [target, replace = true](const std::string& text) mutable {
    if (replace) target->clear();  // given values take the place of the default
    replace = false;
    target->push_back(text);
  };
}

void Args::positional(std::string_view name, std::string_view help, std::string* target) {
  positionals_.push_back({std::string(name), std::string(help), !name.starts_with("["), target});
}

void Args::positional(std::string_view name, std::string_view help,
                      std::vector<std::string>* target) {
  positionals_.push_back(
      {std::string(name), std::string(help), !name.starts_with("["), nullptr, target});
}

void Args::wrong(const std::string& message, const std::string& hint) const {
  // "dojo train [FOLDER...]" -> "dojo train": the words before the first that is not a plain verb.
  std::string command = usage_.substr(0, usage_.find_first_of("[<ABCDEFGHIJKLMNOPQRSTUVWXYZ-"));
  if (const size_t bar = command.find('|'); bar != std::string::npos)  // "dojo cache build|info"
    command.resize(command.rfind(' ', bar));
  while (command.ends_with(' ')) command.pop_back();
  throw Error(Category::kConfig, message, "",
              hint.empty() ? "see " + with_program_name(command + " --help") : hint);
}

Args::Option& Args::find(const std::string& name, const std::string& word) {
  std::vector<std::string> names = {"--help"};
  for (Option& o : options_) {
    if (name == o.name || (!o.short_name.empty() && name == o.short_name)) return o;
    names.push_back(o.name);
  }
  std::error_code ignored;
  if (std::filesystem::exists(word, ignored))
    wrong("unknown option " + word, "for the file of that name write " + shell_word("./" + word));
  const std::string meant = nearest(name, names);
  wrong("unknown option " + name, meant.empty() ? "" : "did you mean " + meant + "?");
}

bool Args::parse(std::span<const std::string> argv) {
  for (const std::string& word : argv) {
    if (word == "--") break;
    if (word != "--help" && word != "-h") continue;
    fmt::print("{}", help());
    return false;
  }
  const auto is_short = [&](const std::string& word) {
    return std::any_of(options_.begin(), options_.end(), [&](const Option& o) {
      return !o.short_name.empty() && o.short_name == word;
    });
  };
  std::vector<std::string> words;  // what is no option
  for (size_t i = 0; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    if (word == "--") {
      words.insert(words.end(), argv.begin() + static_cast<ptrdiff_t>(i) + 1, argv.end());
      break;
    }
    if (word.size() < 2 || word[0] != '-') {
      words.push_back(word);
      continue;
    }
    const size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    Option& o = find(word.substr(0, equals), word);
    if (o.given && !o.repeatable && !o.flag) wrong(o.name + " is given twice");
    o.given = true;
    if (o.flag) {
      if (equals != std::string::npos) wrong(o.name + " takes no value, seen '" + word + "'");
      o.set("");
      continue;
    }
    std::string value;  // an empty one, as of an unset shell variable, is none
    if (equals != std::string::npos)
      value = word.substr(equals + 1);
    else if (i + 1 < argv.size() && !argv[i + 1].starts_with("--") && !is_short(argv[i + 1]))
      value = argv[++i];
    if (value.empty()) wrong(fmt::format("{} wants a value: {} {}", o.name, o.name, o.value));
    o.set(value);
  }
  size_t used = 0;
  for (const std::string& word : words)
    if (word.empty()) wrong("an empty argument");
  for (const Positional& p : positionals_) {
    if (used == words.size()) {
      if (p.required)
        wrong(p.name + " is missing: " + p.help, with_program_name("usage: " + usage_));
    } else if (p.one) {
      *p.one = words[used++];
    } else {
      p.many->assign(words.begin() + static_cast<ptrdiff_t>(used), words.end());
      used = words.size();
    }
  }
  if (used < words.size()) wrong("one argument too many: '" + words[used] + "'");
  return true;
}

bool Args::given(std::string_view name) const {
  for (const Option& o : options_) {
    if (o.name == name) return o.given;
  }
  DOJO_CHECK(!"given() asks for a declared option");
  return false;
}

std::string Args::help() const {
  std::vector<std::pair<std::string, std::string>> arguments, options;
  for (const Positional& p : positionals_) arguments.emplace_back(p.name, p.help);
  for (const Option& o : options_) {
    std::string left = o.short_name.empty() ? o.name : o.short_name + ", " + o.name;
    if (!o.value.empty()) left += " " + o.value;
    const bool says_default = !o.default_text.empty() && !o.flag;
    options.emplace_back(left,
                         says_default ? o.help + " (default " + o.default_text + ")" : o.help);
  }
  options.emplace_back("-h, --help", "this text");
  size_t width = 0;
  for (const auto& [left, right] : arguments) width = std::max(width, left.size());
  for (const auto& [left, right] : options) width = std::max(width, left.size());

  std::string text = "usage: " + usage_ + "\n\n" + summary_ + "\n";
  const auto table = [&](const char* title, const auto& rows) {
    if (rows.empty()) return;
    text += fmt::format("\n{}:\n", title);
    for (const auto& [left, right] : rows)
      text += fmt::format("  {:<{}}  {}\n", left, width, right);
  };
  table("Arguments", arguments);
  table("Options", options);
  if (!note_.empty()) text += "\n" + note_;
  if (!examples_.empty()) {
    text += "\nExamples:\n" + examples_;
    if (!text.ends_with('\n')) text += '\n';
  }
  return with_program_name(text);
}

}  // namespace dojo
