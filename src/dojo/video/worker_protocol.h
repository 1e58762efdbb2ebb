// What the main process and a decoding process say to each other over a socket. The main process
// sends requests, and with them descriptors of the files, open for reading. The worker works on one
// at a time, and until it has answered it may give signs of life and ask for the descriptors of
// further pictures of a folder. Pictures that were decoded travel in shared memory.
//
//   main -> worker   WorkerRequest, GrantedPictures
//   worker -> main   WorkerReply, WorkerProgress, WantedPictures, RefusedCall
//
// Each message is its length in 4 bytes and then flat bytes: numbers as in varint.h, texts and
// lists after their lengths. The main process never believes a worker: nothing in a message can
// nest, and a list never has more items than there are bytes for, nor more than the question can
// have answers.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dojo/video/frame_index.h"
#include "dojo/video/telemetry/vehicle_state.h"

namespace dojo {

constexpr int kWorkerSocket = 3, kWorkerMemory = 4;  // file descriptors of the worker
constexpr uint32_t kMaxMessageBytes = 256u << 20;
constexpr size_t kPicturesAtOnce = 16;  // descriptors in one message, at most

// A worker keeps what it was told of the files that it was asked to read last; the main process
// counts along.
constexpr size_t kKnownFiles = 64;

struct ReadRequest {
  std::vector<int64_t> frames;    // strictly ascending
  int64_t height = 0, width = 0;  // of the RGB pictures
  bool md5 = false;               // hashes of the stored pictures instead of RGB
  bool keep_damaged = false;      // pixels also of damaged frames, where there are any
};

struct WorkerRequest {
  std::string path;       // a name only; what it leads to is not opened by the worker
  bool probe = false;     // only the index is wanted
  bool states = false;    // only the telemetry is wanted
  ReadRequest read = {};  // else
  std::shared_ptr<const FrameIndex> index =
      {};  // of a read or states: where the worker does not have it yet

  // A folder of pictures. Otherwise the file's descriptor comes with the request.
  bool pictures = false;
  std::vector<int64_t> picture_times = {};  // microseconds; where the worker does not have them yet
};

// Pictures from WantedPictures::first on: empty, and a descriptor comes along, or why not.
struct GrantedPictures {
  std::vector<std::string> problems;
};

struct WorkerReply {
  bool ok = false;
  std::string category, reason;  // if not ok: "input", "io", "unsupported"; no path in it
  FrameIndex index;              // of a probe
  std::vector<std::string> md5;  // of a read, for each frame
  std::vector<std::pair<int64_t, std::string>>
      damaged;                // of a read: frames without pixels, and why
  std::vector<int64_t> kept;  // frames of `damaged` that have pixels all the same, as was asked
  std::vector<std::pair<int64_t, VehicleState>> states;  // by frame, ascending
  int64_t frames_decoded = 0;
  double cpu_seconds = 0;
  std::string unguarded;  // what the sandbox of the process lacks; empty: nothing

  // These do not travel.
  bool process_lost =
      false;  // it crashed, hung or made no sense: the file is not to be touched again
  std::span<const uint8_t>
      pixels;  // of a read: [frames, height, width, 3] u8, valid until the next request
};

struct WorkerProgress {
  int64_t done = 0;  // packets read and pictures decoded; grows
};
struct WantedPictures {
  int64_t first = 0;
};
struct RefusedCall {
  int32_t number = 0;  // of the system call
};
using WorkerMessage = std::variant<WorkerReply, WorkerProgress, WantedPictures, RefusedCall>;

// Whole messages, with the length.
std::string encode(const WorkerRequest& request);
std::string encode(const GrantedPictures& granted);
std::string encode(const WorkerReply& reply);
std::string encode(const WorkerProgress& progress);
std::string encode(const WantedPictures& wanted);
std::array<char, 9> encode(const RefusedCall& call);  // may be called by a signal handler

// From the text that take_message() gave. Throw Error for what makes no sense. `most_frames`: the
// question is about so many; no list of the answer may be longer. Texts become printable ASCII.
WorkerRequest decode_request(std::string_view text);
GrantedPictures decode_granted(std::string_view text);
WorkerMessage decode_worker_message(std::string_view text, size_t most_frames);

// Takes the first whole message from `buffer`. False if there is none yet. Throws Error(kInput) for
// one of more than `most` bytes.
bool take_message(std::string* buffer, std::string* text, uint32_t most = kMaxMessageBytes);

}  // namespace dojo
