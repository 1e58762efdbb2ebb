#include "dojo/cli/read_program.h"

#include <iostream>

#include "dojo/base/file.h"
#include "dojo/program/text.h"

namespace dojo {
namespace {

// One byte more than the parser takes is enough for it to say so.
std::string read_standard_input() {
  std::string text(static_cast<size_t>(program::kMaxTextBytes + 1), '\0');
  std::cin.read(text.data(), std::ssize(text));
  text.resize(static_cast<size_t>(std::cin.gcount()));
  return text;
}

}  // namespace

program::Program read_program(const std::string& path, program::SourceLines* lines) {
  if (path == "-") return program::parse_program(read_standard_input(), path, lines);
  check_exists(path);
  return program::parse_program(read_file(path, program::kMaxTextBytes), path, lines);
}

}  // namespace dojo
