// Fuzz entry of the frame index, as the catalogue keeps it and a worker sends it: any bytes are an
// index that survives being written and read again, or an Error. The seeds are those of the files
// in video/. Built with mutate.cc for ctest; with clang also: -fsanitize=fuzzer,address instead of
// mutate.cc.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "dojo/base/error.h"
#include "dojo/video/frame_index.h"
#include "dojo/video/packet_table.h"

namespace {

void insist(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "%s written and read back is something else\n", what);
  std::abort();
}

void read_packets(std::string_view bytes) {
  std::vector<dojo::Packet> packets;
  try {
    packets = dojo::decode_packets(bytes);
  } catch (const dojo::Error&) {
    return;
  }
  insist(dojo::decode_packets(dojo::encode_packets(packets)) == packets, "a packet table");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_packets(bytes);
  dojo::FrameIndex index;
  try {
    index = dojo::decode_index(bytes);
  } catch (const dojo::Error&) {
    return 0;
  }
  insist(dojo::decode_index(dojo::encode_index(index)) == index, "an index");
  read_packets(index.packets);
  return 0;
}
