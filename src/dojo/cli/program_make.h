// dojo program make: programs of the library, in text form.
#pragma once

#include <span>
#include <string>

namespace dojo {

int run_program_make(std::span<const std::string> argv);

}  // namespace dojo
