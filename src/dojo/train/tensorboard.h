// Event files that TensorBoard reads: TFRecord frames (length, masked CRC-32C of it, bytes, masked
// CRC-32C of them) around protobuf messages tensorflow.Event. Written by hand, because the three
// message kinds we need take thirty lines. Not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dojo {

double wall_seconds();  // since 1970, now

// The bytes of one record.
std::string tfrecord(std::string_view bytes);

// The bytes of one Event message. Wall time in seconds since 1970.
std::string version_event(double wall_time);
std::string scalars_event(double wall_time, int64_t step,
                          std::span<const std::pair<std::string, float>> scalars);
// Says that the events from `step` on of an earlier file are void: the run was resumed there.
std::string restart_event(double wall_time, int64_t step);

class EventFile {
 public:
  // Creates DIR/events.out.tfevents.SECONDS.dojo (with .1, .2 ... if that exists). `first_step` >
  // 0: the run was resumed. Throws Error(kIo).
  EventFile(const std::string& folder, int64_t first_step);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  // Appends; a full disk is an Error(kIo). `wall_time`: when it was so.
  void scalars(double wall_time, int64_t step,
               std::span<const std::pair<std::string, float>> scalars);

 private:
  void append(std::string_view record);

  std::string path_;
  int fd_ = -1;
};

}  // namespace dojo
