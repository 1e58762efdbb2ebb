// Units of the numbers in a machine description, as people write them: "GB/s", "B/cycle", "ns",
// "PFLOPS", "rows". A unit is a scale and powers of base units; a number goes into another unit
// only where the powers are the same, so that a latency never becomes a size.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dojo::machine {

// What a unit can be made of. Things that are counted are units of their own: rows are no columns.
enum class Base : uint8_t {
  kSecond,
  kCycle,
  kByte,
  kFlop,
  kWatt,
  kMultiplyAdd,
  kColumn,
  kRow,
  kNode,
  kDie,
  kTile,
  kTray,
  kInterface,
  kThread,
  kInstruction,
  kLane,
  kPort,
  kChannel,
  kFlit,
  kRound,
  kTransfer,
  kTimes,
};
inline constexpr size_t kNumBases = static_cast<size_t>(Base::kTimes) + 1;

struct Unit {
  std::array<int8_t, kNumBases> powers{};
  // A number of this unit is so many base units: times `numerator`, divided by `denominator`. Two
  // exact integers, so that 100 ns at 2 GHz are exactly 200 cycles.
  int64_t numerator = 1, denominator = 1;

  int power(Base base) const { return powers[static_cast<size_t>(base)]; }
};

// "GB/s": one word, or one over another. "1" has no unit. Nothing for a word that is no unit.
std::optional<Unit> parse_unit(std::string_view text);

// The same powers of all base units.
bool same_kind(const Unit& a, const Unit& b);

// The same powers, but that seconds stand where the other has cycles: a clock makes one of the
// other.
bool same_but_for_clock(const Unit& a, const Unit& b);

// The number in the unit `to`. REQUIRES: same_kind(from, to).
double convert(double value, const Unit& from, const Unit& to);

// "1.06 EFLOPS", "442 MB": in the largest multiple of `unit`, a word without a prefix ("B", "B/s",
// "FLOPS", "s", "W"), that leaves it 1 or more, with up to `digits` significant ones. Counts and
// what is for a cycle are printed as they are: "354 nodes", "1152 B/cycle".
std::string print_number(double value, std::string_view unit, int digits = 6);

}  // namespace dojo::machine
