#include "dojo/cli/common.h"

#include <fmt/format.h>

#include <cstdio>

#include "dojo/base/error.h"
#include "dojo/graph/interpreter.h"
#include "dojo/host/executor.h"

namespace dojo {

std::pair<int64_t, int64_t> parse_size(const std::string& text, const std::string& option) {
  long long height = 0, width = 0;
  int read = 0;
  if (std::sscanf(text.c_str(), "%5lldx%5lld%n", &height, &width, &read) != 2 ||
      read != static_cast<int>(text.size()) || height < 1 || width < 1)
    throw Error(Category::kConfig, fmt::format("size '{}'", text), option,
                "give HEIGHTxWIDTH, for example 128x256");
  return {height, width};
}

ExecutorFactory executor_factory(const std::string& name) {
  if (name == "host") return [](const Graph& g) { return make_host_executor(g); };
  if (name == "interpreter") return [](const Graph& g) { return make_interpreter(g); };
  throw Error(Category::kConfig, fmt::format("unknown executor '{}'", name), "--executor",
              "use host or interpreter");
}

}  // namespace dojo
