#include "dojo/train/json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "dojo/base/error.h"
#include "dojo/base/text.h"

namespace dojo {

using Json = nlohmann::json;

struct JsonReader::Node {
  std::shared_ptr<const Json> document;
  const Json* at = nullptr;  // in the document
  std::string path;          // "options."
  std::string what, where, hint;

  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(Category::kInput, fmt::format("not {}: {}", what, problem), where, hint);
  }

  [[noreturn]] void fail(const std::string& name, const Json& value,
                         const std::string& expected) const {
    std::string seen = value.is_array()    ? "a list"
                       : value.is_object() ? "an object"
                                           : dump(value);  // of a nested value it might be endless
    if (seen.size() > 60) seen = to_utf8(seen.substr(0, 60)) + "...";
    fail(fmt::format("{}{} is {}, {}", path, name, seen, expected));
  }

  const Json& field(const std::string& name) const {
    const auto found = at->find(name);
    if (found == at->end()) fail(fmt::format("{}{} is missing", path, name));
    return *found;
  }

  std::shared_ptr<const Node> child(const std::string& name, const Json& value) const {
    if (!value.is_object()) fail(name, value, "not an object");
    Node node = *this;
    node.at = &value;
    node.path += name + ".";
    return std::make_shared<const Node>(std::move(node));
  }
};

JsonReader::JsonReader(const std::string& text, std::string what, std::string where,
                       std::string hint) {
  Node node{.document = nullptr,
            .at = nullptr,
            .path = "",
            .what = std::move(what),
            .where = std::move(where),
            .hint = std::move(hint)};
  try {
    node.document = std::make_shared<const Json>(Json::parse(text));
  } catch (const Json::exception& e) {
    node.fail(json_problem(e, text));
  }
  node.at = node.document.get();
  if (!node.at->is_object()) node.fail("it is no JSON object");
  node_ = std::make_shared<const Node>(std::move(node));
}

JsonReader::JsonReader(std::shared_ptr<const Node> node) : node_(std::move(node)) {}

void JsonReader::fail(const std::string& problem) const { node_->fail(problem); }

bool JsonReader::has(const std::string& name) const { return node_->at->contains(name); }

void JsonReader::get(const std::string& name, int64_t* value, int64_t least, int64_t most) const {
  const Json& json = node_->field(name);
  const bool too_large =
      json.is_number_unsigned() && json.get<uint64_t>() > static_cast<uint64_t>(Int::max());
  if (!json.is_number_integer() || too_large) node_->fail(name, json, "not an integer");
  *value = json.get<int64_t>();
  if (*value < least || *value > most)
    node_->fail(name, json, fmt::format("allowed are {} to {}", least, most));
}

void JsonReader::get(const std::string& name, double* value, double least, double most) const {
  const Json& json = node_->field(name);
  if (!json.is_number()) node_->fail(name, json, "not a number");
  *value = json.get<double>();
  if (!(*value >= least && *value <= most))
    node_->fail(name, json, fmt::format("allowed are {} to {}", least, most));
}

void JsonReader::get(const std::string& name, uint64_t* value) const {
  const Json& json = node_->field(name);
  if (!json.is_number_unsigned()) node_->fail(name, json, "not an integer from 0 on");
  *value = json.get<uint64_t>();
}

void JsonReader::get(const std::string& name, bool* value) const {
  const Json& json = node_->field(name);
  if (!json.is_boolean()) node_->fail(name, json, "not true or false");
  *value = json.get<bool>();
}

void JsonReader::get(const std::string& name, std::string* value) const {
  const Json& json = node_->field(name);
  if (!json.is_string()) node_->fail(name, json, "not a text");
  *value = json.get<std::string>();
}

void JsonReader::get(const std::string& name, std::vector<std::string>* value) const {
  const Json& json = node_->field(name);
  if (!json.is_array()) node_->fail(name, json, "not a list");
  value->clear();
  for (const Json& item : json) {
    if (!item.is_string()) node_->fail(name, json, "not a list of texts");
    value->push_back(item.get<std::string>());
  }
}

JsonReader JsonReader::object(const std::string& name) const {
  return JsonReader(node_->child(name, node_->field(name)));
}

std::vector<JsonReader> JsonReader::objects(const std::string& name) const {
  const Json& json = node_->field(name);
  if (!json.is_array()) node_->fail(name, json, "not a list");
  std::vector<JsonReader> list;
  for (size_t i = 0; i < json.size(); ++i)
    list.push_back(JsonReader(node_->child(fmt::format("{}[{}]", name, i), json[i])));
  return list;
}

std::map<std::string, double> JsonReader::numbers(const std::string& name) const {
  const JsonReader of = object(name);
  std::map<std::string, double> result;
  for (const auto& [key, value] : of.node_->at->items()) of.get(key, &result[key]);
  return result;
}

std::map<std::string, std::string> JsonReader::texts() const {
  std::map<std::string, std::string> result;
  for (const auto& [key, value] : node_->at->items()) get(key, &result[key]);
  return result;
}

}  // namespace dojo
