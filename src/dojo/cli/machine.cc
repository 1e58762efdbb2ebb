// dojo machine: shows, checks and draws machine descriptions, and runs programs on them that have
// published figures as their result.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/progress.h"
#include "dojo/base/text.h"
#include "dojo/cli/args.h"
#include "dojo/cli/called.h"
#include "dojo/cli/command.h"
#include "dojo/cli/common.h"
#include "dojo/cli/given_files.h"
#include "dojo/emulate/validate.h"
#include "dojo/machine/draw.h"
#include "dojo/machine/ledger.h"
#include "dojo/machine/load.h"
#include "dojo/machine/published.h"
#include "dojo/machine/show.h"

namespace dojo {
namespace {

using machine::Machine;

constexpr char kNameHelp[] =
    "a machine that the program has in it (`dojo machine show` lists them) or a file; with :die or "
    "another level behind it, one of its parts";

// What every verb takes: a machine, and other values for some of its numbers.
struct Wanted {
  std::string name;
  std::vector<std::string> changes;

  void add_to(Args* args, const char* positional) {
    args->positional(positional, kNameHelp, &name);
    args->option("--set", "NAME=VALUE",
                 "another value for one number, which then counts as assumed: "
                 "die/edge/latency=150ns",
                 &changes);
  }

  Machine load() const { return machine::load_machine(name, machine::parse_changes(changes)); }

  // That a published figure is not what the parts give: by the file, or by these changes.
  [[noreturn]] void disagrees(const machine::Comparison& c) const {
    const std::string problem =
        fmt::format("and its parts give {}: {:+.1f} %", machine::print_number(c.computed, c.unit),
                    100 * c.deviation());
    std::string hint =
        fmt::format("up to {:.1f} % are taken as rounding", 100 * machine::kMostDeviation);
    const Machine unchanged = machine::load_machine(name);
    for (const machine::Comparison& before : machine::compare_published(unchanged))
      if (before.published->name == c.published->name && before.agrees())
        throw Error(Category::kConfig, fmt::format("{}, {}", machine::seen(*c.published), problem),
                    fmt::format("--set {}", fmt::join(changes, " --set ")),
                    hint + "; without this it agrees");
    machine::refuse(*c.published, problem, std::move(hint));
  }
};

int show(std::span<const std::string> argv) {
  Wanted wanted;
  bool json = false;
  Args args(
      "dojo machine show [NAME]",
      "Prints every number of a machine with its status and source, and its totals; without a "
      "name the machines that there are.",
      "  dojo machine show\n"
      "  dojo machine show d1_die\n"
      "  dojo machine show exapod:tile --json\n"
      "  dojo machine show booksim_mesh --set die/grid/columns=32 --set die/grid/rows=32\n");
  wanted.add_to(&args, "[NAME]");
  args.option("--json", "", "print one JSON object", &json);
  if (!args.parse(argv)) return 0;
  if (wanted.name.empty()) {
    if (!wanted.changes.empty())
      throw Error(Category::kConfig, "a change without a machine", "--set", "give a name too");
    fmt::print("{}", json ? machine::machines_json() + "\n" : machine::list_machines());
    return 0;
  }
  const Machine m = wanted.load();
  fmt::print("{}", json ? machine::machine_json(m) + "\n" : machine::show_machine(m));
  return 0;
}

int check(std::span<const std::string> argv) {
  Wanted wanted;
  bool json = false;
  Args args(
      "dojo machine check NAME",
      "Verifies a machine, and sets what was published of it as a whole beside what its parts "
      "give.",
      "  dojo machine check exapod\n  dojo machine check ./mine.json --json\n");
  wanted.add_to(&args, "NAME");
  args.option("--json", "", "print one JSON object", &json);
  if (!args.parse(argv)) return 0;
  const Machine m = wanted.load();
  fmt::print("{}", json ? machine::comparisons_json(m) + "\n" : machine::show_comparisons(m));
  for (const machine::Comparison& c : machine::compare_published(m))
    if (!c.agrees()) {
      flush_results();
      wanted.disagrees(c);
    }
  if (!json)
    fmt::print("ok: {}, a {}, {}\n", one_line(m.name), machine::name(m.level()),
               machine::counted(machine::count_of(m)));
  return 0;
}

int draw(std::span<const std::string> argv) {
  Wanted wanted;
  std::string out;
  Args args("dojo machine draw NAME [--out FILE]",
            "Draws a machine as SVG: its nodes, the disabled ones, interface processors.",
            "  dojo machine draw d1_die --out die.svg\n  dojo machine draw tray > tray.svg\n");
  wanted.add_to(&args, "NAME");
  args.option("--out", "FILE", "where to write it; default: standard output", &out);
  if (!args.parse(argv)) return 0;
  check_distinct_files({{"NAME", machine::machine_file(wanted.name)}}, {{"--out", out}});
  if (!out.empty()) check_output_file(out, "picture");
  const std::string svg = machine::draw_machine(wanted.load());
  if (out.empty())
    fmt::print("{}", svg);
  else
    write_file_atomic(out, svg);
  return 0;
}

std::vector<std::string> each_once(const std::vector<std::string>& words) {
  std::vector<std::string> once;
  for (const std::string& word : words)
    if (std::find(once.begin(), once.end(), word) == once.end()) once.push_back(word);
  return once;
}

int validate(std::span<const std::string> argv) {
  std::vector<std::string> names;
  bool json = false, quiet = false;
  Args args("dojo machine validate",
            "Sets published figures of Dojo beside what programs on the simulated machine get: "
            "arithmetic, memory, links, a batch norm over 25 dies. What each program does: "
            "docs/machine.md.",
            "  dojo machine validate\n"
            "  dojo machine validate --figure \"die edge_latency\" --json\n");
  args.option("--figure", "NAME", "only this one: its level and name; may be given several times",
              &names);
  args.option("--json", "", "print one JSON object", &json);
  args.option("-q, --quiet", "", "no progress bar", &quiet);
  if (!args.parse(argv)) return 0;
  const InterruptGuard guard(InterruptGuard::kThrow);
  if (names.empty()) names = emulate::figure_names();
  names = each_once(names);
  for (const std::string& name : names) emulate::check_figure(name);
  std::vector<emulate::Figure> figures;
  Progress progress("simulating", {.total = std::ssize(names), .unit = "figures", .quiet = quiet});
  for (const std::string& name : names) {
    progress.update(std::ssize(figures), name);
    figures.push_back(emulate::simulate_figure(name));
  }
  progress.update(std::ssize(figures));
  progress.finish();
  fmt::print("{}", json ? emulate::figures_json(figures) + "\n" : emulate::show_figures(figures));
  return 0;
}

int ledger(std::span<const std::string> argv) {
  std::vector<std::string> names;
  Args args(
      "dojo machine ledger [NAME...]",
      "Prints every number of machine descriptions in Markdown: of those named, or the part of "
      "docs/machine.md that is made from the program's own.",
      "  dojo machine ledger\n  dojo machine ledger ./mine.json > mine.md\n");
  args.positional("[NAME...]", kNameHelp, &names);
  if (!args.parse(argv)) return 0;
  std::vector<Machine> machines;
  for (const std::string& name : names) machines.push_back(machine::load_machine(name));
  fmt::print("{}", machine::ledger(names.empty() ? machine::built_in_for_ledger() : machines));
  return 0;
}

}  // namespace

int run_machine(std::span<const std::string> args) {
  if (args.empty())
    throw Error(
        Category::kConfig, "dojo machine needs a verb of its own", "",
        "use show, check, validate, draw or ledger; see " + as_called({"machine", "--help"}));
  const std::string& verb = args[0];
  const auto rest = args.subspan(1);
  if (verb == "show") return show(rest);
  if (verb == "check") return check(rest);
  if (verb == "validate") return validate(rest);
  if (verb == "draw") return draw(rest);
  if (verb == "ledger") return ledger(rest);
  if (verb != "--help" && verb != "-h")
    throw Error(Category::kConfig, fmt::format("unknown: dojo machine {}", verb), "",
                "use show, check, validate, draw or ledger");
  fmt::print("{}",
             with_program_name(
                 "usage: dojo machine VERB [NAME] [--options]\n\n"
                 "Shows, checks and draws the description of a machine.\n\nVerbs:\n"
                 "  show [NAME]    prints its numbers with status and source, and its totals\n"
                 "  check NAME     sets published figures beside what its parts give\n"
                 "  validate       sets published figures beside what simulated programs get\n"
                 "  draw NAME      draws its nodes as SVG\n"
                 "  ledger [NAME]  prints its numbers in Markdown\n\n"
                 "Options:\n"
                 "  --help         this text; each verb has its own: `dojo machine show "
                 "--help`\n\n"
                 "Examples:\n"
                 "  dojo machine show d1_die\n"
                 "  dojo machine check exapod\n"
                 "  dojo machine validate\n\n"
                 "The files, and every number of those that the program has: "
                 "docs/machine.md\n"));
  return 0;
}

}  // namespace dojo
