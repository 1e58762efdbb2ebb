// Numbers and times in text from files.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace dojo {

// The text without spaces, tabs and carriage returns around it.
std::string_view trim(std::string_view text);

// All of `text` as a finite number with at most one sign, or nothing.
std::optional<double> parse_number(std::string_view text);

// The lines of `text`, without their ends; the last one only if it is not empty.
std::vector<std::string_view> lines_of(std::string_view text);

// "2026-11-22T10:11:12", with ":" or "-" between hours, minutes and seconds, as names of files have
// it, and "T", " " or "_" before them; then any fraction, and Z or a distance from UTC ("+01:00"),
// which is taken off. Seconds since 1970. `text` may go on after it.
std::optional<double> parse_time(std::string_view text);

}  // namespace dojo
