// Files that gzip has made.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace dojo {

// The content of a file, unpacked where it begins as gzip's do (RFC 1952). Throws what read_file()
// throws, and Error(kInput) that names the file where it is damaged, cut off, or has more than
// `max_bytes` unpacked.
std::string read_file_or_gzip(const std::filesystem::path& path, int64_t max_bytes);

}  // namespace dojo
