#include "dojo/machine/parse.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/base/json.h"
#include "dojo/base/text.h"

namespace dojo::machine {
namespace {

using Json = nlohmann::json;

constexpr int kMostDepth = 24;  // of brackets; five levels, each inside the other, have 12

// Where in which file, for messages.
struct Place {
  const std::string& file;
  std::string path;

  Place operator/(std::string_view name) const { return {file, fmt::format("{}/{}", path, name)}; }

  [[noreturn]] void fail(std::string_view problem, std::string hint = {}) const {
    throw Error(
        Category::kInput,
        one_line(fmt::format("{} {}", path.empty() ? "the machine description" : path, problem)),
        file, std::move(hint));
  }
};

std::string shortened(std::string text) {
  constexpr size_t kMost = 60;
  return text.size() <= kMost ? text : text.substr(0, kMost) + "...";
}

std::string shown(const Json& json) {
  if (json.is_object()) return "an object";
  if (json.is_array()) return "a list";  // of nested ones the text might be endless
  return shortened(dump(json));
}

// The text as JSON. Refuses what a reader of it would not notice: a name that is there twice, and
// brackets so deep that nobody meant them.
Json parse_json(std::string_view text, const std::string& file) {
  std::vector<std::set<std::string>> names;  // of the objects that are open
  std::vector<std::string> path;
  int depth = 0;
  const auto where = [&] {
    return Place{file, path.empty() ? "" : fmt::format("/{}", fmt::join(path, "/"))};
  };
  const auto look = [&](int, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start)
      if (++depth > kMostDepth)
        where().fail(fmt::format("is more than {} brackets deep", kMostDepth));
    if (event == Event::object_end || event == Event::array_end) --depth;
    if (event == Event::object_start) names.emplace_back(), path.emplace_back();
    if (event == Event::object_end) names.pop_back(), path.pop_back();
    if (event == Event::key) {
      path.back() = shortened(parsed.get<std::string>());
      if (!names.back().insert(parsed.get<std::string>()).second) where().fail("is there twice");
    }
    return true;
  };
  try {
    return Json::parse(text, look);
  } catch (const Json::out_of_range&) {
    where().fail("has a number beyond what a computer holds");
  } catch (const Json::exception& e) {
    throw Error(Category::kInput, json_problem(e, text), file);
  }
}

const Json& member(const Json& json, std::string_view name, const Place& place) {
  const auto found = json.find(name);
  if (found == json.end()) (place / name).fail("is missing");
  return *found;
}

std::string text_member(const Json& json, std::string_view name, const Place& place) {
  const Json& text = member(json, name, place);
  if (!text.is_string())
    (place / name).fail(fmt::format("is {}, and should be a text", shown(text)));
  if (text.get_ref<const std::string&>().empty()) (place / name).fail("is an empty text");
  return text.get<std::string>();
}

void check_object(const Json& json, const Place& place) {
  if (!json.is_object()) place.fail(fmt::format("is {}, and should be an object", shown(json)));
}

void check_names(const Json& json, const std::vector<std::string_view>& known, const Place& place) {
  for (const auto& [name, value] : json.items())
    if (std::find(known.begin(), known.end(), name) == known.end())
      (place / shortened(name))
          .fail("is no field of a description",
                fmt::format("known here: {}", fmt::join(known, ", ")));
}

double number(const Json& json, const Place& place) {
  if (!json.is_number()) place.fail(fmt::format("is {}, and should be a number", shown(json)));
  return json.get<double>();
}

void read_unit(const Json& json, const Place& place, Parameter* p) {
  p->value = number(member(json, "value", place), place / "value");
  p->unit = text_member(json, "unit", place);
  const std::optional<Unit> unit = parse_unit(p->unit);
  if (!unit) (place / "unit").fail(fmt::format("is \"{}\", which is no unit", shortened(p->unit)));
  p->parsed_unit = *unit;
}

std::vector<Coord> read_places(const Json& json, const Place& place) {
  if (!json.is_array()) place.fail(fmt::format("is {}, and should be a list", shown(json)));
  std::vector<Coord> places;
  for (const Json& pair : json) {
    const Place here = place / fmt::format("{}", places.size());
    const auto coordinate = [&](size_t i) {
      if (!pair.is_array() || pair.size() != 2 || !pair[i].is_number_unsigned() ||
          pair[i].get<uint64_t>() >= 65536)
        here.fail("is no place [column, row]");
      return pair[i].get<int32_t>();
    };
    const int32_t x = coordinate(0);
    places.push_back({x, coordinate(1)});
  }
  return places;
}

void read_value(const Json& json, const Field& field, const Place& place, Parameter* p) {
  switch (field.kind) {
    case Field::Kind::kWord:
      p->word = text_member(json, "value", place);
      if (std::find(field.words.begin(), field.words.end(), p->word) == field.words.end())
        (place / "value")
            .fail(fmt::format("is \"{}\"", shortened(p->word)),
                  fmt::format("use {}", fmt::join(field.words, ", ")));
      break;
    case Field::Kind::kPlaces:
      p->places = read_places(member(json, "value", place), place / "value");
      break;
    default:
      read_unit(json, place, p);
      if (!unit_fits(field, p->parsed_unit))
        (place / "unit")
            .fail(fmt::format("is \"{}\", which is not of the kind of {}", p->unit, field.unit));
  }
}

// `field`: nothing for a published total.
Parameter read_parameter(const Json& json, std::string name, const Field* field,
                         const Place& place) {
  check_object(json, place);
  Parameter p{.name = std::move(name), .field = field, .file = place.file, .path = place.path};
  const bool has_unit =
      !field || (field->kind != Field::Kind::kWord && field->kind != Field::Kind::kPlaces);
  std::vector<std::string_view> known = {"value", "source", "status", "note"};
  if (has_unit) known.push_back("unit");
  check_names(json, known, place);
  if (field)
    read_value(json, *field, place, &p);
  else
    read_unit(json, place, &p);
  const std::string status = text_member(json, "status", place);
  const std::optional<Status> parsed = parse_status(status);
  if (!parsed)
    (place / "status")
        .fail(fmt::format("is \"{}\"", shortened(status)), "use published, derived or assumed");
  p.status = *parsed;
  p.source = text_member(json, "source", place);
  if (json.contains("note")) p.note = text_member(json, "note", place);
  return p;
}

class Reader {
 public:
  Reader(const std::string& file, Level level) : file_(file), level_(level) {}

  // All fields of the level, in the order of the schema.
  std::vector<Parameter> read(const Json& json, const std::vector<std::string_view>& others,
                              const Place& place) {
    read_group(json, "", others, place);
    std::vector<Parameter> ordered;
    for (const Field& field : fields_of(level_)) {
      const auto found = found_.find(field.path);
      if (found != found_.end())
        ordered.push_back(std::move(found->second));
      else if (!may_be_absent(field))
        (place / field.path).fail("is missing");
    }
    return ordered;
  }

 private:
  void read_group(const Json& json, const std::string& prefix,
                  const std::vector<std::string_view>& others, const Place& place) {
    check_object(json, place);
    if (!prefix.empty()) groups_.insert(prefix);
    for (const auto& [name, value] : json.items()) {
      if (prefix.empty() && std::find(others.begin(), others.end(), name) != others.end()) continue;
      const std::string path = prefix.empty() ? name : prefix + "/" + name;
      const Place here = place / name;
      if (const Field* field = find(path))
        found_.emplace(
            path,
            read_parameter(value, fmt::format("{}/{}", machine::name(level_), path), field, here));
      else if (is_group(path))
        read_group(value, path, {}, here);
      else
        (place / shortened(name))
            .fail(fmt::format("is no field of a {}", machine::name(level_)),
                  fmt::format("known here: {}", fmt::join(known(prefix, others), ", ")));
    }
  }

  const Field* find(const std::string& path) const {
    for (const Field& field : fields_of(level_))
      if (field.path == path) return &field;
    return nullptr;
  }

  bool is_group(const std::string& path) const {
    const auto fields = fields_of(level_);
    return std::any_of(fields.begin(), fields.end(),
                       [&](const Field& f) { return f.path.starts_with(path + "/"); });
  }

  std::set<std::string> known(const std::string& prefix,
                              const std::vector<std::string_view>& others) const {
    std::set<std::string> names(others.begin(), others.end());
    for (const Field& field : fields_of(level_)) {
      std::string_view rest = field.path;
      if (!prefix.empty()) {
        if (!rest.starts_with(prefix + "/")) continue;
        rest.remove_prefix(prefix.size() + 1);
      }
      names.emplace(rest.substr(0, rest.find('/')));
    }
    return names;
  }

  // A field alone may be absent; of a group all fields have to be there if any is.
  bool may_be_absent(const Field& field) const {
    return field.optional == field.path ||
           (!field.optional.empty() && !groups_.contains(std::string(field.optional)));
  }

  const std::string& file_;
  Level level_;
  std::map<std::string, Parameter> found_;
  std::set<std::string> groups_;  // that are there
};

std::map<std::string, Source> read_sources(const Json& json, const Place& place) {
  check_object(json, place);
  std::map<std::string, Source> sources;
  for (const auto& [key, source] : json.items()) {
    const Place here = place / shortened(key);
    check_object(source, here);
    check_names(source, {"title", "url"}, here);
    const bool plain = !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
      return std::isalnum(c) != 0;
    });
    if (!plain) here.fail("is no key of a source", "use letters and digits");
    sources[key] = {text_member(source, "title", here),
                    source.contains("url") ? text_member(source, "url", here) : ""};
  }
  return sources;
}

std::vector<Parameter> read_published(const Json& json, Level level, const Place& place) {
  check_object(json, place);
  std::vector<Parameter> published;
  for (const auto& [name, value] : json.items())
    published.push_back(read_parameter(value,
                                       fmt::format("{}/published/{}", machine::name(level), name),
                                       nullptr, place / shortened(name)));
  return published;
}

Description read_description(const Json& json, const Place& place) {
  check_object(json, place);
  const std::string word = text_member(json, "level", place);
  const std::optional<Level> level = parse_level(word);
  if (!level)
    (place / "level")
        .fail(fmt::format("is \"{}\"", shortened(word)), "use node, die, tile, tray or pod");
  Description d;
  d.level = *level;
  d.file = place.file;
  d.title = text_member(json, "title", place);
  if (json.contains("about")) d.about = text_member(json, "about", place);
  std::vector<std::string_view> others = {"level", "title", "about", "sources", "published"};
  if (d.level != Level::kNode) {
    others.push_back("part");
    const Json& part = member(json, "part", place);
    if (part.is_string()) {
      d.part_file = text_member(json, "part", place);
    } else {
      d.part = std::make_unique<Description>(read_description(part, place / "part"));
      if (d.part->level != part_of(d.level))
        (place / "part/level")
            .fail(fmt::format("is \"{}\", and a {} is made of {}", name(d.part->level),
                              name(d.level), plural(part_of(d.level))));
    }
  }
  d.parameters = Reader(place.file, d.level).read(json, others, place);
  if (json.contains("sources")) d.sources = read_sources(json["sources"], place / "sources");
  if (json.contains("published"))
    d.published = read_published(json["published"], d.level, place / "published");
  return d;
}

}  // namespace

Description parse_description(std::string_view text, const std::string& file) {
  return read_description(parse_json(text, file), {file, ""});
}

}  // namespace dojo::machine
