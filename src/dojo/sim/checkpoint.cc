#include "dojo/sim/checkpoint.h"

#include <fmt/format.h>

#include "dojo/base/crc32c.h"
#include "dojo/base/error.h"
#include "dojo/base/text.h"
#include "dojo/program/text.h"
#include "dojo/sim/archive.h"

namespace dojo::sim {
namespace {

constexpr std::string_view kMagic = "DOJOSIM\n";
constexpr uint32_t kVersion = 1;
constexpr size_t kPrefixBytes = 8 + 4 + 8 + 4;

void put(std::string* bytes, uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes->push_back(static_cast<char>(value >> (8 * i)));
}

uint64_t get(std::string_view bytes, size_t at, int count) {
  uint64_t value = 0;
  for (int i = 0; i < count; ++i)
    value |= uint64_t{static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)])} << (8 * i);
  return value;
}

void fields(Archive& archive, CheckpointHead& head) {
  for (std::string* text : {&head.commit, &head.program, &head.machine}) archive.text(*text);
  archive.word(head.program_hash);
  archive.word(head.machine_hash);
  archive.whole(head.level, 0, static_cast<int64_t>(Level::kFlit));
  archive.flag(head.values);
  archive.flag(head.races);
  archive.word(head.seed);
  archive.word(head.step);
  archive.whole(head.cycle, 0, kLatest);
}

uint32_t hash_of(const machine::Machine& machine) {
  uint32_t crc = 0;
  for (const machine::Parameter& p : machine.parameters) {
    crc = crc32c(fmt::format("{} {} {} {}", p.name, p.value, p.unit, p.word), crc);
    for (const machine::Coord c : p.places) crc = crc32c(fmt::format(" {},{}", c.x, c.y), crc);
    crc = crc32c("\n", crc);
  }
  return crc;
}

[[noreturn]] void refuse(std::string what) {
  throw Error(Category::kInput, std::move(what), "", "run the program from the beginning");
}

}  // namespace

CheckpointHead checkpoint_head(std::string_view commit, const program::Program& program,
                               const machine::Machine& machine, const Options& options) {
  return {.commit = std::string(commit),
          .program = program.name,
          .machine = machine.name,
          .program_hash = crc32c(program::print_program(program)),
          .machine_hash = hash_of(machine),
          .level = options.level,
          .values = options.values,
          .races = options.races,
          .seed = options.seed,
          .step = options.step};
}

std::string checkpoint_prefix(const CheckpointHead& head, std::string_view state) {
  Archive archive;
  CheckpointHead copy = head;
  fields(archive, copy);
  std::string bytes(kMagic);
  put(&bytes, kVersion, 4);
  put(&bytes, archive.bytes().size() + state.size(), 8);
  put(&bytes, crc32c(state, crc32c(archive.bytes())), 4);
  return bytes + archive.bytes();
}

Checkpoint parse_checkpoint(std::string bytes) {
  if (bytes.size() < kPrefixBytes || !bytes.starts_with(kMagic))
    refuse("this is no checkpoint of dojo sim");
  if (const uint64_t version = get(bytes, 8, 4); version != kVersion)
    refuse(fmt::format("a checkpoint of version {}; this simulator reads version {}", version,
                       kVersion));
  const std::string_view rest = std::string_view(bytes).substr(kPrefixBytes);
  if (get(bytes, 12, 8) != rest.size())
    refuse(fmt::format("the checkpoint has {} bytes and should have {}", rest.size(),
                       get(bytes, 12, 8)));
  if (get(bytes, 20, 4) != crc32c(rest)) refuse("the checkpoint's sum is wrong: it was changed");
  Archive archive(rest);
  Checkpoint checkpoint;
  fields(archive, checkpoint.head);
  bytes.erase(0, bytes.size() - archive.left());
  checkpoint.state = std::move(bytes);
  return checkpoint;
}

void require_same_run(const CheckpointHead& head, const CheckpointHead& wanted) {
  if (head.program_hash != wanted.program_hash)
    refuse(fmt::format("the checkpoint is of the program \"{}\", of other text than this one",
                       one_line(head.program)));
  if (head.machine_hash != wanted.machine_hash)
    refuse(fmt::format("the checkpoint is of the machine {}, with other numbers than this one",
                       one_line(head.machine)));
  if (head.level != wanted.level)
    refuse(fmt::format("the checkpoint is of the level {}, and {} is wanted", name(head.level),
                       name(wanted.level)));
  if (head.values != wanted.values || head.races != wanted.races || head.seed != wanted.seed ||
      head.step != wanted.step)
    refuse("the checkpoint is of a run with other values, races, seed or step");
}

}  // namespace dojo::sim
