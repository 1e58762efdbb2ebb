// What tells one state of a file from another: its size, its time stamp, and a hash of its ends.
// Reads at most 128 KiB. Whoever keeps something that was made from a file (an index, small copies
// of its frames) keeps the fingerprint beside it, and throws both away when the file has another.
// It does not notice a flipped bit in the middle of a file; the checksums of its packets do
// (packet_table.h). Thread-safe.
#pragma once

#include <cstdint>
#include <string>

namespace dojo {

struct Fingerprint {
  uint64_t size = 0;      // bytes
  uint64_t mtime_ns = 0;  // time of the last change, since 1970
  uint64_t hash =
      0;  // CRC-32C of the first 64 KiB, shifted up by 32 bits, | that of the last 64 KiB
  bool operator==(const Fingerprint&) const = default;

  std::string text() const;  // "SIZE-MTIME-HASH" in hexadecimal: 16 digits each
};

// Throws Error(kIo) where the file cannot be read, is no regular file, or changes meanwhile.
Fingerprint fingerprint_of(const std::string& path);

// The same without the hash, by asking the system only: 0 there.
Fingerprint size_and_time_of(const std::string& path);

}  // namespace dojo
