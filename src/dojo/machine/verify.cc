#include "dojo/machine/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/base/text.h"
#include "dojo/machine/disabled.h"
#include "dojo/machine/published.h"
#include "dojo/machine/total.h"

namespace dojo::machine {
namespace {

constexpr int64_t kMostNodes = int64_t{1} << 27;  // 127 ExaPODs
constexpr int64_t kMostDrawing = 1'000'000'000;   // places looked at for disabled nodes: seconds

const Parameter& get(const Machine& machine, std::string_view name) {
  return *machine.find(name);  // the parser has seen that it is there
}

void check_number(const Parameter& p, int64_t clock) {
  const Field& field = *p.field;
  const double value = in_field_unit(p, clock);
  const std::string unit = field.unit == "1" ? "" : fmt::format(" {}", field.unit);
  if (!(value >= field.least && value <= field.most))
    refuse(p, fmt::format("allowed are {} to {}{}", field.least, field.most, unit));
  // Seconds have become whole cycles.
  const bool whole = field.kind == Field::Kind::kWhole || field.kind == Field::Kind::kTime;
  if (whole && std::abs(value - std::round(value)) > 1e-12 * value)
    refuse(p, fmt::format("which is no whole number{}{}", unit.empty() ? "" : " of", unit));
  if (field.kind == Field::Kind::kRate && rate_of(p, clock).bytes == 0)
    refuse(p, "which is less than a byte a second");
}

void check_limits(const Machine& machine) {
  const Parameter& clock = get(machine, "node/clock");
  check_number(clock, 1);
  for (const Parameter& p : machine.parameters) {
    if (p.field->kind == Field::Kind::kWord) continue;
    if (p.field->kind != Field::Kind::kPlaces)
      check_number(p, clock_hz(machine));
    else if (static_cast<double>(p.places.size()) > p.field->most)
      refuse(p, fmt::format("and may have up to {} places", p.field->most));
  }
}

// The keys that a source names: all of a published one, of others those in square brackets.
std::vector<std::string_view> keys_of(const Parameter& p) {
  std::vector<std::string_view> keys;
  std::string_view rest = p.source;
  while (!rest.empty()) {
    std::string_view key;
    if (p.status == Status::kPublished) {
      const size_t end = rest.find(", ");
      key = rest.substr(0, end);
      rest = end == rest.npos ? "" : rest.substr(end + 2);
    } else {
      const size_t open = rest.find('[');
      const size_t close = open == rest.npos ? open : rest.find(']', open);
      if (close == rest.npos) break;
      key = rest.substr(open + 1, close - open - 1);
      rest = rest.substr(close + 1);
    }
    keys.push_back(key);
  }
  return keys;
}

void check_sources(const Machine& machine, const Parameter& p) {
  for (const std::string_view key : keys_of(p))
    if (!machine.sources.contains(std::string(key)))
      throw Error(Category::kInput,
                  fmt::format("{}/source names \"{}\", which is no source of this machine", p.path,
                              one_line(key)),
                  p.file, "list it with its title under \"sources\"");
}

int64_t whole(const Machine& machine, std::string_view name) {
  return std::llround(in_field_unit(get(machine, name), clock_hz(machine)));
}

void check_grid(const Machine& machine) {
  int64_t nodes = 1;
  for (const Level level : kLevels) {
    if (level == Level::kNode || !machine.has(level)) continue;
    const std::string prefix(name(level));
    const int64_t columns = whole(machine, prefix + "/grid/columns"),
                  rows = whole(machine, prefix + "/grid/rows");
    nodes *= columns * rows;
    if (nodes > kMostNodes)
      refuse(get(machine, prefix + "/grid/columns"),
             fmt::format("with {} rows that makes {} nodes; up to {} are taken", rows, nodes,
                         kMostNodes));
    for (const auto& [parts, axis] : {std::pair(columns, "columns"), std::pair(rows, "rows")})
      if (parts > 1 && !machine.find(std::string(name(part_of(level))) + "/edge/latency"))
        refuse(get(machine, fmt::format("{}/grid/{}", prefix, axis)),
               fmt::format("but its {} have no \"edge\" that joins them", plural(part_of(level))));
  }
}

void check_listed(const Machine& machine, Coord size, int64_t count) {
  const Parameter* list = machine.find("die/disabled/list");
  if (!list) refuse(get(machine, "die/disabled/placing"), "and there is no \"list\" beside it");
  if (std::ssize(list->places) != count)
    refuse(get(machine, "die/disabled/count"),
           fmt::format("and the list beside it has {} places", list->places.size()));
  std::set<std::pair<int32_t, int32_t>> places;
  for (const Coord c : list->places) {
    if (c.x >= size.x || c.y >= size.y)
      refuse(*list, fmt::format("and ({},{}) is not in a grid of {} columns and {} rows", c.x, c.y,
                                size.x, size.y));
    if (!places.emplace(c.x, c.y).second)
      refuse(*list, fmt::format("and ({},{}) is there twice", c.x, c.y));
  }
  if (!stay_connected(size, list->places))
    refuse(*list, "which cuts live nodes off from the others of their die");
}

void check_disabled(const Machine& machine) {
  if (!machine.find("die/disabled/count")) {
    for (const char* alone : {"die/disabled/seed", "die/disabled/list"})
      if (const Parameter* p = machine.find(alone)) refuse(*p, "without a count beside it");
    return;
  }
  const int64_t columns = whole(machine, "die/grid/columns"),
                rows = whole(machine, "die/grid/rows");
  const int64_t count = whole(machine, "die/disabled/count");
  const Parameter& counted = get(machine, "die/disabled/count");
  if (count >= columns * rows)
    refuse(counted, fmt::format("and the die has {} nodes", columns * rows));
  const Coord size{static_cast<int32_t>(columns), static_cast<int32_t>(rows)};
  const bool listed = get(machine, "die/disabled/placing").word == "listed";
  if (listed && count > 0) check_listed(machine, size, count);
  if (listed) return;
  if (count > 0 && !machine.find("die/disabled/seed"))
    refuse(get(machine, "die/disabled/placing"), "and there is no \"seed\" beside it");
  int64_t dies = 1;
  for (const Level level : {Level::kTile, Level::kTray, Level::kPod})
    if (machine.has(level))
      dies *= whole(machine, std::string(name(level)) + "/grid/columns") *
              whole(machine, std::string(name(level)) + "/grid/rows");
  // Each is drawn once or a few times, and each time all places of the die are looked at.
  if (static_cast<double>(count) * static_cast<double>(columns * rows) * static_cast<double>(dies) >
      static_cast<double>(kMostDrawing))
    refuse(counted,
           fmt::format("which is too many to draw on {} dies of {} nodes", dies, columns * rows));
}

// The interface processors take the place of neighbours, and share the links of a tile's edge.
void check_interfaces(const Machine& machine) {
  const Parameter* sides = machine.find("tray/interfaces/sides");
  if (!sides) return;
  const Parameter& each = get(machine, "tray/interfaces/per_tile_edge");
  for (const auto& [other, axis, along] :
       {std::tuple("north-south", "columns", "rows"), std::tuple("east-west", "rows", "columns")}) {
    if (sides->word == other) continue;
    const int64_t links = whole(machine, fmt::format("tile/grid/{}", along)) *
                          whole(machine, fmt::format("die/grid/{}", along));
    if (links % whole(machine, each.name) != 0)
      refuse(each,
             fmt::format("which does not divide the {} {} of nodes at that edge", links, along));
    if (machine.has(Level::kPod) && whole(machine, fmt::format("pod/grid/{}", axis)) > 1)
      refuse(
          get(machine, fmt::format("pod/grid/{}", axis)),
          fmt::format("and the trays have interface processors on these sides ({})", sides->word));
  }
}

void check_published(const Machine& machine) {
  for (const Parameter& p : machine.published) {
    const std::string_view total = total_of(p);
    const std::optional<TotalKind> kind = find_total(total);
    if (!kind) refuse(p, "which is no total that can be computed", total_names());
    if (!same_kind(p.parsed_unit, parse_unit(kind->unit).value()))
      refuse(p, fmt::format("which is not of the kind of {}", kind->unit));
    if (!(p.value > 0 && p.value <= 1e30)) refuse(p, "allowed are numbers above 0");
    if (p.status != Status::kPublished)
      refuse(p, fmt::format("and counts as {}", name(p.status)),
             "\"published\" is for what the maker said; leave others out");
  }
}

}  // namespace

void verify_machine(const Machine& machine) {
  for (const Parameter& p : machine.parameters) check_sources(machine, p);
  for (const Parameter& p : machine.published) check_sources(machine, p);
  check_limits(machine);
  check_grid(machine);
  check_disabled(machine);
  check_interfaces(machine);
  check_published(machine);
}

}  // namespace dojo::machine
