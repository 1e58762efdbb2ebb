// The functional half of the simulator: the bytes of all memories, what instructions do to them,
// and the errors that only values show: bytes that nobody has written, data races, transfers into
// memory that is not live. Time is no matter here; `now` is for messages.
//
// What an instruction may touch is decided when it runs; what it computes there can be left to
// helpers (deferred_work.h), so that numbers and errors are the same with any number of threads.
//
// Memories are numbered: those of nodes by their cell, behind them those of interfaces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dojo/program/node_map.h"
#include "dojo/program/program.h"
#include "dojo/program/site.h"
#include "dojo/sim/code.h"
#include "dojo/sim/options.h"
#include "dojo/sim/time.h"
#include "dojo/sim/values/arithmetic.h"
#include "dojo/sim/values/block.h"
#include "dojo/sim/values/deferred_work.h"
#include "dojo/sim/values/memory.h"
#include "dojo/sim/values/order.h"
#include "dojo/sim/values/sites.h"

namespace dojo::sim {

// Who executes which instruction when.
struct Actor {
  size_t cell = 0, thread = 0;
  program::ClassId node_class{};
  uint32_t instruction = 0;  // in Code::instructions
  Cycles now = 0;
};

// What a transfer carries: its bytes, where they are from and go to, and what whoever gets its
// signals will know.
struct Parcel {
  Actor actor;
  std::vector<Block> from, to;  // of each piece
  std::vector<program::AllocationId> from_of, to_of;
  std::vector<uint8_t> bytes;
  Clock known;
};

class Values {
 public:
  // `lines`, for messages, may be null; they, the program and the map outlive this.
  Values(const program::Program& program, const program::NodeMap& map, int64_t num_interfaces,
         const Options& options, const program::SourceLines* lines);

  size_t num_memories() const { return memories_.size(); }
  Order& order() { return order_; }

  // ---- From outside ----

  // REQUIRES: the allocation is in that memory, and has so many bytes.
  void write(program::AllocationId allocation, size_t memory, std::span<const std::byte> codes);
  std::vector<std::byte> read(program::AllocationId allocation, size_t memory) const;
  bool is_written(program::AllocationId allocation, size_t memory) const;  // every byte

  // ---- Instructions. Errors are Error(kInput). ----

  void matmul(const Actor& actor, const ThreadCode& thread, const program::Matmul& matmul,
              const int32_t* variables);
  void vector(const Actor& actor, const ThreadCode& thread, const program::Vector& vector,
              const int32_t* variables);
  void begin_phase(size_t cell, int32_t phase);
  void finish();  // after the last instruction and transfer, before results are read

  // ---- Transfers: issued by a thread, then read in one memory, then written in others ----

  std::unique_ptr<Parcel> parcel(const Actor& actor, const ThreadCode& thread,
                                 const program::Copy& copy, const int32_t* variables);
  // `phase` is that of the memory's node. Return what is known then.
  Clock read(Parcel* parcel, size_t memory, int32_t phase, Cycles now);
  Clock write(const Parcel& parcel, size_t memory, int32_t phase, Cycles now);

  // ---- Checkpoints ----

  void fields(Archive& archive, ClockParts* shared);
  // Of a transfer under way. REQUIRES: fields() came first.
  void fields(Archive& archive, Parcel* parcel, std::span<const ClassCode> classes,
              ClockParts* shared) const;

  // "the node (3, 0)", "the interface 2".
  std::string memory_name(size_t memory) const;
  // "cycle 12: copy.program:17: class sender, thread 0: wait full".
  std::string place(const Actor& actor) const;

 private:
  // Whose access it is, for Order and for messages.
  struct Toucher {
    const Actor& actor;
    Cycles now = 0;
    Access access;
    const Clock& known;
  };

  uint32_t site(const Actor& actor) const;
  Toucher thread_of(const Actor& actor) const;

  // The elements of a block, one after the other; of padding zeros.
  void gather(const Toucher& who, size_t memory, program::AllocationId of, const Block& block,
              uint8_t* codes);
  void scatter(const Toucher& who, size_t memory, program::AllocationId of, const Block& block,
               const uint8_t* codes);
  void touch(const Toucher& who, size_t memory, const program::View& view, const Block& block,
             bool writes);
  void touch(const Toucher& who, size_t memory, program::AllocationId of, int64_t address,
             int64_t bytes, bool writes);
  void check_live(const Toucher& who, size_t memory, program::AllocationId of, int32_t phase,
                  bool writes) const;

  // The blocks of a transfer's pieces.
  void add_pieces(const ThreadCode& thread, const program::Copy& copy, const int32_t* variables,
                  Parcel* parcel) const;
  void set_random(const ThreadCode& thread, const program::View& random, const int32_t* variables,
                  Operation* operation) const;
  // At once, or with several threads later.
  void compute(size_t cell, const Operation& operation);

  [[noreturn]] void fail(const Toucher& who, std::string what, std::string hint) const;
  std::string byte_name(program::AllocationId of, size_t memory, int64_t address) const;

  const program::Program& program_;
  const program::NodeMap& map_;
  const Options options_;
  const program::SourceLines* lines_;
  const Sites sites_;
  std::vector<Memory> memories_;
  Order order_;

  const Arithmetic arithmetic_;
  Scratch scratch_;
  std::optional<DeferredWork> later_;  // with several threads
};

}  // namespace dojo::sim
