// Text from outside, such as file names, on its way to a terminal, a shell, JSON or a page.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dojo {

// File names may hold anything. The text with each control code as "\x1b" and each byte that is no
// UTF-8 as "\xe9", so that it stays one line, commands no terminal and is shown everywhere alike.
std::string one_line(std::string_view text);

// one_line(), for a table: of a name that is wider than `most` columns the middle is left out, for
// its end tells more: "2026-05-01_14-…_14-02-11-left_repeater.mp4".
std::string for_table(std::string_view name, size_t most = 72);

// How wide a line is at most: a terminal shows most characters beyond U+07FF two columns wide.
size_t columns_of(std::string_view line);

// Bytes of the well-formed UTF-8 character at the beginning of `text`; 0 if there is none.
size_t utf8_length(std::string_view text);

// A name with each byte that is no UTF-8 as "\xe9": what JSON can hold and a person can read. The
// backslash of a name that has "\x" in it becomes "\x5c", so that different names stay different.
std::string to_utf8(std::string_view text);

// The name that to_utf8() made `text` of, byte by byte.
std::string name_of_utf8(std::string_view text);

// "file:///a%20b/caf%E9.mp4" (RFC 8089): ASCII, from which every path comes back byte by byte. A
// relative path is taken from the folder that the process is in.
std::string file_uri(const std::string& path);

// The word as a shell reads it back: in quotes where it needs them, one line in any case.
std::string shell_word(std::string_view word);

// "a, b, c and 2 more": at most three of them.
std::string listed(const std::vector<std::string>& names);

}  // namespace dojo
