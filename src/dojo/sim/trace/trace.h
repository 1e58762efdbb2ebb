// The trace of a run: for each chosen node a track for each of its threads, with the instruction
// that it is in, and one for each of its links, with the messages that go over it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "dojo/program/node_map.h"
#include "dojo/program/program.h"
#include "dojo/sim/recorder.h"
#include "dojo/sim/trace/perfetto.h"

namespace dojo::sim {

class Trace : public Recorder {
 public:
  static constexpr int64_t kMostBytes = int64_t{1} << 28;  // it ends where it gets larger

  // Of the program's nodes in a region. The program, which outlives this, must be verified.
  Trace(const program::Program& program, const program::Region& nodes);

  void instruction(size_t cell, size_t thread, uint32_t pc, Cycles now) override;
  void nothing(size_t cell, size_t thread, Cycles now) override;
  void link(machine::Coord from, machine::Side side, Cycles begin, Cycles end, int64_t flits,
            bool is_short) override;

  // Ends what threads are still in. Once, after the run.
  const std::string& finish(Cycles end);
  bool is_cut() const { return cut_; }
  int64_t num_nodes() const { return static_cast<int64_t>(nodes_.size()); }

 private:
  struct Thread {
    uint64_t track = 0;
    bool is_in = false;  // in the instruction `pc` since `begin`
    uint32_t pc = 0;
    Cycles begin = 0;
  };
  struct Node {
    uint64_t track = 0;
    program::ClassId node_class{};
    std::array<Thread, program::kNumThreads> threads;
    std::array<std::array<uint64_t, 2>, 4> links{};  // by side; long messages and short ones
  };

  void slice(uint64_t track, const std::string& name, Cycles begin, Cycles end);

  const program::Program& program_;
  PerfettoTrace trace_;
  std::map<size_t, Node> nodes_;                         // by cell
  std::map<std::pair<int32_t, int32_t>, Node*> places_;  // by coordinates in the machine
  bool cut_ = false;
};

}  // namespace dojo::sim
