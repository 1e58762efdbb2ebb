// What is wrong with a text that should be JSON, in our words; the library's stay inside.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace dojo {

// `error`: what the JSON library threw while it read `text` or a field of it. "not JSON: line 1,
// column 5", "the field \"seed\" is missing", "a field has the type number and should have string".
// Of another error its own words.
std::string json_problem(const std::exception& error, std::string_view text);

}  // namespace dojo
