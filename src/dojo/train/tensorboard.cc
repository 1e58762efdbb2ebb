#include "dojo/train/tensorboard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>

#include "dojo/base/crc32c.h"
#include "dojo/base/error.h"
#include "dojo/base/file.h"

namespace dojo {
namespace {

template <typename T>
std::string little_endian(T value) {
  static_assert(std::endian::native == std::endian::little);
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

// TFRecord stores checksums rotated and shifted, so that a checksum of data with checksums stays
// sound.
std::string masked_crc(std::string_view bytes) {
  return little_endian<uint32_t>(std::rotr(crc32c(bytes), 15) + 0xA282EAD8u);
}

// Protobuf wire format: a key (field number << 3 | wire type), then the value.
std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string field(uint32_t number, int64_t value) {
  return varint(number << 3 | 0) + varint(static_cast<uint64_t>(value));
}
std::string field(uint32_t number, double value) {
  return varint(number << 3 | 1) + little_endian(value);
}
std::string field(uint32_t number, float value) {
  return varint(number << 3 | 5) + little_endian(value);
}
std::string field(uint32_t number, std::string_view bytes) {
  return varint(number << 3 | 2) + varint(bytes.size()) + std::string(bytes);
}

// Event: 1 wall_time, 2 step, 3 file_version, 5 summary, 7 session_log
// (tensorflow/core/util/event.proto).
std::string event(double wall_time, int64_t step, const std::string& what) {
  return field(1, wall_time) + (step != 0 ? field(2, step) : "") + what;
}

}  // namespace

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string tfrecord(std::string_view bytes) {
  const std::string length = little_endian<uint64_t>(bytes.size());
  return length + masked_crc(length) + std::string(bytes) + masked_crc(bytes);
}

std::string version_event(double wall_time) {
  return event(wall_time, 0, field(3, std::string_view("brain.Event:2")));
}

std::string scalars_event(double wall_time, int64_t step,
                          std::span<const std::pair<std::string, float>> scalars) {
  std::string summary;  // Summary: repeated 1 value {1 tag, 2 simple_value}
  for (const auto& [tag, value] : scalars)
    summary += field(1, field(1, std::string_view(tag)) + field(2, value));
  return event(wall_time, step, field(5, summary));
}

std::string restart_event(double wall_time, int64_t step) {
  return event(wall_time, step, field(7, field(1, int64_t{1})));  // SessionLog: 1 status = START
}

EventFile::EventFile(const std::string& folder, int64_t first_step) {
  const std::string base =
      fmt::format("{}/events.out.tfevents.{:.0f}.dojo", folder, std::floor(wall_seconds()));
  path_ = base;
  for (int n = 1; n < 1000; ++n) {
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (fd_ >= 0 || errno != EEXIST) break;
    path_ = fmt::format("{}.{}", base, n);
  }
  if (fd_ < 0)
    throw Error(Category::kIo, fmt::format("cannot create an event file: {}", std::strerror(errno)),
                path_);
  append(tfrecord(version_event(wall_seconds())));
  if (first_step > 0) append(tfrecord(restart_event(wall_seconds(), first_step)));
}

EventFile::~EventFile() {
  if (fd_ >= 0) ::close(fd_);
}

void EventFile::scalars(double wall_time, int64_t step,
                        std::span<const std::pair<std::string, float>> scalars) {
  append(tfrecord(scalars_event(wall_time, step, scalars)));
}

void EventFile::append(std::string_view record) { write_all(fd_, record, path_); }

}  // namespace dojo
