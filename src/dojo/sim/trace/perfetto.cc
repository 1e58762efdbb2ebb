#include "dojo/sim/trace/perfetto.h"

namespace dojo::sim {
namespace {

// Fields of the messages, by their numbers in Perfetto's .proto files.
enum : uint32_t {
  kTracePacket = 1,

  kPacketTimestamp = 8,
  kPacketSequence = 10,
  kPacketTrackEvent = 11,
  kPacketTrackDescriptor = 60,

  kTrackUuid = 1,
  kTrackName = 2,
  kTrackParent = 5,
  kTrackChildOrdering = 11,
  kTrackRank = 12,

  kEventType = 9,
  kEventTrack = 11,
  kEventName = 23,
};
constexpr uint64_t kSliceBegin = 1, kSliceEnd = 2;  // TrackEvent.Type
constexpr uint64_t kExplicitOrder = 3;              // TrackDescriptor.ChildTracksOrdering

// A message of the protobuf wire format.
class Message {
 public:
  Message& number(uint32_t field, uint64_t value) {
    varint(uint64_t{field} << 3);
    varint(value);
    return *this;
  }
  Message& text(uint32_t field, std::string_view bytes) {
    varint(uint64_t{field} << 3 | 2);
    varint(bytes.size());
    bytes_ += bytes;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

}  // namespace

void PerfettoTrace::packet(std::string_view fields) {
  bytes_ += Message().text(kTracePacket, fields).bytes();
}

uint64_t PerfettoTrace::track(std::string_view name, uint64_t parent) {
  const uint64_t uuid = ++num_tracks_;
  Message descriptor;
  descriptor.number(kTrackUuid, uuid).text(kTrackName, name);
  if (parent != 0) descriptor.number(kTrackParent, parent);
  descriptor.number(kTrackChildOrdering, kExplicitOrder).number(kTrackRank, uuid);
  packet(Message()
             .number(kPacketSequence, 1)
             .text(kPacketTrackDescriptor, descriptor.bytes())
             .bytes());
  return uuid;
}

void PerfettoTrace::slice(uint64_t track, std::string_view name, Cycles begin, Cycles end) {
  const Message first =
      Message().number(kEventType, kSliceBegin).number(kEventTrack, track).text(kEventName, name);
  const Message last = Message().number(kEventType, kSliceEnd).number(kEventTrack, track);
  for (const auto& [event, when] : {std::pair{&first, begin}, {&last, end}})
    packet(Message()
               .number(kPacketTimestamp, static_cast<uint64_t>(when))
               .number(kPacketSequence, 1)
               .text(kPacketTrackEvent, event->bytes())
               .bytes());
}

}  // namespace dojo::sim
