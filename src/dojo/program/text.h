// The text form of a program (grammar and meaning: docs/program.md).
// parse_program(print_program(p)) == p for every program.
#pragma once

#include <string>
#include <string_view>

#include "dojo/program/program.h"
#include "dojo/program/site.h"

namespace dojo::program {

std::string print_program(const Program& program);

// Without line break; of a loop only its head. For messages: "wait full by 2".
std::string print_instruction(const Program& program, ClassId node_class, size_t thread,
                              size_t instruction);

// The most that parse_program() takes.
inline constexpr int64_t kMaxTextBytes = int64_t{1} << 26;

// Throws Error(kInput) whose `where` is "FILE:LINE:COLUMN". The text may come from anybody. What it
// gives keeps the rules of program.h; verify() decides whether it can run.
Program parse_program(std::string_view text, std::string_view file = "program",
                      SourceLines* lines = nullptr);

// A region without its brackets: "3,0", "0:+4,0:+2". Throws Error(kInput).
Region parse_region(std::string_view text);

}  // namespace dojo::program
