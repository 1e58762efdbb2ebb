#include "dojo/cli/given_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "dojo/base/error.h"
#include "dojo/base/text.h"

namespace dojo {
namespace {

namespace fs = std::filesystem;

bool is_file(const GivenFile& given) { return !given.path.empty() && given.path != "-"; }

// Of files that are not there yet the names are compared.
bool are_same(const std::string& a, const std::string& b) {
  std::error_code error;
  if (fs::equivalent(a, b, error)) return true;
  const fs::path first = fs::weakly_canonical(fs::absolute(a, error), error);
  const fs::path second = fs::weakly_canonical(fs::absolute(b, error), error);
  return !error && first == second;
}

void check_distinct(const GivenFile& other, const GivenFile& written, const char* hint) {
  if (!is_file(other) || !is_file(written) || !are_same(other.path, written.path)) return;
  throw Error(Category::kConfig,
              fmt::format("{} and {} are the same file", other.option, written.option),
              one_line(written.path), hint);
}

}  // namespace

void check_distinct_files(const std::vector<GivenFile>& read,
                          const std::vector<GivenFile>& written) {
  for (size_t i = 0; i < written.size(); ++i) {
    for (const GivenFile& other : read)
      check_distinct(other, written[i], "what is read would be lost; give another name");
    for (size_t k = 0; k < i; ++k)
      check_distinct(written[k], written[i], "one would replace the other; give another name");
  }
}

}  // namespace dojo
