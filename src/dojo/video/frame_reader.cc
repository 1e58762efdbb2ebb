#include "dojo/video/frame_reader.h"

#include <algorithm>
#include <cstring>

#include "dojo/base/check.h"
#include "dojo/base/error.h"

namespace dojo {
namespace {

std::vector<int64_t> sorted_unique(std::span<const int64_t> frames) {
  std::vector<int64_t> sorted(frames.begin(), frames.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  return sorted;
}

size_t slot_of(const std::vector<int64_t>& sorted, int64_t frame) {
  return static_cast<size_t>(std::lower_bound(sorted.begin(), sorted.end(), frame) -
                             sorted.begin());
}

}  // namespace

Error error_from(const Quarantined& problem) {
  Category category = Category::kInput;
  for (Category c : {Category::kIo, Category::kUnsupported})
    if (problem.category == name(c)) category = c;
  return Error(category, problem.reason, problem.path);
}

Error error_from(const WorkerReply& reply, const std::string& path) {
  return error_from(Quarantined{path, reply.category, reply.reason});
}

Recording recording_from(const std::string& path, FrameIndex index) {
  Recording r;
  r.path = path;
  r.name = path.substr(path.rfind('/') + 1);
  set_index(&r, std::make_shared<const FrameIndex>(std::move(index)));
  return r;
}

Recording FrameReader::open(const std::string& path) {
  worker_.ask_probe(path);
  WorkerReply reply = worker_.answer();
  cpu_seconds_ += reply.cpu_seconds;
  if (!reply.ok) throw error_from(reply, path);
  return recording_from(path, std::move(reply.index));
}

std::vector<std::pair<int64_t, VehicleState>> FrameReader::states(const Recording& recording) {
  worker_.ask_states(recording);
  WorkerReply reply = worker_.answer();
  cpu_seconds_ += reply.cpu_seconds;
  if (!reply.ok) throw error_from(reply, recording.path);
  return std::move(reply.states);
}

WorkerReply FrameReader::ask(const Recording& recording, std::span<const int64_t> frames,
                             ReadRequest request) {
  for (int64_t f : frames)
    if (f < 0 || f >= recording.num_frames())
      throw Error(Category::kInput,
                  fmt::format("there is no frame {}: the file shows frames 0 to {}", f,
                              recording.num_frames() - 1),
                  recording.path);
  request.frames = sorted_unique(frames);
  worker_.ask_read(recording, request);
  WorkerReply reply = worker_.answer();
  cpu_seconds_ += reply.cpu_seconds;
  if (!reply.ok) throw error_from(reply, recording.path);
  if (!reply.damaged.empty())
    throw DamagedFrame(Category::kInput, reply.damaged[0].second, recording.path);
  return reply;
}

std::vector<uint8_t> FrameReader::read(const Recording& recording, std::span<const int64_t> frames,
                                       int64_t height, int64_t width) {
  if (frames.empty()) return {};
  const std::vector<int64_t> sorted = sorted_unique(frames);
  const WorkerReply reply =
      ask(recording, frames, {.frames = {}, .height = height, .width = width});
  const size_t bytes = static_cast<size_t>(height * width * 3);
  std::vector<uint8_t> out(bytes * frames.size());
  for (size_t i = 0; i < frames.size(); ++i)
    std::memcpy(out.data() + i * bytes, reply.pixels.data() + slot_of(sorted, frames[i]) * bytes,
                bytes);
  return out;
}

std::vector<std::string> FrameReader::md5(const Recording& recording,
                                          std::span<const int64_t> frames) {
  if (frames.empty()) return {};
  const std::vector<int64_t> sorted = sorted_unique(frames);
  const WorkerReply reply = ask(recording, frames, {.frames = {}, .md5 = true});
  std::vector<std::string> out;
  for (int64_t f : frames) out.push_back(reply.md5.at(slot_of(sorted, f)));
  return out;
}

std::vector<uint8_t> read_clip(FrameReader& reader, const std::vector<Recording>& recordings,
                               const ClipRef& clip, int64_t height, int64_t width) {
  if (clip.views.empty())
    return reader.read(recordings.at(static_cast<size_t>(clip.recording)), clip.frames, height,
                       width);
  const size_t bytes = static_cast<size_t>(height * width * 3);
  std::vector<uint8_t> pixels(clip.views.size() * bytes);
  for (size_t k = 0; k < clip.views.size(); ++k) {
    const auto& [recording, frame] = clip.views[k];
    if (frame < 0) continue;
    const std::vector<uint8_t> picture =
        reader.read(recordings.at(recording), std::span(&frame, 1), height, width);
    std::memcpy(pixels.data() + k * bytes, picture.data(), bytes);
  }
  return pixels;
}

}  // namespace dojo
