// Inside of the parser: what its two halves share. text.h is the entrance.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/program/builder.h"
#include "dojo/program/site.h"
#include "dojo/program/tokens.h"

namespace dojo::program {

// Names that instructions refer to.
struct LayoutNames {
  std::map<std::string, AllocationId, std::less<>> allocations;
  std::map<std::string, SemaphoreId, std::less<>> semaphores;
};
struct Names {
  std::map<std::string, LayoutId, std::less<>> layouts;
  std::vector<LayoutNames> of_layout;
  std::map<std::string, BarrierId, std::less<>> barriers;
  std::map<std::string, RandomId, std::less<>> randoms;
};

// x, y, arguments and counters in force, innermost last.
using Variables = std::vector<std::pair<std::string, Expr>>;

// What `work` throws without a place gets this one.
template <typename Work>
auto placed(const Tokens& tokens, Position position, Work&& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (!error.where().empty()) throw;
    tokens.fail(position, error.message(), error.hint());
  }
}

Expr parse_expr(Tokens* tokens, const Variables& variables);
int64_t parse_signed(Tokens* tokens, std::string_view what, int64_t most);  // -most ... most

// "{", instructions, "}" of a thread of a class with this layout; adds the lines of the
// instructions.
void parse_code(Tokens* tokens, const Names& names, LayoutId layout, Variables variables,
                ThreadBuilder thread, std::vector<uint32_t>* lines);

}  // namespace dojo::program
