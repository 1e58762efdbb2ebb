// Numbers of an architecture that is stored as text (to_metadata() of a network).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dojo {

// "16,8,4" -> {16, 8, 4}; at least one. Throws Error(kInput) that names the entry.
std::vector<int64_t> metadata_integers(const std::map<std::string, std::string>& metadata,
                                       const std::string& key);

}  // namespace dojo
