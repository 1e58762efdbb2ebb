#include "dojo/cli/called.h"

#include <cstdlib>

#include "dojo/base/text.h"

namespace dojo {

std::string program_name() {
  const char* name = std::getenv("DOJO_COMMAND");
  return name && *name ? one_line(name) : "dojo";
}

std::string as_called(std::initializer_list<std::string_view> words) {
  std::string line = program_name();
  for (std::string_view word : words) line += " " + shell_word(word);
  return line;
}

std::string with_program_name(std::string_view text) {
  constexpr std::string_view kName = "dojo ";
  const std::string name = program_name() + " ";
  // Whether a command can begin after this text.
  const auto begins_command = [](std::string_view before) {
    if (before.ends_with('`')) return true;
    while (before.ends_with(' ')) before.remove_suffix(1);
    for (std::string_view end : {"\n", "usage:", "|", "&&"})
      if (before.ends_with(end)) return true;
    return before.empty();
  };
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (text.substr(i).starts_with(kName) && begins_command(text.substr(0, i))) {
      out += name;
      i += kName.size();
    } else {
      out += text[i++];
    }
  }
  return out;
}

}  // namespace dojo
