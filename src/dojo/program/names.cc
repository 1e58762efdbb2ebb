#include "dojo/program/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "dojo/base/error.h"
#include "dojo/base/text.h"

namespace dojo::program {

bool is_name_begin(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_name_char(char c) { return is_name_begin(c) || (c >= '0' && c <= '9'); }

void check_name(std::string_view name) {
  static constexpr std::string_view kReserved[] = {
      "x",    "y",         "min", "max",   "pad",  "transposed", "inf",  "node",  "nodes",
      "here", "interface", "of",  "there", "code", "semaphore",  "live", "input", "output"};
  if (name.empty() || !is_name_begin(name[0]) ||
      !std::all_of(name.begin(), name.end(), is_name_char))
    throw Error(Category::kInput, fmt::format("\"{}\" is no name", one_line(name)), "",
                "use letters, digits and _, a letter first");
  if (name.size() > kMaxNameLength)
    throw Error(Category::kInput,
                fmt::format("a name of {} characters; at most {}", name.size(), kMaxNameLength));
  if (std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved))
    throw Error(Category::kInput, fmt::format("the name {} has a meaning of its own", name));
}

}  // namespace dojo::program
