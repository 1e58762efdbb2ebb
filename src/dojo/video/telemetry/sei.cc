#include "dojo/video/telemetry/sei.h"

#include <algorithm>

namespace dojo {
namespace {

using Bytes = std::span<const uint8_t>;

constexpr uint8_t kSei = 6, kUserData = 5, kStopBit = 0x80;
constexpr int kMostToEnd = 8;  // payloads of a unit that are tried beyond the size that they state
constexpr uint8_t kMark = 0x42, kMarkEnd = 0x69;

// What follows the marker, where the payload begins with one.
std::optional<Bytes> after_marker(Bytes payload) {
  const auto end =
      std::find_if(payload.begin(), payload.end(), [](uint8_t b) { return b != kMark; });
  if (end == payload.begin() || end == payload.end() || *end != kMarkEnd) return std::nullopt;
  return payload.subspan(static_cast<size_t>(end - payload.begin()) + 1);
}

// A number of an SEI header: the sum of bytes up to and with the first that is not 255.
std::optional<size_t> take_number(Bytes* bytes) {
  size_t sum = 0;
  for (size_t i = 0; i < bytes->size(); ++i) {
    sum += (*bytes)[i];
    if ((*bytes)[i] == 255) continue;
    *bytes = bytes->subspan(i + 1);
    return sum;
  }
  return std::nullopt;
}

// The message in a NAL unit, if it has one.
std::optional<VehicleState> state_in_nal(Bytes nal) {
  if (nal.empty() || (nal[0] & 0x9f) != kSei) return std::nullopt;
  std::vector<uint8_t> unescaped;
  unescaped.reserve(nal.size());
  int zeros = 0;
  for (const uint8_t b : nal.subspan(1)) {
    const bool escape = zeros >= 2 && b == 3;
    zeros = b == 0 ? zeros + 1 : 0;
    if (!escape) unescaped.push_back(b);
  }
  Bytes rest(unescaped);
  while (!rest.empty() && rest.back() == 0) rest = rest.first(rest.size() - 1);
  if (rest.empty() || rest.back() != kStopBit) return std::nullopt;
  rest = rest.first(rest.size() - 1);
  int to_end = 0;
  while (!rest.empty()) {
    const std::optional<size_t> type = take_number(&rest);
    const std::optional<size_t> size = type ? take_number(&rest) : std::nullopt;
    if (!size) return std::nullopt;
    // By the size that the payload states, and else, as the vendor's own viewer does, to the end of
    // the unit.
    for (const size_t length : {*size, rest.size()}) {
      if (*type != kUserData || length > rest.size()) continue;
      if (length != *size && ++to_end > kMostToEnd) continue;
      if (const std::optional<Bytes> message = after_marker(rest.first(length)))
        if (const std::optional<VehicleState> state = decode_message(*message)) return state;
    }
    if (*size > rest.size()) return std::nullopt;
    rest = rest.subspan(*size);
  }
  return std::nullopt;
}

}  // namespace

std::vector<uint8_t> encode_sei_nal(const VehicleState& state) {
  std::vector<uint8_t> payload(15, kMark);
  payload.push_back(kMarkEnd);
  const std::vector<uint8_t> message = encode_message(state);
  payload.insert(payload.end(), message.begin(), message.end());

  std::vector<uint8_t> plain = {kUserData};
  size_t size = payload.size();
  for (; size >= 255; size -= 255) plain.push_back(255);
  plain.push_back(static_cast<uint8_t>(size));
  plain.insert(plain.end(), payload.begin(), payload.end());
  plain.push_back(kStopBit);

  std::vector<uint8_t> nal = {kSei};
  int zeros = 0;
  for (const uint8_t b : plain) {
    if (zeros >= 2 && b <= 3) {
      nal.push_back(3);
      zeros = 0;
    }
    nal.push_back(b);
    zeros = b == 0 ? zeros + 1 : 0;
  }
  return nal;
}

std::optional<VehicleState> find_state(std::span<const uint8_t> packet, int length_bytes) {
  if (length_bytes > 0) {
    const auto width = static_cast<size_t>(length_bytes);
    while (packet.size() > width) {
      uint64_t length = 0;
      for (size_t i = 0; i < width; ++i) length = length << 8 | packet[i];
      packet = packet.subspan(width);
      if (length > packet.size()) return std::nullopt;
      if (const auto state = state_in_nal(packet.first(length))) return state;
      packet = packet.subspan(length);
    }
    return std::nullopt;
  }
  // Between start codes 00 00 01. Zeros before a start code belong to it.
  static constexpr uint8_t kStart[] = {0, 0, 1};
  const auto next = [&](auto from) {
    return std::search(from, packet.end(), std::begin(kStart), std::end(kStart));
  };
  for (auto at = next(packet.begin()); at != packet.end();) {
    const auto begin = at + 3, end = next(begin);
    if (const auto state = state_in_nal({begin, end})) return state;
    at = end;
  }
  return std::nullopt;
}

}  // namespace dojo
