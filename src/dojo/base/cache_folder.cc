#include "dojo/base/cache_folder.h"

#include <cstdlib>
#include <filesystem>

namespace dojo {

std::string cache_folder() {
  const auto variable = [](const char* name) -> std::filesystem::path {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  if (const auto cache = variable("XDG_CACHE_HOME"); cache.is_absolute())
    return (cache / "opendojo").string();
  if (const auto home = variable("HOME"); home.is_absolute())
    return (home / ".cache" / "opendojo").string();
  return {};
}

}  // namespace dojo
