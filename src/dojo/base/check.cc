#include "dojo/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace dojo {

void check_failed(const char* file, int line, const std::string& what) {
  std::fprintf(stderr, "dojo: bug: %s:%d: check failed: %s\n", file, line, what.c_str());
  std::abort();
}

}  // namespace dojo
