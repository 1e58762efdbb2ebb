// dojo program: makes, checks and shows programs for the simulated machine.
#include "dojo/program/program.h"

#include <fmt/format.h>

#include <algorithm>

#include "dojo/base/error.h"
#include "dojo/base/text.h"
#include "dojo/cli/args.h"
#include "dojo/cli/called.h"
#include "dojo/cli/command.h"
#include "dojo/cli/common.h"
#include "dojo/cli/program_make.h"
#include "dojo/cli/read_program.h"
#include "dojo/machine/load.h"
#include "dojo/program/machine_view.h"
#include "dojo/program/summary.h"
#include "dojo/program/text.h"
#include "dojo/program/verify.h"

namespace dojo {
namespace {

// "1 problem", "more than 10 problems".
std::string counted(const program::Problems& problems) {
  const auto listed = std::count_if(problems.list().begin(), problems.list().end(),
                                    [](const program::Problem& p) { return p.is_error(); });
  return fmt::format("{}{} problem{}", problems.num_errors() > listed ? "more than " : "", listed,
                     listed == 1 ? "" : "s");
}

int check(std::span<const std::string> argv) {
  std::string file, machine_name = "d1_die";
  std::vector<std::string> changes;
  bool straight = false, json = false;
  int64_t most_steps = program::VerifyOptions().most_steps;
  Args args("dojo program check FILE",
            "Parses a program and verifies that it can run on a machine: memory, formats, every "
            "index, routes, and that no node waits for ever.",
            "  dojo program check ring.program\n"
            "  dojo program check gemm.program --machine tile --json\n"
            "  dojo program check gemm.program --machine d1_die --straight-routes\n");
  args.positional("FILE", kProgramHelp, &file);
  args.option("--machine", "NAME", "a machine that `dojo machine show` lists, or a file",
              &machine_name);
  args.option("--set", "NAME=VALUE", "another value for one number of the machine", &changes);
  args.option("--straight-routes", "",
              "the machine has no routing tables: a disabled node on a way is an error", &straight);
  args.option("--steps", "N", "at which the execution of waits is given up as undecided",
              &most_steps, {.min = 1});
  args.option("--json", "", "print one JSON object", &json);
  if (!args.parse(argv)) return 0;
  const machine::Machine m = machine::load_machine(machine_name, machine::parse_changes(changes));
  machine::Uses uses(m);
  program::MachineView view = program::machine_view(uses);
  view.routes_go_around = !straight;

  program::SourceLines lines;
  const program::Program p = read_program(file, &lines);
  const program::Verification result = program::verify(p, view, {.most_steps = most_steps});
  if (json)
    fmt::print("{}\n", program::verification_json(p, result, lines, m.name, uses.count().assumed));
  else
    fmt::print("{}", program::show_problems(p, result, lines));
  if (!result.ok()) {
    flush_results();
    throw Error(
        Category::kInput,
        fmt::format("the program cannot run on {}: {}", one_line(m.name), counted(result.problems)),
        file, "docs/program.md says what is verified");
  }
  const bool decided = result.problems.count(program::ProblemKind::kUndecided) == 0;
  if (!json)
    fmt::print("{}: program \"{}\" on {}: nodes {}, classes {}, steps {}, assumed numbers {}\n",
               decided ? "ok" : "nothing wrong so far", p.name, one_line(m.name), result.num_nodes,
               p.classes.size(), result.steps, uses.count().assumed);
  return 0;
}

int show(std::span<const std::string> argv) {
  std::string file;
  bool brief = false, json = false;
  Args args("dojo program show FILE",
            "Prints a program in its canonical text, or its sizes: classes, nodes, memory.",
            "  dojo program show ring.program\n"
            "  dojo program show ring.program --summary\n"
            "  dojo program show ring.program --json\n");
  args.positional("FILE", kProgramHelp, &file);
  args.option("--summary", "", "a table of classes and layouts instead of the text", &brief);
  args.option("--json", "", "print one JSON object: its sizes", &json);
  if (!args.parse(argv)) return 0;
  const program::Program p = read_program(file, nullptr);
  if (json)
    fmt::print("{}\n", program::summary_json(p));
  else
    fmt::print("{}", brief ? program::summary(p) : program::print_program(p));
  return 0;
}

}  // namespace

int run_program(std::span<const std::string> args) {
  if (args.empty())
    throw Error(Category::kConfig, "dojo program needs a verb of its own", "",
                "use check, make or show; see " + as_called({"program", "--help"}));
  const std::string& verb = args[0];
  const auto rest = args.subspan(1);
  if (verb == "check") return check(rest);
  if (verb == "make") return run_program_make(rest);
  if (verb == "show") return show(rest);
  if (verb != "--help" && verb != "-h")
    throw Error(Category::kConfig, fmt::format("unknown: dojo program {}", verb), "",
                "use check, make or show");
  fmt::print(
      "{}",
      with_program_name(
          "usage: dojo program VERB [--options]\n\n"
          "Makes, checks and shows programs for the nodes of the simulated machine.\n\nVerbs:\n"
          "  make [NAME]   makes one of the library; without a name lists them\n"
          "  check FILE    verifies that it can run on a machine\n"
          "  show FILE     prints it in its canonical text, or its sizes\n\n"
          "Options:\n"
          "  --help        this text; each verb has its own: `dojo program check "
          "--help`\n\n"
          "Examples:\n"
          "  dojo program make gemm_summa m=512 n=512 k=512 --out gemm.program\n"
          "  dojo program check ring.program --machine d1_die\n"
          "  dojo program show ring.program --summary\n\n"
          "The text form and its meaning: docs/program.md\n"));
  return 0;
}

}  // namespace dojo
