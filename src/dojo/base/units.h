// Numbers as a person reads them in progress lines and messages. Files and --json carry plain
// numbers instead.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dojo {

std::string print_bytes(int64_t bytes);  // "999 B", "1.5 GB": powers of 1000
// "4G", "1.5 GB", "800M": powers of 1000; 0 for what is no size above 0.
int64_t parse_bytes(std::string_view text);
std::string print_seconds(
    double seconds);                    // "0.24 s", "42 s", "3 min 20 s", "2 h 5 min", "3 d 4 h"
std::string print_count(double count);  // "999", "12.3 k", "4.1 M"
// "3.2 steps/s"; below one in two seconds the other way round: "4.5 s/step" (the unit without its
// last s).
std::string print_rate(double per_second, std::string_view units);

}  // namespace dojo
