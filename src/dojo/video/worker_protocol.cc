#include "dojo/video/worker_protocol.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "dojo/base/error.h"
#include "dojo/video/telemetry/sei.h"
#include "dojo/video/varint.h"

namespace dojo {
namespace {

constexpr size_t kMaxReason = 4096;  // bytes; longer reasons are cut by who writes them

// The first byte of a message.
enum Kind : char {
  kRequest = 'Q',
  kGranted = 'G',
  kReply = 'A',
  kProgress = 'P',
  kWanted = 'W',
  kRefused = 'X',
};

class Writer {
 public:
  explicit Writer(Kind kind) : bytes_(sizeof(uint32_t), '\0') { bytes_ += kind; }

  void number(uint64_t value) { put_varint(&bytes_, value); }
  void number(int64_t value) { number(zigzag(value)); }
  void flag(bool value) { number(static_cast<uint64_t>(value)); }
  void text(std::string_view value) {
    number(uint64_t{value.size()});
    bytes_ += value;
  }
  void ascending(std::span<const int64_t> values) {  // any, but ascending ones take little room
    number(uint64_t{values.size()});
    int64_t last = 0;
    for (const int64_t v : values) number(wrapping_subtract(v, std::exchange(last, v)));
  }

  std::string message() {
    const auto size = static_cast<uint32_t>(bytes_.size() - sizeof(uint32_t));
    std::memcpy(bytes_.data(), &size, sizeof size);
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
};

[[noreturn]] void fail(const char* why) { throw Error(Category::kIo, why); }

class Reader {
 public:
  explicit Reader(std::string_view text) : in_(text) {}

  Kind kind() { return static_cast<Kind>(in_.bytes(1)[0]); }
  uint64_t number() { return in_.next(); }
  int64_t signed_number() { return in_.next_signed(); }
  bool flag() {
    const uint64_t value = number();
    if (value > 1) fail("neither yes nor no");
    return value == 1;
  }
  // Of a list, each item of which takes at least `bytes_each`.
  size_t count(size_t bytes_each, size_t most) {
    const size_t n = in_.next_count(bytes_each);
    if (n > most) fail("a list has more items than there can be");
    return n;
  }
  std::string_view bytes(size_t most) { return in_.bytes(count(1, most)); }
  std::string text() { return std::string(bytes(kAny)); }
  // For people, through files and terminals.
  std::string words(size_t most) {
    std::string text(bytes(most));
    make_printable(&text);
    return text;
  }
  std::vector<int64_t> ascending(size_t most) {
    std::vector<int64_t> values(count(1, most));
    int64_t last = 0;
    for (int64_t& v : values) v = last = wrapping_add(last, signed_number());
    return values;
  }
  void end() {
    if (!in_.empty()) fail("something follows the message");
  }

  static void make_printable(std::string* text) {
    for (char& c : *text)
      if (c < ' ' || c > '~') c = '?';
  }
  static constexpr size_t kAny = std::numeric_limits<size_t>::max();

 private:
  VarintReader in_;
};

std::string_view cut(const std::string& reason) {
  return std::string_view(reason).substr(0, kMaxReason);
}

WorkerReply read_reply(Reader* in, size_t most) {
  WorkerReply r;
  r.ok = in->flag();
  r.category = in->words(64);
  r.reason = in->words(kMaxReason);
  r.unguarded = in->words(kMaxReason);
  if (in->flag()) {
    r.index = decode_index(in->bytes(Reader::kAny));
    for (std::string* text :
         {&r.index.codec, &r.index.container, &r.index.pixel_format, &r.index.note}) {
      if (text->size() > kMaxReason) fail("a text is too long");
      Reader::make_printable(text);
    }
  }
  r.md5.resize(in->count(1, most));
  for (std::string& sum : r.md5) sum = in->words(64);
  r.damaged.resize(in->count(2, most));
  for (auto& [frame, reason] : r.damaged) {
    frame = in->signed_number();
    reason = in->words(kMaxReason);
  }
  r.kept = in->ascending(most);
  r.states.resize(in->count(2, most));
  for (auto& [frame, state] : r.states) {
    frame = in->signed_number();
    const std::string_view bytes = in->bytes(kMaxReason);
    const std::optional<VehicleState> found =
        decode_message({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    if (!found) fail("a vehicle state that makes no sense");
    state = *found;
  }
  r.frames_decoded = in->signed_number();
  r.cpu_seconds = std::bit_cast<double>(in->number());
  if (r.frames_decoded < 0 || !(r.cpu_seconds >= 0) || std::isinf(r.cpu_seconds))
    fail("negative or endless work");
  return r;
}

}  // namespace

std::string encode(const WorkerRequest& r) {
  Writer out(kRequest);
  out.text(r.path);
  out.flag(r.probe);
  out.flag(r.states);
  out.ascending(r.read.frames);
  out.number(r.read.height);
  out.number(r.read.width);
  out.flag(r.read.md5);
  out.flag(r.read.keep_damaged);
  out.flag(r.index != nullptr);
  if (r.index) out.text(encode_index(*r.index));
  out.flag(r.pictures);
  out.ascending(r.picture_times);
  return out.message();
}

WorkerRequest decode_request(std::string_view text) {
  Reader in(text);
  if (in.kind() != kRequest) fail("no request");
  WorkerRequest r;
  r.path = in.text();
  r.probe = in.flag();
  r.states = in.flag();
  r.read.frames = in.ascending(Reader::kAny);
  r.read.height = in.signed_number();
  r.read.width = in.signed_number();
  r.read.md5 = in.flag();
  r.read.keep_damaged = in.flag();
  if (in.flag()) r.index = std::make_shared<const FrameIndex>(decode_index(in.bytes(Reader::kAny)));
  r.pictures = in.flag();
  r.picture_times = in.ascending(Reader::kAny);
  in.end();
  return r;
}

std::string encode(const GrantedPictures& granted) {
  Writer out(kGranted);
  out.number(uint64_t{granted.problems.size()});
  for (const std::string& problem : granted.problems) out.text(cut(problem));
  return out.message();
}

GrantedPictures decode_granted(std::string_view text) {
  Reader in(text);
  if (in.kind() != kGranted) fail("no pictures granted");
  GrantedPictures granted;
  granted.problems.resize(in.count(1, kPicturesAtOnce));
  for (std::string& problem : granted.problems) problem = in.text();
  in.end();
  return granted;
}

std::string encode(const WorkerReply& r) {
  Writer out(kReply);
  out.flag(r.ok);
  out.text(r.category);
  out.text(cut(r.reason));
  out.text(cut(r.unguarded));
  out.flag(r.index.num_frames() > 0);
  if (r.index.num_frames() > 0) out.text(encode_index(r.index));
  out.number(uint64_t{r.md5.size()});
  for (const std::string& sum : r.md5) out.text(sum);
  out.number(uint64_t{r.damaged.size()});
  for (const auto& [frame, reason] : r.damaged) {
    out.number(frame);
    out.text(cut(reason));
  }
  out.ascending(r.kept);
  out.number(uint64_t{r.states.size()});
  for (const auto& [frame, state] : r.states) {
    const std::vector<uint8_t> bytes = encode_message(state);
    out.number(frame);
    out.text({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  out.number(r.frames_decoded);
  out.number(std::bit_cast<uint64_t>(r.cpu_seconds));
  return out.message();
}

std::string encode(const WorkerProgress& progress) {
  Writer out(kProgress);
  out.number(progress.done);
  return out.message();
}

std::string encode(const WantedPictures& wanted) {
  Writer out(kWanted);
  out.number(wanted.first);
  return out.message();
}

std::array<char, 9> encode(const RefusedCall& call) {
  std::array<char, 9> bytes{5, 0, 0, 0, kRefused};
  std::memcpy(bytes.data() + 5, &call.number, sizeof call.number);
  return bytes;
}

WorkerMessage decode_worker_message(std::string_view text, size_t most_frames) {
  Reader in(text);
  switch (in.kind()) {
    case kReply: {
      WorkerReply reply = read_reply(&in, most_frames);
      in.end();
      return reply;
    }
    case kProgress: {
      const WorkerProgress progress{in.signed_number()};
      in.end();
      return progress;
    }
    case kWanted: {
      const WantedPictures wanted{in.signed_number()};
      in.end();
      return wanted;
    }
    case kRefused: {
      if (text.size() != 5) fail("no number of a system call");
      RefusedCall call;
      std::memcpy(&call.number, text.data() + 1, sizeof call.number);
      return call;
    }
    default:
      fail("a message of no known kind");
  }
}

bool take_message(std::string* buffer, std::string* text, uint32_t most) {
  uint32_t size = 0;
  if (buffer->size() < sizeof size) return false;
  std::memcpy(&size, buffer->data(), sizeof size);
  if (size > most) throw Error(Category::kInput, "a message of the decoding process is too long");
  if (buffer->size() < sizeof size + size) return false;
  *text = buffer->substr(sizeof size, size);
  buffer->erase(0, sizeof size + size);
  return true;
}

}  // namespace dojo
