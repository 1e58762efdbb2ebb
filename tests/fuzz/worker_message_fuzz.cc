// Fuzz entry of what the main process reads from a decoding process, which a hostile file may have
// taken over: any bytes are a message that is written and read back to itself, with no longer lists
// than the question allows and nothing but printable text, or an Error. The first byte is the
// number of frames that the question is about. Built with mutate.cc for ctest; with clang also:
// -fsanitize=fuzzer,address instead of mutate.cc.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "dojo/base/error.h"
#include "dojo/video/packet_table.h"
#include "dojo/video/worker_protocol.h"

namespace {

void insist(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

bool is_printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

template <typename Message>
std::string rewritten(const Message& message, size_t frames) {
  const auto bytes = encode(message);
  std::string buffer(bytes.begin(), bytes.end()), text;
  insist(dojo::take_message(&buffer, &text) && buffer.empty(), "not one whole message");
  const dojo::WorkerMessage again = dojo::decode_worker_message(text, frames);
  const auto twice = encode(std::get<Message>(again));
  insist(std::equal(bytes.begin(), bytes.end(), twice.begin(), twice.end()),
         "written and read back to something else");
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t frames = data[0];
  dojo::WorkerMessage message;
  try {
    message =
        dojo::decode_worker_message({reinterpret_cast<const char*>(data) + 1, size - 1}, frames);
  } catch (const dojo::Error&) {
    return 0;
  }
  std::visit([&](const auto& m) { rewritten(m, frames); }, message);
  const auto* reply = std::get_if<dojo::WorkerReply>(&message);
  if (!reply) return 0;
  insist(reply->md5.size() <= frames && reply->damaged.size() <= frames &&
             reply->kept.size() <= frames && reply->states.size() <= frames,
         "a list that is too long");
  insist(is_printable(reply->reason) && is_printable(reply->index.note) &&
             is_printable(reply->unguarded),
         "text that is not printable");
  try {
    dojo::decode_packets(reply->index.packets);
  } catch (const dojo::Error&) {
  }
  return 0;
}
