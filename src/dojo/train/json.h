// Reads the JSON in which a run stores what it knows of itself, and believes nothing.
//
//   const JsonReader json(text, "the configuration of a run", "runs/a/config.json");
//   json.get("seed", &o.seed);
//   json.object("options").get("steps", &o.steps, 0, 1'000'000'000);
//
// What is missing, of another kind or out of range is an Error(kInput) that names file, field and
// value.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dojo/base/json.h"

namespace dojo {

// An object in such a text. Cheap to copy.
class JsonReader {
 public:
  // `what` the text should be, `where` it was found.
  JsonReader(const std::string& text, std::string what, std::string where, std::string hint = {});

  bool has(const std::string& name) const;

  using Int = std::numeric_limits<int64_t>;
  using Real = std::numeric_limits<double>;
  void get(const std::string& name, int64_t* value, int64_t least = Int::min(),
           int64_t most = Int::max()) const;
  void get(const std::string& name, double* value, double least = Real::lowest(),
           double most = Real::max()) const;
  void get(const std::string& name, uint64_t* value) const;
  void get(const std::string& name, bool* value) const;
  void get(const std::string& name, std::string* value) const;
  void get(const std::string& name, std::vector<std::string>* value) const;

  JsonReader object(const std::string& name) const;
  std::vector<JsonReader> objects(const std::string& name) const;        // a list of objects
  std::map<std::string, double> numbers(const std::string& name) const;  // an object of numbers
  std::map<std::string, std::string> texts() const;  // this object, if all its values are texts

  // Throws the error that this text is not what it should be.
  [[noreturn]] void fail(const std::string& problem) const;

 private:
  struct Node;
  explicit JsonReader(std::shared_ptr<const Node> node);

  std::shared_ptr<const Node> node_;
};

}  // namespace dojo
