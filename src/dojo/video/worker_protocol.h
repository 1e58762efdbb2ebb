// What the main process and a decoding process say to each other: CBOR messages (names of files
// need not be UTF-8, which JSON text would want) with a length before them over a socket, pictures
// in a piece of shared memory. The main process never believes a worker: lengths and numbers are
// checked here.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "dojo/video/frame_index.h"

namespace dojo {

constexpr int kWorkerSocket = 3, kWorkerMemory = 4;  // file descriptors of the worker
constexpr uint32_t kMaxMessageBytes = 256u << 20;

nlohmann::json to_json(const FrameIndex& index);
FrameIndex index_from_json(const nlohmann::json& json);  // throws Error(kInput) or nlohmann's
                                                         // exceptions where it is not an index

std::string frame_message(const nlohmann::json& json);  // length and text
nlohmann::json parse_message(const std::string& text);  // throws nlohmann's exceptions
// Takes the first whole message from `buffer`. False if there is none yet. Throws Error(kInput) for
// one that is too long.
bool take_message(std::string* buffer, std::string* text);

}  // namespace dojo
