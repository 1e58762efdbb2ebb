// What tests of machine descriptions share: texts with one thing changed, and how they are refused.
#pragma once

#include <string>
#include <string_view>

#include "dojo/base/error.h"

namespace dojo::machine {

// The text of a file of machines/. REQUIRES: there is one.
std::string built_in_text(std::string_view name);

// The text with `from`, which is in it, replaced in one place.
std::string replaced(std::string text, std::string_view from, std::string_view to);

// The Error(kInput) with which the text is refused as "test.json"; with the message "" if it is
// not.
Error refusal(const std::string& text);

}  // namespace dojo::machine
