#include "dojo/machine/load.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/text.h"
#include "dojo/machine/built_in.h"
#include "dojo/machine/verify.h"

namespace dojo::machine {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostBytes = 1 << 20;  // of a file

const BuiltIn* find_built_in(std::string_view name) {
  for (const BuiltIn& file : built_in_files())
    if (file.name == name) return &file;
  return nullptr;
}

// What a user says and a `part` names: a text and where it is from.
struct Found {
  std::string text;
  std::string file;      // for messages
  std::string identity;  // the same for the same file, however it is called
  bool on_disk = false;  // then its parts are looked for beside it first
};

Found built_in(const BuiltIn& file) {
  const std::string label = fmt::format("machines/{}.json", file.name);
  return {.text = std::string(file.text), .file = label, .identity = "built in: " + label};
}

Found on_disk(const fs::path& path) {
  std::error_code ignored;
  return {.text = read_file(path, kMostBytes),
          .file = path.string(),
          .identity = fs::canonical(path, ignored).string(),
          .on_disk = true};
}

bool is_path(const std::string& name) {
  return name.find('/') != name.npos || name.ends_with(".json");
}

Found find_machine(const std::string& name) {
  if (is_path(name)) {
    check_exists(name, "`dojo machine show` lists the machines that the program has in it");
    return on_disk(name);
  }
  if (const BuiltIn* file = find_built_in(name)) return built_in(*file);
  throw Error(
      Category::kConfig, fmt::format("no machine \"{}\"", name), "",
      fmt::format("use {}, or a file: ./{}.json", fmt::join(built_in_machines(), ", "), name));
}

Found find_part(const std::string& part, const Found& from) {
  if (from.on_disk) {
    std::error_code ignored;
    const fs::path path = fs::path(from.file).parent_path() / part;
    if (fs::exists(path, ignored)) return on_disk(path);
  }
  const std::string_view stem = std::string_view(part).substr(0, part.rfind(".json"));
  if (const BuiltIn* file = part.ends_with(".json") ? find_built_in(stem) : nullptr)
    return built_in(*file);
  throw Error(Category::kInput,
              fmt::format("/part is \"{}\", and there is no such file", one_line(part)), from.file,
              fmt::format("name a file beside it, or one of {}.json",
                          fmt::join(built_in_machines(), ".json, ")));
}

// All levels, from the whole down to the node.
std::vector<Description> read_levels(Found found) {
  std::vector<Description> levels;
  std::vector<std::string> files, identities;
  for (;;) {
    const bool seen =
        std::find(identities.begin(), identities.end(), found.identity) != identities.end();
    identities.push_back(found.identity);
    files.push_back(one_line(found.file));
    if (seen)
      throw Error(Category::kInput,
                  fmt::format("the parts are a cycle: {}", fmt::join(files, ", ")), found.file,
                  "let each file name a smaller one");
    Description next = parse_description(found.text, found.file);
    if (!levels.empty() && next.level != part_of(levels.back().level))
      throw Error(Category::kInput,
                  fmt::format("/part is \"{}\", which describes a {}, and a {} is made of {}",
                              one_line(levels.back().part_file), name(next.level),
                              name(levels.back().level), plural(part_of(levels.back().level))),
                  levels.back().file);
    for (;;) {
      levels.push_back(std::move(next));
      if (!levels.back().part) break;
      Description inside = std::move(*levels.back().part);
      next = std::move(inside);
    }
    if (levels.back().part_file.empty()) return levels;
    found = find_part(levels.back().part_file, found);
  }
}

void add_sources(const Description& level, std::map<std::string, Source>* sources) {
  for (const auto& [key, source] : level.sources) {
    const auto [place, is_new] = sources->emplace(key, source);
    if (!is_new && place->second != source)
      throw Error(Category::kInput,
                  fmt::format("/sources/{} is \"{}\", and another level has \"{}\"", key,
                              one_line(source.title), one_line(place->second.title)),
                  level.file);
  }
}

Machine join(std::string name, Found found) {
  Machine machine;
  machine.name = std::move(name);
  for (Description& level : read_levels(std::move(found))) {
    machine.levels.push_back({level.level, level.title, level.about, level.file});
    add_sources(level, &machine.sources);
    std::move(level.parameters.begin(), level.parameters.end(),
              std::back_inserter(machine.parameters));
    std::move(level.published.begin(), level.published.end(),
              std::back_inserter(machine.published));
  }
  return machine;
}

std::string option(const Change& change) {
  return fmt::format("--set {}={}", change.name, change.value);
}

[[noreturn]] void wrong_change(const Change& change, std::string problem, std::string hint) {
  throw Error(Category::kConfig, std::move(problem), option(change), std::move(hint));
}

void apply(const Change& change, Machine* machine) {
  const auto p = std::find_if(machine->parameters.begin(), machine->parameters.end(),
                              [&](const Parameter& q) { return q.name == change.name; });
  if (p == machine->parameters.end())
    wrong_change(change, fmt::format("{} has no parameter of this name", machine->name),
                 fmt::format("`dojo machine show {}` lists them", machine->name));
  if (p->field->kind == Field::Kind::kPlaces)
    wrong_change(change, "a list of places cannot be set here", "write it into a file");
  if (p->field->kind == Field::Kind::kWord) {
    const auto& words = p->field->words;
    if (std::find(words.begin(), words.end(), change.value) == words.end())
      wrong_change(change, fmt::format("\"{}\" is no choice", change.value),
                   fmt::format("use {}", fmt::join(words, ", ")));
    p->word = change.value;
  } else {
    double value = 0;
    const char* const end = change.value.data() + change.value.size();
    const auto [rest, error] = std::from_chars(change.value.data(), end, value);
    if (error != std::errc() || !std::isfinite(value))
      wrong_change(change, fmt::format("\"{}\" is no number", change.value),
                   fmt::format("write it as {}", text_of(*p)));
    std::string_view unit(rest, static_cast<size_t>(end - rest));
    while (unit.starts_with(' ')) unit.remove_prefix(1);
    if (!unit.empty()) {
      const std::optional<Unit> parsed = parse_unit(unit);
      if (!parsed || !unit_fits(*p->field, *parsed))
        wrong_change(change, fmt::format("\"{}\" is no unit for it", unit),
                     fmt::format("write it as {}", text_of(*p)));
      p->unit = unit;
      p->parsed_unit = *parsed;
    }
    p->value = value;
  }
  p->status = Status::kAssumed;
  p->source = "set by the user";
  p->note.clear();
  p->file = option(change);
}

// What is wrong with a value that the user has set is no fault of a file.
void verify_with(const std::vector<Change>& changes, const Machine& machine) {
  try {
    verify_machine(machine);
  } catch (const Error& error) {
    for (const Change& change : changes)
      if (error.where() == option(change))
        throw Error(Category::kConfig, error.message(), error.where(), error.hint());
    throw;
  }
}

// "exapod:tile" is a tile of it; of "exapod" the level is none.
std::pair<std::string, std::optional<Level>> split_level(const std::string& name) {
  const size_t colon = name.rfind(':');
  if (colon == name.npos) return {name, {}};
  const std::optional<Level> level = parse_level(std::string_view(name).substr(colon + 1));
  return {level ? name.substr(0, colon) : name, level};
}

// Leaves out what is above the level.
void reduce_to(Level level, Machine* machine) {
  if (!machine->has(level))
    throw Error(
        Category::kConfig,
        fmt::format("a {} has no {}", machine::name(machine->level()), machine::name(level)),
        machine->name);
  const auto above = [&](const Parameter& p) {
    return parse_level(std::string_view(p.name).substr(0, p.name.find('/'))).value() > level;
  };
  std::erase_if(machine->levels, [&](const LevelText& l) { return l.level > level; });
  std::erase_if(machine->parameters, above);
  std::erase_if(machine->published, above);
}

}  // namespace

Machine load_machine(const std::string& name, const std::vector<Change>& changes) {
  const auto [whole, level] = split_level(name);
  Machine machine = join(name, find_machine(whole));
  if (level) reduce_to(*level, &machine);
  for (const Change& change : changes) apply(change, &machine);
  verify_with(changes, machine);
  return machine;
}

std::string machine_file(const std::string& name) {
  const std::string whole = split_level(name).first;
  return is_path(whole) ? whole : "";
}

Machine parse_machine(std::string_view text, const std::string& file) {
  Machine machine = join(file, {.text = std::string(text), .file = file, .identity = file});
  verify_machine(machine);
  return machine;
}

std::vector<Change> parse_changes(const std::vector<std::string>& texts) {
  std::vector<Change> changes;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == text.npos || equals == 0 || equals + 1 == text.size())
      throw Error(Category::kConfig, fmt::format("\"{}\" changes nothing", text), "--set",
                  "write NAME=VALUE, for example die/edge/latency=150ns");
    changes.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return changes;
}

std::vector<std::string> built_in_machines() {
  std::vector<std::string> names;
  for (const BuiltIn& file : built_in_files()) names.emplace_back(file.name);
  return names;
}

}  // namespace dojo::machine
