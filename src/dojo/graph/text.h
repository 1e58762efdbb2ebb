// The text form of a graph (grammar and semantics: docs/graph.md). parse_graph(print_graph(g)) == g
// for every verified graph.
#pragma once

#include <string>
#include <string_view>

#include "dojo/graph/graph.h"

namespace dojo {

std::string print_graph(const Graph& graph);

// Parses and verifies. Throws Error(kInput) whose `where` is "FILE:LINE:COLUMN". The text may come
// from anybody.
Graph parse_graph(std::string_view text, std::string_view file = "graph");

// The pieces of the printer, for messages: "Conv(%x, %w; strides=[2,2])".
std::string print_node(const Graph& graph, const Node& node);

}  // namespace dojo
