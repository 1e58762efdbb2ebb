// A program in numbers, for `dojo program`: its classes, its memory, how much it does.
#pragma once

#include <string>

#include "dojo/program/program.h"
#include "dojo/program/verify.h"

namespace dojo::program {

// A table for people.
std::string summary(const Program& program);

// One JSON object: name, grid, layouts with allocations, classes with nodes and instructions.
std::string summary_json(const Program& program);

// "FILE:LINE: overlap: ...; hint", a line for each problem, and which kinds have more.
std::string show_problems(const Program& program, const Verification& verification,
                          const SourceLines& lines);

// One JSON object: the same, and what was verified. `machine`: its name; `assumed`: how many of its
// numbers that were used are assumed.
std::string verification_json(const Program& program, const Verification& verification,
                              const SourceLines& lines, const std::string& machine,
                              int64_t assumed);

}  // namespace dojo::program
