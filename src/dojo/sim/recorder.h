// What some nodes, their units and the links that leave them do during a run, span by span: what a
// trace shows (trace_file.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "dojo/program/program.h"
#include "dojo/sim/observer.h"

namespace dojo::sim {

struct RecordedNode {
  program::Coord node;     // of the program
  program::Coord machine;  // where it is in the machine
  program::ClassId node_class{-1};

  struct InThread {
    Cycles begin = 0, end = 0;
    uint32_t instruction = 0;  // of the thread's code
    Spent on = Spent::kOther;
  };
  struct InUnit {
    Cycles begin = 0, end = 0;
    size_t thread = 0;
  };
  struct OnLink {
    Cycles begin = 0, end = 0;
    int64_t bytes = 0;
    uint64_t order = 0;  // which message it is
    PlaceId from = 0;    // where that comes from
    int64_t others = 0;  // pieces of other messages that were let in between
  };
  std::array<std::vector<InThread>, program::kNumThreads> threads;
  std::vector<InUnit> matrix, vector;
  // To the node's neighbours; to and from the interface on that side. By side.
  std::array<std::vector<OnLink>, machine::kSides.size()> links, to_interface, from_interface;
};

class Recorder : public Observer {
 public:
  struct Options {
    // Nodes of the program that have a class, each once. A place beyond the machine is no node's.
    std::vector<program::Coord> nodes;
    Cycles from = 0, to = kNever;           // what happens in [from, to), also in part
    int64_t most_spans = int64_t{1} << 23;  // more are left out
  };

  // `columns` of the machine, by which its places are counted. Throws Error(kConfig) for a node
  // without class.
  Recorder(const program::Program& program, int32_t columns, Options options);

  void spent(const ThreadSpan& span) override;
  void unit(const UnitSpan& span) override;
  void link(const LinkSpan& span) override;

  const std::vector<RecordedNode>& nodes() const { return nodes_; }  // in the order of the options
  // When the first span began that was left out.
  std::optional<Cycles> full_since() const { return full_since_; }

 private:
  bool is_outside(Cycles begin, Cycles end) const {
    return end <= options_.from || begin >= options_.to;
  }
  bool has_room(Cycles begin);  // for one more

  Options options_;
  std::vector<RecordedNode> nodes_;
  std::unordered_map<size_t, size_t> by_cell_;
  std::unordered_map<PlaceId, size_t> by_place_;
  int64_t num_spans_ = 0;
  std::optional<Cycles> full_since_;
};

// In the order of their beginning, none over another: a message that is let in between others is
// counted with the one that it interrupts.
std::vector<RecordedNode::OnLink> one_after_the_other(std::vector<RecordedNode::OnLink> spans);

}  // namespace dojo::sim
