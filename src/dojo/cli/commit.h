// Which sources the program was built from; the body is written at each build by
// tools/write_commit.cmake.
#pragma once

#include <string_view>

namespace dojo {

// "0123456789ab", with "-dirty" where files differed from the commit, or "unknown".
std::string_view source_commit();

}  // namespace dojo
