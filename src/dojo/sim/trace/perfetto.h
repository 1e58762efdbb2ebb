// A trace as Perfetto reads it (https://ui.perfetto.dev): TrackEvent packets of
// perfetto/protos/trace/trace_packet.proto, written without any library. A nanosecond there is a
// cycle here.
//
//   PerfettoTrace trace;
//   const uint64_t node = trace.track("node (0, 0)");
//   const uint64_t thread = trace.track("thread 0", node);
//   trace.slice(thread, "wait full", 10, 25);
//   trace.bytes()
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dojo/sim/time.h"

namespace dojo::sim {

class PerfettoTrace {
 public:
  // Below another one, or at the top; in the order in which they are made.
  uint64_t track(std::string_view name, uint64_t parent = 0);

  // REQUIRES: on one track none begins before the last one has ended.
  void slice(uint64_t track, std::string_view name, Cycles begin, Cycles end);

  const std::string& bytes() const { return bytes_; }  // the file

 private:
  void packet(std::string_view fields);

  std::string bytes_;
  uint64_t num_tracks_ = 0;
};

}  // namespace dojo::sim
