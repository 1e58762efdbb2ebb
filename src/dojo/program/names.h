// The names that a program may give.
#pragma once

#include <string_view>

namespace dojo::program {

inline constexpr size_t kMaxNameLength = 64;

bool is_name_begin(char c);  // a letter or '_'
bool is_name_char(char c);   // those and digits

// Throws Error(kInput) for what is no name, is too long, or is a word of the text form with which
// an expression or a view could begin ("x", "node", "pad").
void check_name(std::string_view name);

}  // namespace dojo::program
