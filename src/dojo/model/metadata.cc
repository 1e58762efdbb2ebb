#include "dojo/model/metadata.h"

#include <fmt/format.h>

#include <charconv>

#include "dojo/base/error.h"

namespace dojo {

std::vector<int64_t> metadata_integers(const std::map<std::string, std::string>& metadata,
                                       const std::string& key) {
  const auto found = metadata.find(key);
  if (found == metadata.end())
    throw Error(Category::kInput, fmt::format("no entry '{}' in the model's metadata", key));
  std::vector<int64_t> values;
  const char *p = found->second.data(), *end = p + found->second.size();
  while (true) {
    int64_t value = 0;
    const auto [next, error] = std::from_chars(p, end, value);
    if (error != std::errc() || (next != end && *next != ','))
      throw Error(
          Category::kInput,
          fmt::format("model metadata '{}' is '{}', not a list of integers", key, found->second));
    values.push_back(value);
    if (next == end) return values;
    p = next + 1;
  }
}

}  // namespace dojo
