// Messages for people, to stderr. They never fail: where nobody can read them, the work goes on.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace dojo {

template <typename... Values>
void tell(fmt::format_string<Values...> text, Values&&... values) {
  std::fputs(fmt::format(text, std::forward<Values>(values)...).c_str(), stderr);
}

}  // namespace dojo
