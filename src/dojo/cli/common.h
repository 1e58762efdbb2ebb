// What several sub-commands share.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/base/json.h"
#include "dojo/base/progress.h"
#include "dojo/cli/args.h"
#include "dojo/graph/executor.h"
#include "dojo/graph/recompute.h"
#include "dojo/host/algorithms.h"
#include "dojo/host/executor.h"
#include "dojo/scene/demo.h"

namespace dojo {

// "128x256" -> {128, 256}. Throws Error(kConfig) that names `option`.
std::pair<int64_t, int64_t> parse_size(const std::string& text, const std::string& option);

// "host": oneDNN and our own kernels, refused with Error(kConfig) where the machine has too little
// memory, with `algorithms` where they are given and without some of its passes; "interpreter": the
// slow reference. Throws Error(kConfig) for another name, and for passes of the interpreter.
ExecutorFactory executor_factory(const std::string& name,
                                 std::shared_ptr<Algorithms> algorithms = {},
                                 const std::vector<std::string>& without = {});

// The option --without: passes of the host executor (host/passes.h), each time one or several with
// commas between them. parse_without() gives each name once, in the order of the passes, or throws
// Error(kConfig) with the names that there are.
void add_without(Args* args, std::vector<std::string>* given);
std::vector<std::string> parse_without(const std::vector<std::string>& given);
HostOptions host_options(const std::vector<std::string>& without);

// --memory SIZE: what a training step may take. Throws Error(kConfig) for what is no size.
void add_memory(Args* args, std::string* given);
int64_t parse_memory(const std::string& given);
void tell_fitted(const FittedStep& step);  // for a person, where anything is computed again

// Error(kConfig) or Error(kIo), before any work is done for a file that could not be written: a
// folder, pipe, device or socket has its name, or its own folder is not there. "the `what`" is in
// the message.
void check_output_file(const std::string& path, const std::string& what);

// Error(kConfig) for a graph whose values are more than the interpreter takes; "use ..." is the
// hint.
void check_interpreted_size(const Graph& graph, const std::string& where, const std::string& use);

// "f32", or "bf16": mixed precision (graph/format_policy.h). Throws Error(kConfig) for another
// name.
Format step_format(const std::string& name);
// Of the option --format that takes it.
inline constexpr char kFormatHelp[] =
    "of activations, gradients and the factors of products: f32, or bf16, which is fast on "
    "processors that multiply it (AVX-512 BF16, AMX); elsewhere f32 is rounded alike";

// Algorithms that are timed once on this machine and kept in the user's cache folder, with a
// progress line while that goes on.
std::shared_ptr<Algorithms> timed_algorithms(bool quiet);

// For the help of commands that search folders: which files they take.
std::string searched_files();

// Of the option --catalogue FILE; without it, Catalogue::default_path() is used.
inline constexpr char kCatalogueHelp[] =
    "where it is kept what is known of files from before; default: "
    "$XDG_CACHE_HOME/opendojo/catalogue.sqlite";

// "warning: ..." on stderr, a line for each: what a person should know of files. -q hides none.
void warn(const std::vector<std::string>& messages);

// For --json: a value of the JSON library, as one line. Names of files have gone into it by
// to_utf8().
template <typename Json>
void print_json(const Json& json) {
  fmt::print("{}\n", dump(json));
}

// A result that did not reach its reader is no result. Throws Error(kIo), or, where the reader of a
// pipe has enough, std::system_error.
void flush_results();
Error unwritten_results(int error);  // its Error, for this errno

// "error (input): what, where; hint" in one line, its commands as they are to be typed.
std::string error_line(const Error& error);

// Progress of rendering: a bar that appears with the first frame, so not where there is nothing to
// render. Throws Interrupted (base/interrupt.h).
class RenderProgress {
 public:
  explicit RenderProgress(bool quiet) : quiet_(quiet) {}
  void operator()(int64_t done, int64_t total);
  bool was_shown() const { return bar_.has_value(); }
  void finish();

 private:
  bool quiet_;
  std::optional<Progress> bar_;
};

// ensure_demo_drives() with a progress bar, which appears only when there is something to render,
// and a warning where drives of ours that were made with other options are about to be replaced.
// Throws Interrupted (base/interrupt.h).
struct Drives {
  std::vector<std::string> videos;
  bool rendered = false;  // some of them were not there yet
};
Drives render_drives(const std::string& folder, const DemoOptions& options, bool quiet);

}  // namespace dojo
