#include "dojo/cli/read_program.h"

#include "dojo/base/file.h"
#include "dojo/program/text.h"

namespace dojo {

program::Program read_program(const std::string& path, program::SourceLines* lines) {
  if (path == "-")
    return program::parse_program(read_standard_input(program::kMaxTextBytes), path, lines);
  check_exists(path);
  return program::parse_program(read_file(path, program::kMaxTextBytes), path, lines);
}

}  // namespace dojo
