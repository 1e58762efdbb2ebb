// Programs of the simulated machine, as sub-commands take them.
#pragma once

#include <string>

#include "dojo/program/program.h"
#include "dojo/program/site.h"

namespace dojo {

inline constexpr char kProgramHelp[] = "a program in text form, - for standard input";

// `lines` may be null. Throws Error(kInput) or Error(kIo).
program::Program read_program(const std::string& path, program::SourceLines* lines);

}  // namespace dojo
