#include "dojo/base/version.h"

namespace dojo {

std::string_view version() { return DOJO_VERSION; }

}  // namespace dojo
