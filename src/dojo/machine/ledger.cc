#include "dojo/machine/ledger.h"

#include <fmt/format.h>

#include <algorithm>

#include "dojo/base/text.h"
#include "dojo/machine/load.h"
#include "dojo/machine/published.h"
#include "dojo/machine/show.h"

namespace dojo::machine {
namespace {

// Text of a cell of a table.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : one_line(text)) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
  return escaped;
}

std::string numbers_table(const Machine& machine, const std::string& file) {
  std::string text = "| number | value | status | source | meaning |\n|---|---|---|---|---|\n";
  UseCount count;
  for (const Parameter& p : machine.parameters) {
    if (p.file != file) continue;
    ++count.of(p.status);
    text += fmt::format("| `{}` | {} | {} | {}{} | {} |\n", p.name, cell(text_of(p)),
                        name(p.status), cell(p.source), p.note.empty() ? "" : "; " + cell(p.note),
                        cell(p.field->meaning));
  }
  return text + "\n" + counted(count) + ".\n";
}

std::string published_table(const Machine& machine, const std::string& file) {
  std::string text;
  for (const Comparison& c : compare_published(machine)) {
    if (c.published->file != file) continue;
    if (text.empty())
      text =
          "\n| published | source | computed | deviation | from numbers: assumed |\n"
          "|---|---|---|---|---|\n";
    text += fmt::format("| {} {} | {}{} | {} | {:+.2f} % | {}: {} |\n", c.total,
                        cell(text_of(*c.published)), cell(c.published->source),
                        c.published->note.empty() ? "" : "; " + cell(c.published->note),
                        print_number(c.computed, c.unit), 100 * c.deviation(),
                        c.uses.published + c.uses.derived + c.uses.assumed, c.uses.assumed);
  }
  return text;
}

std::string of_machine(const Machine& machine) {
  const LevelText& top = machine.levels.front();
  return fmt::format("### {}: {}\n\n{}{}{}", cell(machine.name), cell(top.title),
                     top.about.empty() ? "" : cell(top.about) + "\n\n",
                     numbers_table(machine, top.file), published_table(machine, top.file));
}

}  // namespace

std::string ledger(const std::vector<Machine>& machines) {
  std::string text;
  std::map<std::string, Source> sources;
  for (const Machine& machine : machines) {
    text += of_machine(machine) + "\n";
    sources.insert(machine.sources.begin(), machine.sources.end());
  }
  text += "### Sources\n\n";
  for (const auto& [key, source] : sources)
    text += source.url.empty()
                ? fmt::format("- {}: {}\n", key, cell(source.title))
                : fmt::format("- {}: [{}]({})\n", key, cell(source.title), source.url);
  return text;
}

std::vector<Machine> built_in_for_ledger() {
  std::vector<Machine> machines;
  for (const std::string& name : built_in_machines()) machines.push_back(load_machine(name));
  // A machine of several files is Dojo; the node comes first, the pod last.
  const auto order = [](const Machine& m) {
    const bool own = m.name == "unit" || m.name == "booksim_mesh";
    return std::pair(own, m.level());
  };
  std::stable_sort(machines.begin(), machines.end(),
                   [&](const Machine& a, const Machine& b) { return order(a) < order(b); });
  return machines;
}

}  // namespace dojo::machine
