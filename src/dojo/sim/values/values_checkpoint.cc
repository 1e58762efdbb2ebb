// The state of Values. A transfer's blocks are those of its instruction, but for where they start;
// no start that is read leads out of an allocation.
#include <algorithm>

#include "dojo/sim/values/values.h"

namespace dojo::sim {

void Values::fields(Archive& archive, ClockParts* shared) {
  if (later_) later_->settle_all();
  for (Memory& memory : memories_) memory.fields(archive);
  order_.fields(archive, shared, sites_.size());
}

namespace {

bool is_inside(const Block& block) {
  for (size_t d = 0; d < static_cast<size_t>(block.rank) && !block.padded; ++d) {
    const Block::Dim& dim = block.dims[d];
    const int64_t last = dim.start + (dim.count - 1) * dim.step;
    if (std::min(dim.start, last) < 0 || std::max(dim.start, last) >= dim.size) return false;
  }
  return true;
}

void starts(Archive& archive, Block* block) {
  constexpr int64_t kFar = int64_t{1} << 61;  // no Affine is farther: padding may be there
  for (size_t d = 0; d < static_cast<size_t>(block->rank); ++d)
    archive.whole(block->dims[d].start, -kFar, kFar);
  Archive::require(is_inside(*block));
}

}  // namespace

void Values::fields(Archive& archive, Parcel* parcel, std::span<const ClassCode> classes,
                    ClockParts* shared) const {
  Actor& actor = parcel->actor;
  archive.index(actor.cell, map_.num_cells());
  Archive::require(map_.has_role(actor.cell));
  actor.node_class = map_.role(actor.cell).node_class;
  archive.index(actor.thread, program::kNumThreads);
  const ThreadCode& thread = classes[at(actor.node_class)].threads[actor.thread];
  const program::Code& code = *thread.code;
  archive.index(actor.instruction, code.instructions.size());
  archive.whole(actor.now, 0, kLatest);
  const program::Instruction instruction = code.instructions[actor.instruction];
  Archive::require(instruction.op == program::Op::kCopy);
  if (archive.reads()) {
    const std::vector<int32_t> zeros(thread.num_variables);
    add_pieces(thread, code.copies[instruction.index], zeros.data(), parcel);
  }
  int64_t bytes = 0;
  for (Block& block : parcel->from) {
    starts(archive, &block);
    bytes += block.bytes();
  }
  for (Block& block : parcel->to) starts(archive, &block);
  bool is_read = !parcel->bytes.empty();
  archive.flag(is_read);
  if (archive.reads() && is_read) {
    parcel->bytes.resize(archive.room_for(static_cast<size_t>(bytes)));
  }
  archive.raw(parcel->bytes);
  parcel->known.fields(archive, shared, order_.num_agents());
}

}  // namespace dojo::sim
