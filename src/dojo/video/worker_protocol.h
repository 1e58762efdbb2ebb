// What the main process and a decoding process say to each other over a socket: a request and a
// reply in turn (and, before the reply,
// signs of life while the work goes on), each a CBOR object (names of files need not be UTF-8,
// which JSON text would want) after its length in 4 bytes. Pictures travel in shared memory. The
// main process never believes a worker: lengths and numbers are checked here.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dojo/video/frame_index.h"
#include "dojo/video/telemetry/vehicle_state.h"

namespace dojo {

constexpr int kWorkerSocket = 3, kWorkerMemory = 4;  // file descriptors of the worker
constexpr uint32_t kMaxMessageBytes = 256u << 20;

struct ReadRequest {
  std::vector<int64_t> frames;    // strictly ascending
  int64_t height = 0, width = 0;  // of the RGB pictures
  bool md5 = false;               // hashes of the stored pictures instead of RGB
  bool keep_damaged = false;      // pixels also of damaged frames, where there are any
};

struct WorkerRequest {
  std::string path;
  bool probe = false;     // only the index is wanted
  bool states = false;    // only the telemetry is wanted
  ReadRequest read = {};  // else
  std::shared_ptr<const FrameIndex> index =
      {};  // of a read or states: where the worker does not have it yet
};

struct WorkerReply {
  bool ok = false;
  std::string category, reason;  // if not ok: "input", "io", "unsupported"; no path in it
  bool process_lost =
      false;         // it crashed, hung or made no sense: the file is not to be touched again
  FrameIndex index;  // of a probe
  std::span<const uint8_t>
      pixels;  // of a read: [frames, height, width, 3] u8, valid until the next request
  std::vector<std::string> md5;  // of a read, for each frame
  std::vector<std::pair<int64_t, std::string>>
      damaged;                // of a read: frames without pixels, and why
  std::vector<int64_t> kept;  // frames of `damaged` that have pixels all the same, as was asked
  std::vector<std::pair<int64_t, VehicleState>> states;  // by frame, ascending
  int64_t frames_decoded = 0;
  double cpu_seconds = 0;

  // 0: this is the reply. Else the request is still worked on, and this grows with the packets read
  // and pictures decoded; the rest is empty.
  int64_t progress = 0;
};

// Whole messages, with the length. `pixels` and `process_lost` of a reply do not travel.
std::string encode(const WorkerRequest& request);
std::string encode(const WorkerReply& reply);

// From the text that take_message() gave. Throw std::exception (nlohmann's, or Error) for what
// makes no sense.
WorkerRequest decode_request(const std::string& text);
WorkerReply decode_reply(const std::string& text);

// Takes the first whole message from `buffer`. False if there is none yet. Throws Error(kInput) for
// one that is too long.
bool take_message(std::string* buffer, std::string* text);

}  // namespace dojo
