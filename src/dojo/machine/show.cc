#include "dojo/machine/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dojo/base/json.h"
#include "dojo/base/text.h"
#include "dojo/machine/load.h"
#include "dojo/machine/published.h"
#include "dojo/machine/total.h"

namespace dojo::machine {
namespace {

using Json = nlohmann::ordered_json;

// The name without its level, which stands above the table.
std::string_view short_name(const Parameter& p) {
  return std::string_view(p.name).substr(p.name.find('/') + 1);
}

bool is_of(const Parameter& p, Level level) {
  return p.name.starts_with(std::string(name(level)) + "/");
}

std::string source_line(const Parameter& p) {
  return one_line(p.note.empty() ? p.source : p.source + " (" + p.note + ")");
}

std::string level_table(const Machine& machine, const LevelText& level) {
  std::string text =
      fmt::format("\n{}: {}, {}\n", name(level.level), one_line(level.title), one_line(level.file));
  size_t names = 0, values = 0;
  for (const Parameter& p : machine.parameters) {
    if (!is_of(p, level.level)) continue;
    names = std::max(names, short_name(p).size());
    values = std::max(values, text_of(p).size());
  }
  values = std::min<size_t>(values, 24);
  for (const Parameter& p : machine.parameters)
    if (is_of(p, level.level))
      text += fmt::format("  {:<{}}  {:<{}}  {:<9}  {}\n", short_name(p), names,
                          one_line(text_of(p)), values, name(p.status), source_line(p));
  return text;
}

std::string totals_table(const Machine& machine) {
  Uses uses(machine);
  std::string text = fmt::format("\ntotals of the {}:\n", name(machine.level()));
  for (const Total& t : totals_of(uses, machine.level()))
    text += fmt::format("  {:<22}  {:<16}  {}\n", t.kind.name, print_number(t.value, t.kind.unit),
                        t.kind.meaning);
  return text;
}

std::string sources_table(const Machine& machine) {
  std::string text = "\nsources:\n";
  for (const auto& [key, source] : machine.sources)
    text += fmt::format("  {:<8}  {}{}{}\n", one_line(key), one_line(source.title),
                        source.url.empty() ? "" : ", ", one_line(source.url));
  return text;
}

Json count_json(const UseCount& count) {
  return {{"published", count.published}, {"derived", count.derived}, {"assumed", count.assumed}};
}

Json parameter_json(const Parameter& p) {
  Json json = {{"name", p.name}};
  if (!p.unit.empty()) {
    json["value"] = p.value;
    json["unit"] = p.unit;
  } else if (!p.word.empty()) {
    json["value"] = p.word;
  } else {
    json["value"] = Json::array();
    for (const Coord c : p.places) json["value"].push_back({c.x, c.y});
  }
  json["status"] = name(p.status);
  json["source"] = p.source;
  if (!p.note.empty()) json["note"] = p.note;
  if (p.field) json["meaning"] = p.field->meaning;
  json["file"] = to_utf8(p.file);
  json["path"] = p.path;
  return json;
}

Json totals_json(const Machine& machine) {
  Uses uses(machine);
  Json totals = Json::object();
  for (const Total& t : totals_of(uses, machine.level()))
    totals[std::string(t.kind.name)] = {{"value", t.value}, {"unit", t.kind.unit}};
  return totals;
}

}  // namespace

std::string counted(const UseCount& count) {
  const int64_t all = count.published + count.derived + count.assumed;
  return fmt::format("{} number{}: {} published, {} derived, {} assumed", all, all == 1 ? "" : "s",
                     count.published, count.derived, count.assumed);
}

UseCount count_of(const Machine& machine) {
  UseCount count;
  for (const Parameter& p : machine.parameters) ++count.of(p.status);
  return count;
}

std::string show_machine(const Machine& machine) {
  std::string text =
      fmt::format("{}: {}\n", one_line(machine.name), one_line(machine.levels.front().title));
  if (const std::string& about = machine.levels.front().about; !about.empty())
    text += one_line(about) + "\n";
  for (const LevelText& level : machine.levels) text += level_table(machine, level);
  text += totals_table(machine);
  if (!machine.sources.empty()) text += sources_table(machine);
  return text + "\n" + counted(count_of(machine)) + "\n";
}

std::string machine_json(const Machine& machine) {
  Json json = {{"machine", to_utf8(machine.name)},
               {"level", name(machine.level())},
               {"levels", Json::array()},
               {"parameters", Json::array()},
               {"totals", totals_json(machine)},
               {"sources", Json::object()},
               {"numbers", count_json(count_of(machine))}};
  for (const LevelText& level : machine.levels)
    json["levels"].push_back({{"level", name(level.level)},
                              {"title", level.title},
                              {"about", level.about},
                              {"file", to_utf8(level.file)}});
  for (const Parameter& p : machine.parameters) json["parameters"].push_back(parameter_json(p));
  for (const auto& [key, source] : machine.sources)
    json["sources"][key] = {{"title", source.title}, {"url", source.url}};
  return dump(json);
}

std::string show_comparisons(const Machine& machine) {
  if (machine.published.empty()) return "";
  std::string text = fmt::format("{:<28}  {:<14}  {:<16}  {:>9}  {}\n", "figure", "published",
                                 "computed", "deviation", "computed from");
  for (const Comparison& c : compare_published(machine))
    text += fmt::format("{:<28}  {:<14}  {:<16}  {:>+7.2f} %  {}{}\n",
                        fmt::format("{} {}", name(c.level), c.total), text_of(*c.published),
                        print_number(c.computed, c.unit), 100 * c.deviation(), counted(c.uses),
                        c.agrees() ? "" : "; DISAGREES");
  return text;
}

std::string comparisons_json(const Machine& machine) {
  Json json = {{"machine", to_utf8(machine.name)}, {"figures", Json::array()}};
  for (const Comparison& c : compare_published(machine))
    json["figures"].push_back({{"level", name(c.level)},
                               {"figure", c.total},
                               {"unit", c.unit},
                               {"published", c.published_value},
                               {"computed", c.computed},
                               {"deviation", c.deviation()},
                               {"agrees", c.agrees()},
                               {"source", c.published->source},
                               {"numbers", count_json(c.uses)}});
  return dump(json);
}

std::string list_machines() {
  std::string text;
  for (const std::string& built_in : built_in_machines()) {
    const Machine machine = load_machine(built_in);
    text += fmt::format("{:<14} {:<5} {:<22} {}\n", built_in, name(machine.level()),
                        machine.levels.front().title, counted(count_of(machine)));
  }
  return text;
}

std::string machines_json() {
  Json json = Json::array();
  for (const std::string& built_in : built_in_machines()) {
    const Machine machine = load_machine(built_in);
    json.push_back({{"machine", built_in},
                    {"level", name(machine.level())},
                    {"title", machine.levels.front().title},
                    {"numbers", count_json(count_of(machine))}});
  }
  return dump(json);
}

}  // namespace dojo::machine
