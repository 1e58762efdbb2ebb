#include "dojo/video/worker_protocol.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/video/telemetry/sei.h"

namespace dojo {
namespace {

using nlohmann::json;

json to_json(const FrameIndex& index) {
  const std::string bytes = encode_index(index);
  return json::binary(std::vector<uint8_t>(bytes.begin(), bytes.end()));
}

FrameIndex index_from_json(const json& j) {
  const std::vector<uint8_t>& bytes = j.get_binary();
  return decode_index({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string message(const json& j) {
  std::string text;
  json::to_cbor(j, nlohmann::detail::output_adapter<char, std::string>(text));
  const uint32_t size = static_cast<uint32_t>(text.size());
  std::string bytes(sizeof size, '\0');
  std::memcpy(bytes.data(), &size, sizeof size);
  return bytes + text;
}

}  // namespace

std::string encode(const WorkerRequest& r) {
  json j = {{"path", r.path},
            {"probe", r.probe},
            {"states", r.states},
            {"frames", r.read.frames},
            {"size", {r.read.height, r.read.width}},
            {"md5", r.read.md5},
            {"keep_damaged", r.read.keep_damaged},
            {"index", nullptr}};
  if (r.index) j["index"] = to_json(*r.index);
  return message(j);
}

WorkerRequest decode_request(const std::string& text) {
  const json j = json::from_cbor(text);
  WorkerRequest r;
  j.at("path").get_to(r.path);
  j.at("probe").get_to(r.probe);
  j.at("states").get_to(r.states);
  j.at("frames").get_to(r.read.frames);
  r.read.height = j.at("size").at(0);
  r.read.width = j.at("size").at(1);
  j.at("md5").get_to(r.read.md5);
  j.at("keep_damaged").get_to(r.read.keep_damaged);
  if (!j.at("index").is_null())
    r.index = std::make_shared<const FrameIndex>(index_from_json(j.at("index")));
  return r;
}

std::string encode(const WorkerReply& r) {
  if (r.progress > 0) return message({{"progress", r.progress}});
  json j = {{"ok", r.ok},
            {"category", r.category},
            {"reason", r.reason},
            {"index", nullptr},
            {"md5", r.md5},
            {"damaged", r.damaged},
            {"states", json::array()},
            {"kept", r.kept},
            {"decoded", r.frames_decoded},
            {"cpu_seconds", r.cpu_seconds}};
  for (const auto& [frame, state] : r.states)
    j["states"].push_back({frame, json::binary(encode_message(state))});
  if (r.index.num_frames() > 0) j["index"] = to_json(r.index);
  return message(j);
}

WorkerReply decode_reply(const std::string& text) {
  const json j = json::from_cbor(text);
  WorkerReply r;
  if (j.contains("progress")) {
    j.at("progress").get_to(r.progress);
    if (r.progress <= 0) throw Error(Category::kIo, "progress of nothing");
    return r;
  }
  j.at("ok").get_to(r.ok);
  j.at("category").get_to(r.category);
  j.at("reason").get_to(r.reason);
  j.at("md5").get_to(r.md5);
  for (const json& d : j.at("damaged")) r.damaged.emplace_back(d.at(0), d.at(1));
  for (const json& s : j.at("states")) {
    const std::optional<VehicleState> state = decode_message(s.at(1).get_binary());
    if (!state) throw Error(Category::kIo, "a vehicle state that makes no sense");
    r.states.emplace_back(s.at(0), *state);
  }
  j.at("kept").get_to(r.kept);
  j.at("decoded").get_to(r.frames_decoded);
  j.at("cpu_seconds").get_to(r.cpu_seconds);
  if (!j.at("index").is_null()) r.index = index_from_json(j.at("index"));
  if (r.frames_decoded < 0 || !(r.cpu_seconds >= 0) || std::isinf(r.cpu_seconds))
    throw Error(Category::kIo, "negative or endless work");
  return r;
}

bool take_message(std::string* buffer, std::string* text) {
  uint32_t size = 0;
  if (buffer->size() < sizeof size) return false;
  std::memcpy(&size, buffer->data(), sizeof size);
  if (size > kMaxMessageBytes)
    throw Error(Category::kInput, "a message of the decoding process is too long");
  if (buffer->size() < sizeof size + size) return false;
  *text = buffer->substr(sizeof size, size);
  buffer->erase(0, sizeof size + size);
  return true;
}

}  // namespace dojo
