// Who touched the bytes of a memory last: the last write, and the reads since that nobody's later
// read is known to follow. A new access races with one of these that its maker does not know
// (FastTrack: Flanagan and Freund, PLDI 2009), unless both read.
//
// Lines of 64 bytes that were always touched as a whole have one entry; others have one a byte.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dojo/sim/values/clock.h"

namespace dojo::sim {

struct Access {
  uint32_t agent = kNobody;
  uint32_t time = 0;  // the agent's
  uint32_t site = 0;  // the instruction, Sites
  static constexpr uint32_t kNobody = UINT32_MAX;

  bool is_none() const { return agent == kNobody; }
};

class Shadow {
 public:
  struct Race {
    Access other;
    bool other_writes = false;
    int64_t address = 0;
  };

  // Notes an access to the bytes [address, address + bytes) by somebody who knows `known`; or
  // returns one that it races with.
  std::optional<Race> note(int64_t address, int64_t bytes, bool writes, const Access& access,
                           const Clock& known);

  // Of accesses by fewer agents and from fewer sites than these.
  void fields(Archive& archive, uint32_t agents, uint32_t sites);

 private:
  static constexpr int64_t kLine = 64, kPage = 64;  // bytes, lines

  struct Touched {
    Access write, read;  // `read.agent` kMany: reads_[read.time]
  };
  static constexpr uint32_t kMany = UINT32_MAX - 1;

  struct Line {
    Touched whole;
    std::unique_ptr<std::array<Touched, kLine>> bytes;  // iff it was touched in parts
  };
  using Page = std::array<Line, kPage>;

  Line& line(int64_t index);
  std::optional<Race> note(Touched* touched, bool writes, const Access& access, const Clock& known);
  void add_read(Access* read, const Access& access, const Clock& known);
  void forget(Access* read);
  void fields(Archive& archive, Touched& touched, uint32_t agents, uint32_t sites);

  std::vector<std::unique_ptr<Page>> pages_;
  std::vector<std::vector<Access>> reads_;
  std::vector<uint32_t> free_reads_;
};

}  // namespace dojo::sim
