#include "dojo/sim/trace_file.h"

#include <fmt/format.h>

#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "dojo/base/protobuf.h"
#include "dojo/base/text.h"
#include "dojo/program/text.h"

namespace dojo::sim {
namespace {

// Numbers of fields, from perfetto/protos/perfetto/trace/*.proto.
namespace field {
constexpr uint32_t kTracePacket = 1;
// TracePacket
constexpr uint32_t kTimestamp = 8, kSequence = 10, kTrackEvent = 11, kInternedData = 12,
                   kSequenceFlags = 13, kTrackDescriptor = 60;
// TrackDescriptor
constexpr uint32_t kUuid = 1, kName = 2, kParent = 5, kChildOrdering = 11, kRank = 12;
// TrackEvent
constexpr uint32_t kCategoryIid = 3, kAnnotation = 4, kType = 9, kNameIid = 10, kTrackUuid = 11;
// InternedData, and the id and text of each of its entries
constexpr uint32_t kCategories = 1, kEventNames = 2, kAnnotationNames = 3, kTexts = 29, kIid = 1,
                   kText = 2;
// DebugAnnotation
constexpr uint32_t kAnnotationNameIid = 1, kInt = 4, kTextIid = 17;
}  // namespace field

constexpr int kExplicit = 3;                       // TrackDescriptor::ChildTracksOrdering
constexpr int kSliceBegin = 1, kSliceEnd = 2;      // TrackEvent::Type
constexpr int kStateCleared = 1, kNeedsState = 2;  // TracePacket::SequenceFlags
constexpr int kOurSequence = 1;                    // any number but 0
constexpr size_t kPieceBytes = size_t{1} << 20;    // written at a time

// The names of arguments, by which they are interned.
enum class Argument : int { kCycle = 1, kCycles, kLine, kInstruction, kBytes, kOthers };
constexpr std::string_view kArgumentNames[] = {"cycle",       "cycles", "line",
                                               "instruction", "bytes",  "others"};

// A text is in the file once, and stands for itself as a number afterwards. From 1.
class Texts {
 public:
  uint64_t id(const std::string& text) {
    const auto [at, is_new] = ids_.try_emplace(text, ids_.size() + 1);
    if (is_new) fresh_.emplace_back(at->second, text);
    return at->second;
  }
  // Those that are not in the file yet, as fields of InternedData.
  void add_fresh(uint32_t kind, ProtoMessage* interned) {
    for (const auto& [id, text] : fresh_)
      interned->message(kind,
                        ProtoMessage().number(field::kIid, id).text(field::kText, to_utf8(text)));
    fresh_.clear();
  }
  bool has_fresh() const { return !fresh_.empty(); }

 private:
  std::map<std::string, uint64_t> ids_;
  std::vector<std::pair<uint64_t, std::string>> fresh_;
};

class Trace {
 public:
  Trace(const Traced& traced, const std::function<void(std::string_view)>& write)
      : traced_(traced), write_(write) {
    ProtoMessage interned;
    for (size_t i = 0; i < std::size(kArgumentNames); ++i)
      interned.message(field::kAnnotationNames,
                       ProtoMessage().number(field::kIid, i + 1).text(2, kArgumentNames[i]));
    packet(ProtoMessage()
               .number(field::kSequenceFlags, kStateCleared)
               .message(field::kInternedData, interned));
  }

  void finish() { write_(buffer_); }

  void node(const RecordedNode& node) {
    const program::NodeClass& node_class = traced_.program.classes[at(node.node_class)];
    const uint64_t group = track(
        0, fmt::format("node ({}, {}), {}", node.node.x, node.node.y, to_utf8(node_class.name)));
    for (size_t t = 0; t < node.threads.size(); ++t) {
      if (node_class.threads[t].instructions.empty()) continue;
      const uint64_t thread = track(group, fmt::format("thread {}", t));
      for (const RecordedNode::InThread& span : node.threads[t])
        in_thread(thread, node.node_class, t, span);
    }
    units(group, "matrix unit", node.matrix);
    units(group, "SIMD unit", node.vector);
    for (const machine::Side side : machine::kSides) {
      const auto s = static_cast<size_t>(side);
      links(group, fmt::format("link to the {}", machine::name(side)), node.links[s]);
      links(group, fmt::format("link to the interface in the {}", machine::name(side)),
            node.to_interface[s]);
      links(group, fmt::format("link from the interface in the {}", machine::name(side)),
            node.from_interface[s]);
    }
  }

 private:
  void packet(const ProtoMessage& fields) {
    ProtoMessage packet = fields;
    packet.number(field::kSequence, kOurSequence);
    buffer_ += ProtoMessage().message(field::kTracePacket, packet).bytes();
    if (buffer_.size() < kPieceBytes) return;
    write_(buffer_);
    buffer_.clear();
  }

  int64_t nanoseconds(Cycles cycle) const {
    if (traced_.clock_hz == 0) return cycle;
    // Three digits at a time, so that nothing overflows.
    int64_t time = cycle / traced_.clock_hz, rest = cycle % traced_.clock_hz;
    for (int i = 0; i < 3; ++i) {
      time = time * 1000 + rest * 1000 / traced_.clock_hz;
      rest = rest * 1000 % traced_.clock_hz;
    }
    return time;
  }

  // Below another one, or, with 0, at the top; in the order in which they are made.
  uint64_t track(uint64_t parent, const std::string& name) {
    const uint64_t uuid = ++num_tracks_;
    ProtoMessage track;
    track.number(field::kUuid, uuid).text(field::kName, name);
    if (parent != 0) track.number(field::kParent, parent);
    track.number(field::kChildOrdering, kExplicit).number(field::kRank, uuid);
    packet(ProtoMessage().message(field::kTrackDescriptor, track));
    return uuid;
  }

  static void add(ProtoMessage* event, Argument name, int64_t value) {
    event->message(field::kAnnotation,
                   ProtoMessage()
                       .number(field::kAnnotationNameIid, static_cast<int>(name))
                       .number(field::kInt, value));
  }

  // `event` has category, name and arguments.
  void slice(uint64_t track, Cycles begin, Cycles end, ProtoMessage event) {
    add(&event, Argument::kCycle, begin);
    add(&event, Argument::kCycles, end - begin);
    event.number(field::kType, kSliceBegin).number(field::kTrackUuid, track);
    ProtoMessage first;
    first.number(field::kTimestamp, nanoseconds(begin)).number(field::kSequenceFlags, kNeedsState);
    if (names_.has_fresh() || categories_.has_fresh() || texts_.has_fresh()) {
      ProtoMessage interned;
      categories_.add_fresh(field::kCategories, &interned);
      names_.add_fresh(field::kEventNames, &interned);
      texts_.add_fresh(field::kTexts, &interned);
      first.message(field::kInternedData, interned);
    }
    packet(first.message(field::kTrackEvent, event));
    packet(
        ProtoMessage()
            .number(field::kTimestamp, nanoseconds(end))
            .number(field::kSequenceFlags, kNeedsState)
            .message(
                field::kTrackEvent,
                ProtoMessage().number(field::kType, kSliceEnd).number(field::kTrackUuid, track)));
  }

  ProtoMessage event(std::string_view category, const std::string& name) {
    ProtoMessage event;
    event.number(field::kCategoryIid, categories_.id(std::string(category)))
        .number(field::kNameIid, names_.id(name));
    return event;
  }

  void in_thread(uint64_t track, program::ClassId node_class, size_t thread,
                 const RecordedNode::InThread& span) {
    const Instruction& instruction = instruction_at(node_class, thread, span.instruction);
    const bool waits = is_waiting(span.on);
    ProtoMessage slice_event =
        event(name(span.on), waits ? fmt::format("waits: {}", name(span.on)) : instruction.text);
    if (waits)
      slice_event.message(
          field::kAnnotation,
          ProtoMessage()
              .number(field::kAnnotationNameIid, static_cast<int>(Argument::kInstruction))
              .number(field::kTextIid, texts_.id(instruction.text)));
    add(&slice_event, Argument::kLine, instruction.line);
    slice(track, span.begin, span.end, std::move(slice_event));
  }

  void units(uint64_t group, const std::string& name,
             const std::vector<RecordedNode::InUnit>& spans) {
    if (spans.empty()) return;
    const uint64_t own = track(group, name);
    for (const RecordedNode::InUnit& span : spans) {
      ProtoMessage slice_event = event("unit", fmt::format("thread {}", span.thread));
      slice(own, span.begin, span.end, std::move(slice_event));
    }
  }

  void links(uint64_t group, const std::string& name,
             const std::vector<RecordedNode::OnLink>& spans) {
    if (spans.empty()) return;
    const uint64_t own = track(group, name);
    for (const RecordedNode::OnLink& span : one_after_the_other(spans)) {
      ProtoMessage slice_event = event("link", "from " + place_name(span.from));
      add(&slice_event, Argument::kBytes, span.bytes);
      if (span.others > 0) add(&slice_event, Argument::kOthers, span.others);
      slice(own, span.begin, span.end, std::move(slice_event));
    }
  }

  // Of the machine.
  std::string place_name(PlaceId place) const {
    if (place >= traced_.num_machine_nodes)
      return fmt::format("interface {}", place - traced_.num_machine_nodes);
    return fmt::format("({}, {})", place % traced_.columns, place / traced_.columns);
  }

  struct Instruction {
    std::string text;
    int64_t line = 0;
  };
  const Instruction& instruction_at(program::ClassId node_class, size_t thread, uint32_t i) {
    const auto [found, is_new] =
        instructions_.try_emplace(std::tuple(program::index(node_class), thread, i));
    if (is_new)
      found->second = {print_instruction(traced_.program, node_class, thread, i),
                       traced_.lines.line(program::site(node_class, thread, i))};
    return found->second;
  }

  const Traced& traced_;
  const std::function<void(std::string_view)>& write_;
  std::string buffer_;
  uint64_t num_tracks_ = 0;
  Texts names_, categories_, texts_;
  std::map<std::tuple<int32_t, size_t, uint32_t>, Instruction> instructions_;
};

}  // namespace

void write_trace(const Recorder& recorder, const Traced& traced,
                 const std::function<void(std::string_view)>& write) {
  Trace trace(traced, write);
  for (const RecordedNode& node : recorder.nodes()) trace.node(node);
  trace.finish();
}

}  // namespace dojo::sim
