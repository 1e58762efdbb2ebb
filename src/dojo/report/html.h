// Words, numbers and bytes as HTML.
#pragma once

#include <string>
#include <string_view>

namespace dojo::report {

// For text and for attribute values in double or single quotes. Bytes that are no UTF-8 and control
// characters are written out, "\xe9".
std::string escape(std::string_view text);

std::string base64(std::string_view bytes);

std::string significant(double value,
                        int digits = 3);  // "0.00123", "12,300"; a dash for what is not finite
std::string count(double value);          // "1,234,567"; a dash for what is not finite
std::string duration(double seconds);     // "9 min 12 s", "0.35 s"
std::string bytes(double value);          // "1.23 GiB"

// A page that needs nothing outside itself, up to <main>: the style of the report and `style`. A
// policy makes sure that a name which got past the escaping could still load nothing.
std::string page_begin(std::string_view title, std::string_view style = {}, bool scripts = false);

// The network's error over a baseline's: "0.410"; the CSS class that says which is smaller; and
// "0.410 × that of copying the last frame (2.4 times smaller)".
std::string ratio(double r);
const char* judge(double r);
std::string compared(double r, std::string_view baseline);

// A figure with its label below, both HTML; "" where the value is only a dash.
std::string tile(const std::string& value, const std::string& label);

}  // namespace dojo::report
