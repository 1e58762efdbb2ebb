// Where files go that can be made again.
#pragma once

#include <string>

namespace dojo {

// $XDG_CACHE_HOME/opendojo, else ~/.cache/opendojo, both only where the variable holds an absolute
// path (the XDG Base Directory Specification); "" where neither does. The folder may not exist yet.
std::string cache_folder();

}  // namespace dojo
