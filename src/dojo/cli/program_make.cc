#include "dojo/cli/program_make.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/json.h"
#include "dojo/base/tell.h"
#include "dojo/base/text.h"
#include "dojo/cli/args.h"
#include "dojo/cli/common.h"
#include "dojo/cli/given_files.h"
#include "dojo/compiler/library/library.h"
#include "dojo/machine/load.h"
#include "dojo/program/machine_view.h"
#include "dojo/program/text.h"
#include "dojo/program/verify.h"

namespace dojo {
namespace {

using compiler::Bound;
using compiler::LibraryProgram;
using compiler::LibrarySize;
using compiler::LibrarySizes;
using Json = nlohmann::ordered_json;

std::string default_of(const LibrarySize& size) {
  return size.value == LibrarySize::kAutomatic ? "-1: chosen" : fmt::format("{}", size.value);
}

std::string list_library() {
  std::string text;
  for (const LibraryProgram& p : compiler::library()) {
    text += fmt::format("{:<18} {}\n", p.name, p.summary);
    for (const LibrarySize& size : p.takes)
      text +=
          fmt::format("    {:<14} {} (default {})\n", size.name, size.meaning, default_of(size));
    if (p.takes_format)
      text +=
          fmt::format("    {:<14} of its numbers (default {})\n", "--format", to_string(p.format));
  }
  return text;
}

Json library_json() {
  Json all = Json::array();
  for (const LibraryProgram& p : compiler::library()) {
    Json sizes = Json::array();
    for (const LibrarySize& size : p.takes) {
      Json one = {{"name", size.name}, {"meaning", size.meaning}, {"default", nullptr}};
      if (size.value != LibrarySize::kAutomatic) one["default"] = size.value;
      sizes.push_back(std::move(one));
    }
    all.push_back({{"name", p.name},
                   {"summary", p.summary},
                   {"sizes", std::move(sizes)},
                   {"format", to_string(p.format)},
                   {"takes_format", p.takes_format}});
  }
  return all;
}

Json made_json(const LibraryProgram& entry, const LibrarySizes& sizes, const compiler::Made& made,
               const program::Verification& verified, const machine::Uses& uses) {
  Json given = Json::object();
  for (size_t i = 0; i < entry.takes.size(); ++i)
    if (sizes.values[i] != LibrarySize::kAutomatic)
      given[std::string(entry.takes[i].name)] = sizes.values[i];
  const Bound& bound = made.bound;
  return {{"name", entry.name},
          {"machine", to_utf8(uses.machine().name)},
          {"sizes", std::move(given)},
          {"format", to_string(sizes.format)},
          {"columns", made.program.grid.x},
          {"rows", made.program.grid.y},
          {"nodes", verified.num_nodes},
          {"classes", made.program.classes.size()},
          {"bound",
           {{"cycles", bound.cycles()},
            {"binding", bound.binding()},
            {"compute", bound.compute},
            {"sram", bound.sram},
            {"links", bound.links},
            {"latency", bound.latency}}},
          {"assumed_numbers", uses.count().assumed}};
}

}  // namespace

int run_program_make(std::span<const std::string> argv) {
  std::vector<std::string> words, changes;
  std::string machine_name = "d1_die", format, out;
  bool json = false;
  Args args("dojo program make [NAME [SIZE=NUMBER...]]",
            "Makes a program of the library for a machine, and says the least time that it can "
            "take there; without a name the programs that there are, with their sizes.",
            "  dojo program make\n"
            "  dojo program make gemm_summa m=2048 n=2048 k=2048 --out gemm.program\n"
            "  dojo program make gemm_summa --format cfloat8_1_4_3:7 --machine tile --json\n"
            "  dojo program make batch_norm channels=64 --machine tile --out norm.program\n"
            "  dojo program make all_reduce_tree elements=250000 chunk=4096 root_x=0 root_y=0\n");
  args.positional("[NAME...]", "a program of the library, then its sizes", &words);
  args.option("--machine", "NAME", "a machine that `dojo machine show` lists, or a file",
              &machine_name);
  args.option("--set", "NAME=VALUE", "another value for one number of the machine", &changes);
  args.option("--format", "FORMAT",
              "of its numbers, where there is a choice: bf16, cfloat8_1_4_3:BIAS, ...", &format);
  args.option("--out", "FILE", "where to write the text; default: standard output", &out);
  args.option("--json", "", "print one JSON object about it, and the text only with --out", &json);
  args.note("What each program does, and its bound: docs/library.md\n");
  if (!args.parse(argv)) return 0;
  if (words.empty()) {
    fmt::print("{}", json ? dump(library_json()) + "\n" : list_library());
    return 0;
  }
  check_distinct_files({{"--machine", machine::machine_file(machine_name)}}, {{"--out", out}});
  if (!out.empty()) check_output_file(out, "program");
  const LibraryProgram& entry = compiler::library_program(words[0]);
  const LibrarySizes sizes = entry.sizes(std::span(words).subspan(1), format);
  const machine::Machine m = machine::load_machine(machine_name, machine::parse_changes(changes));
  machine::Uses uses(m);
  const compiler::Made made = entry.make(uses, sizes);
  const program::Verification verified = program::verify(made.program, program::machine_view(uses));
  for (const program::Problem& problem : verified.problems.list())
    if (problem.is_error())
      throw Error(Category::kInput,
                  fmt::format("{} of these sizes cannot run on {}: {}", entry.name,
                              one_line(m.name), problem.message),
                  to_string(made.program, problem.site), "smaller sizes, or a larger machine");

  const std::string text = json && out.empty() ? "" : program::print_program(made.program);
  if (!out.empty()) write_file_atomic(out, text);
  if (json) {
    fmt::print("{}\n", dump(made_json(entry, sizes, made, verified, uses)));
    return 0;
  }
  if (out.empty()) fmt::print("{}", text);
  const Bound& b = made.bound;
  tell(
      "{} on {}: {} node{}; at least {} cycles ({}): compute {}, sram {}, links {}, latency {}; "
      "{} assumed numbers\n",
      entry.name, one_line(m.name), verified.num_nodes, verified.num_nodes == 1 ? "" : "s",
      b.cycles(), b.binding(), b.compute, b.sram, b.links, b.latency, uses.count().assumed);
  return 0;
}

}  // namespace dojo
