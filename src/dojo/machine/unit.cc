#include "dojo/machine/unit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <span>

#include "dojo/base/check.h"

namespace dojo::machine {
namespace {

struct Prefix {
  std::string_view text;
  int64_t numerator = 1, denominator = 1;
};

constexpr int64_t kKilo = 1'000, kMega = 1'000'000, kGiga = 1'000'000'000,
                  kTera = 1'000'000'000'000, kPeta = 1'000'000'000'000'000,
                  kExa = 1'000'000'000'000'000'000;

constexpr Prefix kNone[] = {{""}};
constexpr Prefix kSmall[] = {{""}, {"m", 1, kKilo}, {"u", 1, kMega}, {"n", 1, kGiga}};
constexpr Prefix kLarge[] = {{""},         {"k", kKilo}, {"M", kMega}, {"G", kGiga},
                             {"T", kTera}, {"P", kPeta}, {"E", kExa}};
constexpr Prefix kSizes[] = {{""},         {"k", kKilo},      {"M", kMega},      {"G", kGiga},
                             {"T", kTera}, {"Ki", 1ll << 10}, {"Mi", 1ll << 20}, {"Gi", 1ll << 30}};

struct Word {
  std::string_view text;
  Base base;
  std::span<const Prefix> prefixes;
  bool per_second = false;
  int64_t denominator = 1;  // of the word itself: a bit is an eighth of a byte
};

constexpr Word kWords[] = {
    {"s", Base::kSecond, kSmall},
    {"Hz", Base::kCycle, kLarge, true},
    {"cycles", Base::kCycle, kNone},
    {"cycle", Base::kCycle, kNone},
    {"B", Base::kByte, kSizes},
    {"b", Base::kByte, kLarge, false, 8},
    {"FLOPS", Base::kFlop, kLarge, true},
    {"FLOP", Base::kFlop, kLarge},
    {"W", Base::kWatt, kLarge},
    {"MAC", Base::kMultiplyAdd, kNone},
    {"columns", Base::kColumn, kNone},
    {"rows", Base::kRow, kNone},
    {"nodes", Base::kNode, kNone},
    {"dies", Base::kDie, kNone},
    {"tiles", Base::kTile, kNone},
    {"trays", Base::kTray, kNone},
    {"interfaces", Base::kInterface, kNone},
    {"threads", Base::kThread, kNone},
    {"instructions", Base::kInstruction, kNone},
    {"lanes", Base::kLane, kNone},
    {"ports", Base::kPort, kNone},
    {"channels", Base::kChannel, kNone},
    {"flits", Base::kFlit, kNone},
    {"rounds", Base::kRound, kNone},
    {"transfers", Base::kTransfer, kNone},
    {"times", Base::kTimes, kNone},
};

std::optional<Unit> parse_word(std::string_view text) {
  if (text == "1") return Unit{};
  for (const Word& word : kWords) {
    if (!text.ends_with(word.text)) continue;
    const std::string_view before = text.substr(0, text.size() - word.text.size());
    for (const Prefix& prefix : word.prefixes) {
      if (prefix.text != before) continue;
      Unit unit{.powers = {},
                .numerator = prefix.numerator,
                .denominator = prefix.denominator * word.denominator};
      unit.powers[static_cast<size_t>(word.base)] = 1;
      if (word.per_second) --unit.powers[static_cast<size_t>(Base::kSecond)];
      return unit;
    }
  }
  return {};
}

// Up to so many significant digits, without trailing zeros and without an exponent.
std::string digits_of(double value, int digits) {
  std::string text = fmt::format("{:.{}g}", value, digits);
  if (text.find('e') != text.npos) text = fmt::format("{:.0f}", value);
  return text;
}

}  // namespace

std::optional<Unit> parse_unit(std::string_view text) {
  const size_t slash = text.find('/');
  std::optional<Unit> unit = parse_word(text.substr(0, slash));
  if (slash == text.npos || !unit) return unit;
  const std::optional<Unit> under = parse_word(text.substr(slash + 1));
  // Only a unit without a prefix may stand below, which keeps the scale an integer.
  if (!under || under->numerator != 1 || under->denominator != 1) return {};
  for (size_t i = 0; i < kNumBases; ++i) unit->powers[i] -= under->powers[i];
  return unit;
}

bool same_kind(const Unit& a, const Unit& b) { return a.powers == b.powers; }

bool same_but_for_clock(const Unit& a, const Unit& b) {
  Unit x = a, y = b;
  for (Unit* unit : {&x, &y}) {
    int8_t& seconds = unit->powers[static_cast<size_t>(Base::kSecond)];
    unit->powers[static_cast<size_t>(Base::kCycle)] += seconds;
    seconds = 0;
  }
  return same_kind(x, y);
}

double convert(double value, const Unit& from, const Unit& to) {
  DOJO_CHECK(same_kind(from, to));
  return value * static_cast<double>(from.numerator) / static_cast<double>(from.denominator) *
         static_cast<double>(to.denominator) / static_cast<double>(to.numerator);
}

std::string print_number(double value, std::string_view unit, int digits) {
  const std::string_view first = unit.substr(0, unit.find('/'));
  const double size = std::abs(value);
  for (const Word& word : kWords) {
    if (word.text != first || unit.ends_with("/cycle") || size == 0) continue;
    const Prefix* best = &word.prefixes.front();
    double best_value = size;
    for (const Prefix& prefix : word.prefixes) {
      if (prefix.text.ends_with('i')) continue;  // powers of 1024 are read and not written
      const double scaled =
          size * static_cast<double>(prefix.denominator) / static_cast<double>(prefix.numerator);
      // The smallest number that is at least 1; where none is, the largest.
      const bool better = best_value < 1 ? scaled > best_value : scaled >= 1 && scaled < best_value;
      if (better) best = &prefix, best_value = scaled;
    }
    return fmt::format("{} {}{}", digits_of(value < 0 ? -best_value : best_value, digits),
                       best->text, unit);
  }
  return unit.empty() || unit == "1" ? digits_of(value, 15)
                                     : fmt::format("{} {}", digits_of(value, 15), unit);
}

}  // namespace dojo::machine
