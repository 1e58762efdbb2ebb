// Fuzz entry of the problems of `dojo bench op`: any bytes either are an Error of the category
// input, or problems that their own text gives again. Built with mutate.cc for ctest; with clang
// also: -fsanitize=fuzzer,address instead of mutate.cc.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/graph/problem.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<dojo::Problem> problems;
  try {
    problems = dojo::parse_problems({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const dojo::Error& error) {
    if (error.category() == dojo::Category::kInput && !error.where().empty()) return 0;
    std::fprintf(stderr, "an error of the wrong kind: %s\n", error.what());
    std::abort();
  }
  for (const dojo::Problem& p : problems) {
    const dojo::Problem again = dojo::parse_problem(p.text, "again");
    if (again.text == p.text && again.op.inputs.size() == p.op.inputs.size() &&
        again.op.attributes == p.op.attributes)
      continue;
    std::fprintf(stderr, "another problem: %s\n", again.text.c_str());
    std::abort();
  }
  return 0;
}
