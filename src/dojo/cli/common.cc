#include "dojo/cli/common.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "dojo/base/cache_folder.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/memory_limit.h"
#include "dojo/base/tell.h"
#include "dojo/base/text.h"
#include "dojo/base/units.h"
#include "dojo/cli/called.h"
#include "dojo/graph/interpreter.h"
#include "dojo/host/passes.h"
#include "dojo/video/find_recordings.h"

namespace dojo {

std::pair<int64_t, int64_t> parse_size(const std::string& text, const std::string& option) {
  long long height = 0, width = 0;
  int read = 0;
  if (std::sscanf(text.c_str(), "%5lldx%5lld%n", &height, &width, &read) != 2 ||
      read != static_cast<int>(text.size()) || height < 1 || width < 1)
    throw Error(Category::kConfig, fmt::format("size '{}'", text), option,
                "give HEIGHTxWIDTH, for example 128x256");
  return {height, width};
}

ExecutorFactory executor_factory(const std::string& name, std::shared_ptr<Algorithms> algorithms,
                                 const std::vector<std::string>& without) {
  if (name == "host")
    return [options = host_options(without), algorithms](const Graph& g) mutable {
      options.algorithms = algorithms;
      options.max_bytes = memory_limit().bytes;
      return make_host_executor(g, options);
    };
  if (name == "interpreter" && !without.empty())
    throw Error(Category::kConfig, "the interpreter has no passes that could be left out",
                "--without", "leave it out, or use --executor host");
  if (name == "interpreter") return [](const Graph& g) { return make_interpreter(g); };
  throw Error(Category::kConfig, fmt::format("unknown executor '{}'", name), "--executor",
              "use host or interpreter");
}

void check_output_file(const std::string& path, const std::string& what) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw Error(Category::kConfig,
                fmt::format("a folder has the name that the {} is to have", what), path,
                "give another name");
  if (std::filesystem::is_other(path, ignored))
    throw Error(Category::kConfig,
                fmt::format("a pipe, device or socket has the name that the {} is to have", what),
                path, "give another name");
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder, ignored))
    throw Error(Category::kIo, fmt::format("the {}'s folder is not there", what), path,
                "make it first, or choose another one");
}

void check_interpreted_size(const Graph& graph, const std::string& where, const std::string& use) {
  constexpr double kMost = 2e8;  // in 8 bytes each
  double numbers = 0;
  for (const Value& value : graph.values) numbers += static_cast<double>(value.type.num_elements());
  if (numbers > kMost)
    throw Error(
        Category::kConfig,
        fmt::format("the graph's values have {:.0f} million numbers", numbers * 1e-6), where,
        fmt::format("the interpreter takes up to {:.0f} million; use {}", kMost * 1e-6, use));
}

void add_without(Args* args, std::vector<std::string>* given) {
  args->option(
      "--without", "PASS[,PASS]",
      "leave passes of the host executor out, to find a fault or to see what they bring: " +
          host_pass_names(false),
      given);
}

std::vector<std::string> parse_without(const std::vector<std::string>& given) {
  std::set<std::string> wanted;
  for (const std::string& list : given) {
    std::istringstream names(list);
    for (std::string name; std::getline(names, name, ',');) wanted.insert(name);
  }
  host_options({wanted.begin(), wanted.end()});
  std::vector<std::string> ordered;
  for (const HostPass& pass : host_passes())
    if (wanted.contains(std::string(pass.name))) ordered.emplace_back(pass.name);
  return ordered;
}

HostOptions host_options(const std::vector<std::string>& without) {
  HostOptions options;
  leave_out(without, &options);
  return options;
}

void add_memory(Args* args, std::string* given) {
  args->option("--memory", "SIZE",
               "what a training step may take, such as 4G or 800M: what the forward part does not "
               "keep is computed again in the backward part, to the same numbers",
               given);
}

int64_t parse_memory(const std::string& given) {
  const int64_t bytes = parse_bytes(given);
  if (bytes == 0)
    throw Error(Category::kConfig, "\"" + given + "\" is no size of a memory", "--memory",
                "write it as 4G or 800M");
  return bytes;
}

void tell_fitted(const FittedStep& step) {
  if (step.segments == 1) return;
  tell(
      "a step takes {} instead of {}: of all of {} segments but the last, what the backward part "
      "needs is computed again, {:.0f} % more arithmetic\n",
      print_bytes(step.bytes), print_bytes(step.whole_bytes), step.segments, 100 * step.more_flop);
}

Format step_format(const std::string& name) {
  const std::optional<Format> format = parse_format(name);
  if (format && is_floating(*format)) return *format;
  throw Error(Category::kConfig, fmt::format("there is no step in the format \"{}\"", name),
              "--format", "write f32 or bf16");
}

std::shared_ptr<Algorithms> timed_algorithms(bool quiet) {
  const std::string folder = cache_folder();
  // A bar only where there is something to time.
  auto bar = std::make_shared<std::optional<Progress>>();
  auto algorithms = std::make_shared<Algorithms>(Algorithms::Options{
      .file = folder.empty() ? "" : folder + "/algorithms.json",
      .progress = [bar, quiet](int64_t timed, const std::string& problem) {
        if (!*bar)
          bar->emplace("choosing algorithms", ProgressOptions{.unit = "timed", .quiet = quiet});
        (*bar)->update(timed, problem);
        if (problem.empty()) {
          (*bar)->finish();
          bar->reset();
        } else {
          throw_if_interrupted();
        }
      }});
  if (!algorithms->message().empty()) warn({algorithms->message()});
  return algorithms;
}

std::string searched_files() {
  constexpr size_t kColumns = 80;
  std::string text, line = "Of a folder and all in it the files are taken that end in one of";
  const auto say = [&](std::string_view word) {
    if (line.size() + 1 + word.size() > kColumns) text += std::exchange(line, "") + "\n";
    line += (line.empty() ? "" : " ") + std::string(word);
  };
  for (std::string_view extension : video_extensions()) say(extension);
  for (const char* word : {"(upper", "or", "lower", "case);", "others", "are", "skipped."})
    say(word);
  return text + line + "\n";
}

void warn(const std::vector<std::string>& messages) {
  for (const std::string& m : messages) tell("warning: {}\n", one_line(m));
}

void flush_results() {
  errno = 0;
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return;
  if (errno == EPIPE) throw std::system_error(EPIPE, std::generic_category());
  throw unwritten_results(errno ? errno : EIO);
}

Error unwritten_results(int error) {
  return Error(Category::kIo, fmt::format("cannot write the results: {}", std::strerror(error)),
               "standard output",
               error == ENOSPC ? "make room there, or write them elsewhere" : "");
}

std::string error_line(const Error& error) {
  return one_line(
      Error(error.category(), error.message(), error.where(), with_program_name(error.hint()))
          .what());
}

void RenderProgress::operator()(int64_t done, int64_t total) {
  throw_if_interrupted();
  if (!bar_) {
    ProgressOptions look;
    look.total = total;
    look.unit = "frames";
    look.quiet = quiet_;
    bar_.emplace("rendering drives", look);
  }
  bar_->update(done);
}

void RenderProgress::finish() {
  if (bar_) bar_->finish();
}

Drives render_drives(const std::string& folder, const DemoOptions& options, bool quiet) {
  RenderProgress progress(quiet);
  if (const auto old = drives_to_replace(folder, options); !old.empty())
    tell("warning: {} was made with other options: {} file{} will be replaced\n", one_line(folder),
         old.size(), old.size() == 1 ? "" : "s");
  Drives drives;
  drives.videos = ensure_demo_drives(folder, options, std::ref(progress));
  drives.rendered = progress.was_shown();
  progress.finish();
  return drives;
}

}  // namespace dojo
