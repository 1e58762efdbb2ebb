// The names that a program may give.
#pragma once

#include <string_view>

namespace dojo::program {

inline constexpr size_t kMaxNameLength = 64;

bool is_name_begin(char c);  // a letter or '_'
bool is_name_char(char c);   // those and digits

// Throws Error(kInput) for what is no name, is too long, or is a word of the text form that may
// stand where a name does: an expression or a view could begin with it ("x", "node", "pad"), or an
// allocation could end with it ("input").
void check_name(std::string_view name);

}  // namespace dojo::program
