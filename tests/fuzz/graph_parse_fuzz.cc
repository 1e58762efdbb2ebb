// Fuzz entry of the graph parser: any bytes either are an Error of the category input, or a graph
// that prints and parses back to itself. Built with mutate.cc for ctest; with clang also:
// -fsanitize=fuzzer,address instead of mutate.cc.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "dojo/base/error.h"
#include "dojo/graph/text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  dojo::Graph graph;
  try {
    graph = dojo::parse_graph({reinterpret_cast<const char*>(data), size});
  } catch (const dojo::Error& error) {
    if (error.category() == dojo::Category::kInput && !error.where().empty()) return 0;
    std::fprintf(stderr, "an error of the wrong kind: %s\n", error.what());
    std::abort();
  }
  if (dojo::parse_graph(dojo::print_graph(graph)) != graph) {
    std::fprintf(stderr, "prints and parses to another graph:\n%s\n",
                 dojo::print_graph(graph).c_str());
    std::abort();
  }
  return 0;
}
