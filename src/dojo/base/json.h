// JSON as text: how it is written, and what is wrong with a text that should be JSON, in our words;
// the library's stay inside.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace dojo {

// The text of a value of the JSON library. Names go into it by to_utf8() (text.h), so that all
// their bytes come back; of other text bytes that are no UTF-8 become U+FFFD. One line, or with
// `indent` many.
template <typename Json>
std::string dump(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// `error`: what the JSON library threw while it read `text` or a field of it. "not JSON: line 1,
// column 5", "the field \"seed\" is missing", "a field has the type number and should have string".
// Of another error its own words.
std::string json_problem(const std::exception& error, std::string_view text);

}  // namespace dojo
