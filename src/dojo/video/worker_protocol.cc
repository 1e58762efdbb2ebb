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
  json keys = json::array();
  for (const auto& k : index.keys) keys.push_back({k.frame, k.leading, k.pts, k.dts});
  return {{"codec", index.codec},
          {"container", index.container},
          {"pixel_format", index.pixel_format},
          {"size", {index.width, index.height, index.stored_width, index.stored_height}},
          {"rotation", index.rotation},
          {"time_base", {index.time_base_num, index.time_base_den}},
          {"pts", index.pts},
          {"keys", keys},
          {"seekable", index.seekable},
          {"counted", index.counted},
          {"note", index.note}};
}

FrameIndex index_from_json(const json& j) {
  FrameIndex index;
  j.at("codec").get_to(index.codec);
  j.at("container").get_to(index.container);
  j.at("pixel_format").get_to(index.pixel_format);
  index.width = j.at("size").at(0);
  index.height = j.at("size").at(1);
  index.stored_width = j.at("size").at(2);
  index.stored_height = j.at("size").at(3);
  j.at("rotation").get_to(index.rotation);
  index.time_base_num = j.at("time_base").at(0);
  index.time_base_den = j.at("time_base").at(1);
  j.at("pts").get_to(index.pts);
  for (const json& k : j.at("keys")) index.keys.push_back({k.at(0), k.at(1), k.at(2), k.at(3)});
  j.at("seekable").get_to(index.seekable);
  j.at("counted").get_to(index.counted);
  j.at("note").get_to(index.note);

  const int64_t n = index.num_frames();
  bool good = n > 0 && index.width > 0 && index.height > 0 && index.width <= 1 << 20 &&
              index.height <= 1 << 20 && index.time_base_num > 0 && index.time_base_den > 0 &&
              index.rotation >= 0 && index.rotation < 360 && index.rotation % 90 == 0 &&
              !index.keys.empty() && index.keys[0].frame == 0;
  for (size_t i = 1; good && i < index.pts.size(); ++i) good = index.pts[i - 1] < index.pts[i];
  for (size_t i = 0; good && i < index.keys.size(); ++i) {
    const auto& k = index.keys[i];
    good = k.leading >= 0 && k.leading <= k.frame && k.frame < n &&
           (i == 0 || index.keys[i - 1].frame < k.frame);
  }
  if (!good) throw Error(Category::kInput, "the index of the file makes no sense");
  return index;
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
