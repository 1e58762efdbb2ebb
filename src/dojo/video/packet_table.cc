#include "dojo/video/packet_table.h"

#include <algorithm>
#include <tuple>

#include "dojo/video/varint.h"

namespace dojo {
namespace {

constexpr uint64_t kFar = 4, kKey = 2, kHidden = 1;
constexpr size_t kLeastBytes = 7;  // of a packet: three numbers and the checksum

}  // namespace

std::string encode_packets(std::span<const Packet> packets) {
  std::string out;
  out.reserve(12 * packets.size() + 10);
  put_varint(&out, packets.size());
  int64_t pts = 0, end = 0;
  for (const Packet& p : packets) {
    const uint64_t step = zigzag(wrapping_subtract(p.pts, pts));
    const bool far = step >> 61 != 0;
    put_varint(&out, (far ? kFar : step << 3) | (p.key ? kKey : 0) | (p.shown ? 0 : kHidden));
    if (far) put_varint(&out, step);
    put_varint(&out, zigzag(wrapping_subtract(p.offset, end)));
    put_varint(&out, static_cast<uint64_t>(p.size));
    for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(p.crc >> shift);
    pts = p.pts;
    end = wrapping_add(p.offset, p.size);
  }
  return out;
}

std::vector<Packet> decode_packets(std::string_view bytes) {
  VarintReader in(bytes);
  std::vector<Packet> packets(in.next_count(kLeastBytes));
  int64_t pts = 0, end = 0;
  for (Packet& p : packets) {
    const uint64_t head = in.next();
    p.key = head & kKey;
    p.shown = !(head & kHidden);
    p.pts = pts = wrapping_add(pts, unzigzag(head & kFar ? in.next() : head >> 3));
    p.offset = wrapping_add(end, in.next_signed());
    p.size = static_cast<int64_t>(in.next());
    if (p.size < 0) throw Error(Category::kInput, "a packet of the index has a negative size");
    end = wrapping_add(p.offset, p.size);
    const std::string_view crc = in.bytes(4);
    for (size_t i = 0; i < 4; ++i)
      p.crc |= static_cast<uint32_t>(static_cast<uint8_t>(crc[i])) << (8 * i);
  }
  if (!in.empty()) throw Error(Category::kInput, "something follows the packets of the index");
  return packets;
}

std::vector<bool> packets_kept(std::span<const Packet> before, std::span<const Packet> now) {
  using Content = std::tuple<int64_t, int64_t, uint32_t>;
  std::vector<Content> there;
  for (const Packet& p : now) there.emplace_back(p.offset, p.size, p.crc);
  std::sort(there.begin(), there.end());
  std::vector<bool> kept;
  for (const Packet& p : before)
    kept.push_back(
        std::binary_search(there.begin(), there.end(), Content(p.offset, p.size, p.crc)));
  return kept;
}

}  // namespace dojo
