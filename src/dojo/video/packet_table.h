// What a file's packets were when it was indexed: where each begins, how long it is, its time and
// the CRC-32C of its bytes. The decoder compares each packet that it reads with its line here, so
// that a file whose bytes changed since is noticed, also where the changed picture decodes without
// complaint. Stored in about 10 bytes a packet. Thread-safe.
//
//   encode: count, then for each packet varints (varint.h):
//     step << 3 | key << 1 | hidden, step: the time less that of the packet before, signed; where
//       that has more than 61 bits, 4 | key << 1 | hidden, and the step as the next number
//     offset less the end of the packet before, signed;  size;  4 bytes CRC, lowest first
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dojo {

struct Packet {
  int64_t pts = 0;     // in units of the time base; INT64_MIN: the file gives none
  int64_t offset = 0;  // in the file; -1: not known
  int64_t size = 0;    // bytes
  uint32_t crc = 0;
  bool key = false;   // decoding can start here
  bool shown = true;  // false: decoded, but outside the edit list
  bool operator==(const Packet&) const = default;
};

std::string encode_packets(std::span<const Packet> packets);

// Throws Error(kInput) for bytes that encode_packets() cannot have given.
std::vector<Packet> decode_packets(std::string_view bytes);

// Which of `before` are in `now` with the same place, size and checksum. [before]
std::vector<bool> packets_kept(std::span<const Packet> before, std::span<const Packet> now);

}  // namespace dojo
