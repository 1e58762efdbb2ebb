// The files that a command is given: what it writes must not destroy what it reads.
#pragma once

#include <string>
#include <vector>

namespace dojo {

struct GivenFile {
  std::string option;  // or positional argument, that gives it: "--out"
  std::string path;    // "" and "-": no file
};

// Throws Error(kConfig) that names both options where a file that is to be written is also read, or
// is written twice, however it is called: "a" and "./a", through links.
void check_distinct_files(const std::vector<GivenFile>& read,
                          const std::vector<GivenFile>& written);

}  // namespace dojo
