#include "dojo/machine/test_machine.h"

#include <gtest/gtest.h>

#include "dojo/machine/built_in.h"
#include "dojo/machine/load.h"

namespace dojo::machine {

std::string built_in_text(std::string_view name) {
  for (const BuiltIn& file : built_in_files())
    if (file.name == name) return std::string(file.text);
  ADD_FAILURE() << "no built-in machine " << name;
  return "";
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  if (at == text.npos)
    ADD_FAILURE() << "nothing to replace: " << from;
  else
    text.replace(at, from.size(), to);
  return text;
}

Error refusal(const std::string& text) {
  try {
    parse_machine(text, "test.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::kInput) << error.what();
    EXPECT_EQ(error.where(), "test.json") << error.what();
    return error;
  }
  return Error(Category::kInput, "");
}

}  // namespace dojo::machine
