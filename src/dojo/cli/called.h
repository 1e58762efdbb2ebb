// How the user calls this program: `dojo`, or, from a clone, `./dojo`. The wrapper says it in the
// variable DOJO_COMMAND; what we advise to type must work when it is pasted.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace dojo {

// "./dojo": $DOJO_COMMAND, otherwise "dojo".
std::string program_name();

// A command to be typed: {"train", "--resume", "my runs/a"} -> "./dojo train --resume 'my runs/a'".
std::string as_called(std::initializer_list<std::string_view> words);

// Text of ours, such as a help text or a hint, with its commands as they are to be typed: the word
// `dojo` is the program at the beginning of a line, after "usage:", "|", "&&" and a backquote.
std::string with_program_name(std::string_view text);

}  // namespace dojo
