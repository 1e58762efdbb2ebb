// Text from outside on its way to a terminal.
#pragma once

#include <string>
#include <string_view>

namespace dojo {

// File names may hold anything. The text with each control code as "\x1b", so that it stays one
// line and commands no terminal; other bytes, UTF-8 among them, stay as they are.
std::string one_line(std::string_view text);

}  // namespace dojo
