// A run as a trace for Perfetto (ui.perfetto.dev): its protobuf format of track events, as
// perfetto.dev/docs/reference/synthetic-track-event describes it. Below each recorded node are
// tracks of its threads, its units and the links that leave it. A thread's slices are instructions,
// or what it waits for: "waits: semaphore".
//
// Perfetto's time is a whole number of nanoseconds: a cycle's, rounded down. Slices say their exact
// cycles as arguments.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "dojo/program/program.h"
#include "dojo/program/site.h"
#include "dojo/sim/recorder.h"

namespace dojo::sim {

struct Traced {
  const program::Program& program;
  const program::SourceLines& lines;
  int64_t clock_hz = 0;           // 0: a cycle is shown as a nanosecond
  int32_t columns = 0;            // of the machine, by which its places are counted
  int32_t num_machine_nodes = 0;  // places behind them are interfaces
};

// Calls write(bytes) for pieces of the file, in order. Of the same run the same bytes.
void write_trace(const Recorder& recorder, const Traced& traced,
                 const std::function<void(std::string_view)>& write);

}  // namespace dojo::sim
