#include "dojo/report/sim_stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/json.h"
#include "dojo/base/text.h"
#include "dojo/report/html.h"

namespace dojo::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kMostFileBytes = int64_t{64} << 20;
constexpr double kMostNumber = 1e18;   // of any count: below it sums stay exact enough
constexpr double kMostSide = 1 << 20;  // of a machine, in nodes
constexpr size_t kMostCells = 1 << 16, kMostBins = 4096, kMostRows = 4096, kMostThreads = 1024,
                 kMostStates = 32, kMostParts = 8;

// A value and where it is in the file, for messages: "timeline/nodes/3/x".
class Field {
 public:
  Field(const Json& json, std::string path) : json_(json), path_(std::move(path)) {}

  Field operator[](const char* key) const {
    if (!json_.is_object()) fail("should be an object");
    const auto it = json_.find(key);
    if (it == json_.end()) Field(json_, below(key)).fail("is missing");
    return {*it, below(key)};
  }
  bool has(const char* key) const { return json_.is_object() && json_.contains(key); }
  bool is_null() const { return json_.is_null(); }

  double number(double most = kMostNumber) const {
    if (!json_.is_number()) fail("should be a number");
    const double value = json_.get<double>();
    if (!(value >= 0 && value <= most))
      fail(fmt::format("is {}, not between 0 and {}", value, most));
    return value;
  }
  double signed_number() const {
    const double value = json_.is_number() ? json_.get<double>() : NAN;
    if (!(std::abs(value) <= kMostNumber)) fail("should be a number");
    return value;
  }
  double number_or_nan() const { return is_null() ? NAN : number(); }
  int32_t whole(double least, double most) const {
    const double value = number(most);
    if (value < least || value != std::floor(value))
      fail(fmt::format("should be a whole number of at least {}", least));
    return static_cast<int32_t>(value);
  }
  bool flag() const {
    if (!json_.is_boolean()) fail("should be true or false");
    return json_.get<bool>();
  }
  std::string text() const {
    if (!json_.is_string()) fail("should be a text");
    return json_.get<std::string>();
  }
  std::vector<Field> items(size_t most) const {
    if (!json_.is_array()) fail("should be a list");
    if (json_.size() > most)
      fail(fmt::format("has {} items, at most {} are read", json_.size(), most));
    std::vector<Field> all;
    for (size_t i = 0; i < json_.size(); ++i) all.emplace_back(json_[i], below(std::to_string(i)));
    return all;
  }
  std::vector<std::pair<std::string, Field>> entries(size_t most) const {
    if (!json_.is_object()) fail("should be an object");
    if (json_.size() > most)
      fail(fmt::format("has {} entries, at most {} are read", json_.size(), most));
    std::vector<std::pair<std::string, Field>> all;
    for (const auto& [key, value] : json_.items()) all.emplace_back(key, Field(value, below(key)));
    return all;
  }
  std::vector<double> numbers(size_t count) const {
    if (!json_.is_array()) fail("should be a list");
    if (json_.size() != count)
      fail(fmt::format("has {} numbers and should have {}", json_.size(), count));
    std::vector<double> all;
    for (size_t i = 0; i < count; ++i) {
      const Json& item = json_[i];
      const double value = item.is_number() ? item.get<double>() : NAN;
      if (!(value >= 0 && value <= kMostNumber))
        Field(item, below(std::to_string(i))).fail("is no number that can be counted");
      all.push_back(value);
    }
    return all;
  }
  size_t size(size_t most) const {
    if (!json_.is_array()) fail("should be a list");
    if (json_.size() > most)
      fail(fmt::format("has {} items, at most {} are read", json_.size(), most));
    return json_.size();
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(fmt::format("{} {}", one_line(path_.empty() ? "it" : path_), what));
  }

 private:
  std::string below(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}/{}", path_, key);
  }

  const Json& json_;
  std::string path_;
};

bool is_shallow(int depth, Json::parse_event_t, Json&) {
  if (depth > 32) throw std::runtime_error("it is nested too deeply");
  return true;
}

std::vector<std::vector<double>> state_lists(const Field& field, const SimStats& stats,
                                             size_t count) {
  std::vector<std::vector<double>> all;
  for (const SimStats::State& state : stats.states)
    all.push_back(field[state.name.c_str()].numbers(count));
  return all;
}

void read_totals(const Field& root, SimStats* s) {
  s->program = root["program"].text();
  s->machine = root["machine"].text();
  s->level = root["level"].text();
  s->version = root["dojo_version"].text();
  s->done = root["done"].flag();
  s->values = root["values"].flag();
  const std::pair<const char*, double*> numbers[] = {{"cycles", &s->cycles},
                                                     {"nodes", &s->nodes},
                                                     {"flops", &s->flops},
                                                     {"sram_peak_bytes", &s->sram_peak_bytes},
                                                     {"sram_bytes", &s->sram_bytes},
                                                     {"published_numbers", &s->published_numbers},
                                                     {"derived_numbers", &s->derived_numbers},
                                                     {"assumed_numbers", &s->assumed_numbers},
                                                     {"matrix_unit_cycles", &s->matrix_unit_cycles},
                                                     {"vector_unit_cycles", &s->vector_unit_cycles},
                                                     {"links_used", &s->links_used}};
  for (const auto& [key, number] : numbers) *number = root[key].number();
  s->clock_hz = root["clock_hz"].number_or_nan();
  s->seconds = root["seconds"].number_or_nan();
  // A machine of a million nodes computes more than 1e18 a second.
  constexpr double kMostFlops = 1e30;
  if (!root["flops_per_second"].is_null())
    s->flops_per_second = root["flops_per_second"].number(kMostFlops);
  if (!root["peak_flops_per_second"].is_null())
    s->peak_flops_per_second = root["peak_flops_per_second"].number(kMostFlops);
  for (const Field& state : root["states"].items(kMostStates))
    s->states.push_back({state["name"].text(), state["meaning"].text(), state["waiting"].flag()});
}

void read_lists(const Field& root, SimStats* s) {
  for (const Field& item : root["instructions"].items(kMostRows))
    s->instructions.push_back({item["kind"].text(), item["number"].number(),
                               item["cycles"].number(), item["work"].number()});
  for (const Field& item : root["links"].items(kMostRows))
    s->links.push_back({item["link"].text(), item["bytes"].number(), item["busy_cycles"].number(),
                        item["stalled_cycles"].number()});
  for (const Field& item : root["waiting"].items(kMostRows))
    s->waiting.push_back({item["where"].text(), item["what"].text(), item["who"].text(),
                          item["nodes"].number(), item["x"].number(), item["y"].number(),
                          item["since_cycle"].number()});
  for (const Field& item : root["bounds"].items(kMostRows))
    s->bounds.push_back({item["what"].text(), item["where"].text(), item["cycles"].number()});
  std::stable_sort(s->bounds.begin(), s->bounds.end(),
                   [](const auto& a, const auto& b) { return a.cycles > b.cycles; });
  if (const Field f = root["formula_bound"]; !f.is_null())
    s->formula_bound =
        SimStats::FormulaBound{f["name"].text(), f["compute"].number(), f["sram"].number(),
                               f["links"].number(), f["latency"].number()};
  if (root.has("critical_path")) {
    const Field path = root["critical_path"];
    for (const auto& [reason, cycles] : path["reasons"].entries(kMostStates))
      s->critical_reasons.push_back({reason, cycles.number()});
    for (const Field& item : path["instructions"].items(kMostRows))
      s->critical_instructions.push_back({item["where"].text(), item["cycles"].number()});
  }
  if (const Field e = root["burst_error"]; !e.is_null())
    s->burst_error = SimStats::BurstError{e["programs"].number(), e["within_five_percent"].number(),
                                          e["least"].signed_number(), e["most"].signed_number()};
  for (const Field& item : root["assumed"].items(kMostRows))
    s->assumed.push_back(
        {item["name"].text(), item["value"].text(), item["meaning"].text(), item["why"].text()});
}

void read_mesh(const Field& root, SimStats* s) {
  const Field mesh = root["mesh"];
  s->columns = mesh["columns"].whole(1, kMostSide);
  s->rows = mesh["rows"].whole(1, kMostSide);
  s->block_columns = mesh["block_columns"].whole(1, kMostSide);
  s->block_rows = mesh["block_rows"].whole(1, kMostSide);
  s->across = (s->columns + s->block_columns - 1) / s->block_columns;
  s->down = (s->rows + s->block_rows - 1) / s->block_rows;
  if (int64_t{s->across} * s->down > static_cast<int64_t>(kMostCells))
    mesh.fail(
        fmt::format("has {} x {} blocks, at most {} are shown", s->across, s->down, kMostCells));
  for (const Field& part : mesh["parts"].items(kMostParts))
    s->parts.push_back({part["level"].text(), part["columns"].whole(1, kMostSide),
                        part["rows"].whole(1, kMostSide)});
  if (const Field limits = root["limits_of_a_node"]; !limits.is_null())
    s->limits = SimStats::Limits{limits["flops_per_second"].number(),
                                 limits["sram_bytes_per_second"].number(),
                                 limits["link_bytes_per_second"].number()};
}

// Coordinates of blocks.
std::vector<std::pair<int32_t, int32_t>> places(const Field& field, const SimStats& s) {
  const size_t count = field["x"].size(kMostCells * 4);
  const std::vector<double> x = field["x"].numbers(count), y = field["y"].numbers(count);
  std::vector<std::pair<int32_t, int32_t>> all;
  for (size_t i = 0; i < count; ++i) {
    if (x[i] >= s.across || y[i] >= s.down || x[i] != std::floor(x[i]) || y[i] != std::floor(y[i]))
      field.fail(fmt::format("has ({}, {}), which is not in the mesh", x[i], y[i]));
    all.emplace_back(static_cast<int32_t>(x[i]), static_cast<int32_t>(y[i]));
  }
  return all;
}

void read_disabled(const Field& field, SimStats* s) {
  const auto at = places(field, *s);
  const std::vector<double> nodes = field["nodes"].numbers(at.size());
  for (size_t i = 0; i < at.size(); ++i)
    s->disabled.push_back({at[i].first, at[i].second, nodes[i]});
}

void read_nodes(const Field& field, SimStats* s) {
  const auto at = places(field, *s);
  const size_t count = at.size();
  s->nodes_at.resize(count);
  for (size_t i = 0; i < count; ++i) {
    s->nodes_at[i].x = at[i].first;
    s->nodes_at[i].y = at[i].second;
    s->nodes_at[i].thread_cycles.resize(s->states.size());
  }
  using Node = SimStats::Node;
  const std::pair<const char*, double Node::*> columns[] = {
      {"matrix_unit_cycles", &Node::matrix_unit_cycles},
      {"vector_unit_cycles", &Node::vector_unit_cycles},
      {"products", &Node::products},
      {"sram_bytes", &Node::sram_bytes},
      {"sram_peak_bytes", &Node::sram_peak_bytes},
      {"sent_bytes", &Node::sent_bytes},
      {"received_bytes", &Node::received_bytes}};
  const std::vector<double> nodes = field["nodes"].numbers(count);
  for (size_t i = 0; i < count; ++i) {
    if (nodes[i] < 1) field["nodes"].fail("has a block without nodes");
    s->nodes_at[i].nodes = nodes[i];
  }
  for (const auto& [key, column] : columns) {
    const std::vector<double> numbers = field[key].numbers(count);
    for (size_t i = 0; i < count; ++i) s->nodes_at[i].*column = numbers[i];
  }
  const auto lists = state_lists(field["thread_cycles"], *s, count);
  for (size_t state = 0; state < lists.size(); ++state)
    for (size_t i = 0; i < count; ++i) s->nodes_at[i].thread_cycles[state] = lists[state][i];
}

void read_links(const Field& field, SimStats* s) {
  static constexpr std::array<std::string_view, 4> kSides = {"east", "west", "north", "south"};
  const auto at = places(field, *s);
  const size_t count = at.size();
  const std::vector<Field> sides = field["side"].items(kMostCells * 4);
  if (sides.size() != count) field["side"].fail("has not as many items as x");
  const auto links = field["links"].numbers(count), bytes = field["bytes"].numbers(count),
             busy = field["busy_cycles"].numbers(count),
             stalled = field["stalled_cycles"].numbers(count);
  for (size_t i = 0; i < count; ++i) {
    const auto side = std::find(kSides.begin(), kSides.end(), sides[i].text());
    if (side == kSides.end()) sides[i].fail("is no side");
    if (links[i] < 1) field["links"].fail("has a place without links");
    s->links_at.push_back({at[i].first, at[i].second,
                           static_cast<SimStats::Side>(side - kSides.begin()), links[i], bytes[i],
                           busy[i], stalled[i]});
  }
}

void read_timeline(const Field& field, SimStats* s) {
  s->bin_cycles = field["bin_cycles"].whole(1, 1e9);
  s->bins = static_cast<size_t>(field["bins"].whole(0, kMostBins));
  s->timeline = state_lists(field["thread_cycles"], *s, s->bins);
  s->link_busy_cycles = field["link_busy_cycles"].numbers(s->bins);
  for (const Field& c : field["classes"].items(kMostThreads))
    s->classes.push_back({fmt::format("{}: {} node{}", c["name"].text(), count(c["nodes"].number()),
                                      c["nodes"].number() == 1 ? "" : "s"),
                          state_lists(c["thread_cycles"], *s, s->bins)});
  for (const Field& node : field["nodes"].items(kMostThreads))
    for (const Field& thread : node["threads"].items(kMostThreads)) {
      if (s->threads.size() == kMostThreads) node.fail("is one too many");
      s->threads.push_back(
          {fmt::format("({:.0f}, {:.0f}) {}, thread {:.0f}", node["x"].number(), node["y"].number(),
                       node["class"].text(), thread["thread"].number()),
           state_lists(thread["thread_cycles"], *s, s->bins)});
    }
}

}  // namespace

std::string SimStats::State::title() const {
  std::string text = name;
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

double SimStats::Node::all_thread_cycles() const {
  return std::accumulate(thread_cycles.begin(), thread_cycles.end(), 0.0);
}

double SimStats::nodes_in_block(int32_t x, int32_t y) const {
  return static_cast<double>(std::min(block_columns, columns - x * block_columns)) *
         std::min(block_rows, rows - y * block_rows);
}

SimStats read_sim_stats(const std::string& path) {
  const std::string content = read_file(path, kMostFileBytes);
  const auto refuse = [&](const std::string& what) {
    throw Error(Category::kInput, "damaged: " + what, path,
                "`dojo sim PROGRAM --results DIR` writes it again");
  };
  SimStats stats;
  try {
    const Json json = Json::parse(content, is_shallow);
    const Field root(json, "");
    if (!root.has("kind") || root["kind"].text() != "dojo_sim_stats")
      throw Error(Category::kInput, "not the result of a simulation", path,
                  "`dojo sim PROGRAM --results DIR` writes DIR/stats.json");
    if (root["version"].number() != 1)
      throw Error(
          Category::kUnsupported,
          fmt::format("of version {}, and this program reads version 1", root["version"].number()),
          path);
    read_totals(root, &stats);
    for (const SimStats::State& state : stats.states)
      stats.thread_cycles.push_back(root["thread_cycles"][state.title().c_str()].number());
    read_lists(root, &stats);
    read_mesh(root, &stats);
    read_disabled(root["disabled"], &stats);
    read_nodes(root["nodes_at"], &stats);
    read_links(root["links_at"], &stats);
    read_timeline(root["timeline"], &stats);
  } catch (const Json::exception& error) {
    refuse(json_problem(error, content));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    refuse(error.what());
  }
  return stats;
}

}  // namespace dojo::report
