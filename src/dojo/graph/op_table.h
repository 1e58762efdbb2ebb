// The table of ops in docs/graph.md, made from the ops themselves: `dojo graph ops --markdown`.
#pragma once

#include <string>

namespace dojo {

std::string ops_markdown();

}  // namespace dojo
