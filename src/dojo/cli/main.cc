// The program `dojo`: the table of its sub-commands, and the one place where an error becomes a
// line and an exit code.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/processors.h"
#include "dojo/base/tell.h"
#include "dojo/base/text.h"
#include "dojo/base/version.h"
#include "dojo/cli/args.h"
#include "dojo/cli/called.h"
#include "dojo/cli/command.h"
#include "dojo/cli/common.h"
#include "dojo/cli/short_spinning.h"

namespace dojo {
namespace {

const std::vector<Command>& commands() {
  static const std::vector<Command> table = {
      // COMMANDS: one line for each file cli/VERB.cc, in the order of use.
      {"train", "trains a network on driving video and reports what it learned", run_train},
      {"eval", "judges a checkpoint on clips, beside baselines", run_eval},
      {"graph", "shows, checks and runs the graph of a training step", run_graph},
      {"machine", "shows, checks and draws machines: every number with its source", run_machine},
      {"program", "makes, checks and shows programs for the nodes of a machine", run_program},
      {"sim", "runs a program on a simulated machine: how long, what it waits for, values",
       run_sim},
      {"render", "renders drives of a procedural world, with exact truth", run_render},
      {"report", "writes the report.html of a run", run_report},
      {"frames", "reads frames of a video file by number: hashes, images", run_frames},
      {"inspect", "lists the recordings of a folder and the files it cannot use", run_inspect},
      {"cache", "small copies of frames on disk: make, list, remove", run_cache},
      {"bench",
       "measures speed: of a training step, single ops, video to clips, number formats, simulation",
       run_bench},
  };
  return table;
}

std::string general_help() {
  std::string text =
      "usage: dojo VERB [ARGUMENTS] [--options]\n\n"
      "OpenDojo trains neural networks on video from vehicles.\n\nVerbs:\n";
  for (const Command& c : commands()) text += fmt::format("  {:<9} {}\n", c.name, c.summary);
  text +=
      "\n  dojo VERB --help   the options of a verb, with examples\n"
      "  dojo --version     the version\n"
      "\nResults go to stdout, progress and messages to stderr. Exit codes: 0 done, 1 failed,\n"
      "2 wrong usage, 3 bad input, 4 interrupted with a checkpoint written; Ctrl-C elsewhere ends\n"
      "by the signal (130 in a shell), and nothing half done looks whole.\n";
  return with_program_name(text);
}

int dispatch(std::span<const std::string> words) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h" ||
      (words[0] == "help" && words.size() == 1)) {
    if (words.empty()) {
      tell("{}", general_help());
      throw Error(Category::kConfig, "no verb given", "", "begin with: " + as_called({"train"}));
    }
    fmt::print("{}", general_help());
    return 0;
  }
  if (words[0] == "help") return dispatch(std::vector<std::string>{words[1], "--help"});
  if (words[0] == "--version") {
    fmt::print("dojo {}\n", version());
    return 0;
  }
  std::vector<std::string> names;
  for (const Command& c : commands()) {
    if (c.name == words[0]) return c.run(words.subspan(1));
    names.emplace_back(c.name);
  }
  const std::string meant = nearest(words[0], names);
  throw Error(Category::kConfig, fmt::format("unknown verb '{}'", words[0]), "",
              meant.empty() ? "see " + as_called({"--help"})
                            : fmt::format("did you mean {}?", as_called({meant})));
}

// With a closed stdin, stdout or stderr the next opened file would take its number and receive our
// prints.
void fill_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    // stdout is opened for reading only, so that writing to it fails, as it should.
    if (open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) != fd) _exit(1);
  }
}

// So that the caller, such as the loop of a shell, knows that it was a signal.
void end_by(int signal) {
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

int run(std::span<const std::string> words) {
  try {
    const int code = dispatch(words);
    flush_results();
    return code;
  } catch (const Error& error) {
    std::fflush(stdout);
    tell("dojo: {}\n", error_line(error));
    return exit_code(error.category());
  } catch (const Interrupted& interrupted) {
    tell("dojo: interrupted\n");
    end_by(interrupted.signal);
  } catch (const std::bad_alloc&) {
    tell(
        "dojo: error (io): out of memory; try a smaller --batch or --size, or close other "
        "programs\n");
  } catch (const std::system_error& error) {                      // files, pipes, processes
    if (error.code() == std::errc::broken_pipe) end_by(SIGPIPE);  // `dojo ... | head` has enough
    tell("dojo: {}\n", std::ferror(stdout) ? error_line(unwritten_results(error.code().value()))
                                           : "error (io): " + one_line(error.what()));
  } catch (const std::exception& error) {
    tell("dojo: bug: {}; please report it with the command that you gave\n",
         one_line(error.what()));
  }
  return 1;
}

}  // namespace
}  // namespace dojo

int main(int argc, char** argv) {
  dojo::restart_with_short_spinning(argv);
  dojo::fill_standard_descriptors();
  if (!std::getenv("OMP_NUM_THREADS"))
    dojo::set_num_threads(std::min(dojo::num_threads(), dojo::num_processors()));
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a failed write, which undoes what is half done
  const std::vector<std::string> words(argv + 1, argv + std::max(argc, 1));
  return dojo::run(words);
}
