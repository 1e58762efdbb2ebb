// The sub-commands of the program. Each lives in one file, cli/VERB.cc, and is listed in the table
// of cli/main.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace dojo {

struct Command {
  std::string_view name;     // "train"
  std::string_view summary;  // one line for `dojo --help`
  // `args` without the program's name and the verb. Returns the exit code: 0 done, 1 failed, 4
  // interrupted with a checkpoint written. A command that takes long and has files or processes to
  // tidy up holds an InterruptGuard. What the user got wrong is thrown as Error, which main()
  // prints in one line and turns into its exit code.
  int (*run)(std::span<const std::string> args);
};

int run_bench(std::span<const std::string> args);
int run_cache(std::span<const std::string> args);
int run_eval(std::span<const std::string> args);
int run_frames(std::span<const std::string> args);
int run_graph(std::span<const std::string> args);
int run_inspect(std::span<const std::string> args);
int run_machine(std::span<const std::string> args);
int run_program(std::span<const std::string> args);
int run_sim(std::span<const std::string> args);
int run_report(std::span<const std::string> args);
int run_render(std::span<const std::string> args);
int run_train(std::span<const std::string> args);

}  // namespace dojo
