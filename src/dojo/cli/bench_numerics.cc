// dojo bench numerics: how fast one core converts numbers into the formats of the machine and back,
// and multiplies matrices as its matrix unit does, beside what the core can do at most. Each case
// is first compared with its definition, bit for bit.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

#include "dojo/base/clock.h"
#include "dojo/base/error.h"
#include "dojo/base/parallel_for.h"
#include "dojo/base/progress.h"
#include "dojo/base/random.h"
#include "dojo/cli/args.h"
#include "dojo/cli/bench.h"
#include "dojo/cli/common.h"
#include "dojo/host/limits.h"
#include "dojo/numerics/convert.h"
#include "dojo/numerics/matrix_unit.h"

namespace dojo {
namespace {

constexpr size_t kNumbers = 1 << 16;     // of a conversion: they stay in the second-level cache
constexpr int64_t kSize = 512;           // rows, columns and depth of a product
constexpr double kLeastSeconds = 0.005;  // of a timed run

struct Case {
  std::string name;
  std::string unit;
  std::string role = "ours";
  double work = 0;  // done by a call, in `unit` times a second
  std::function<void()> call;
  std::function<bool()> equals;  // whether the result is the definition's; none for limits
  int64_t calls = 1;             // in a timed run
  std::vector<double> rates = {};
};

// What all cases work on. Numbers are those of a tensor of a network: normal, around 1.
struct Data {
  std::vector<float> x = std::vector<float>(kNumbers), y = std::vector<float>(kNumbers);
  std::vector<float> c = std::vector<float>(kSize * kSize);  // accumulators

  Data() {
    Random random(1);
    for (float& v : x) v = static_cast<float>(random.normal());
  }
};

struct NamedFormat {
  std::string name;
  FloatFormat format;
};

std::vector<NamedFormat> formats() {
  std::vector<NamedFormat> all;
  for (FloatKind kind : kFloatKinds) {
    if (kind == FloatKind::kF32) continue;
    // Biases that put 1 near the middle of the range.
    const std::optional<int> bias = kind == FloatKind::kCFloat8_1_4_3 ? std::optional(11)
                                    : has_bias(kind)                  ? std::optional(20)
                                                                      : std::nullopt;
    all.push_back({std::string(name(kind)), float_format(kind, bias)});
  }
  return all;
}

template <class Code>
using Codes = std::shared_ptr<std::vector<Code>>;

// The codes of data.x, again and again.
template <class Code>
Codes<Code> codes_of(const Data& data, const FloatFormat& format, size_t n) {
  const auto codes = std::make_shared<std::vector<Code>>(n);
  for (size_t i = 0; i < n; i += kNumbers)
    encode({.format = format}, data.x, std::span(*codes).subspan(i, kNumbers));
  return codes;
}

template <class Code>
Case encoding(Data& data, const NamedFormat& format, Rounding mode) {
  const Conversion to = {.format = format.format,
                         .rules = {.mode = mode},
                         .random = {.seed = 1, .tensor = stream_id("bench")}};
  const auto codes = std::make_shared<std::vector<Code>>(kNumbers);
  const bool nearest = mode == Rounding::kNearest;
  return {.name = fmt::format("to {}, {}", format.name, nearest ? "nearest" : "stochastic"),
          .unit = "G elements/s",
          .work = kNumbers * 1e-9,
          .call = [&data, codes, to] { encode(to, data.x, *codes); },
          .equals =
              [&data, codes, to] {
                std::vector<Code> expected(kNumbers);
                scalar::encode(to, data.x, expected);
                encode(to, data.x, *codes);
                return *codes == expected;
              }};
}

template <class Code>
Case decoding(Data& data, const NamedFormat& format) {
  const Codes<Code> codes = codes_of<Code>(data, format.format, kNumbers);
  return {.name = fmt::format("from {}", format.name),
          .unit = "G elements/s",
          .work = kNumbers * 1e-9,
          .call = [&data, codes, format] { decode(format.format, *codes, data.y); },
          .equals =
              [&data, codes, format] {
                std::vector<float> expected(kNumbers);
                scalar::decode(format.format, *codes, expected);
                decode(format.format, *codes, data.y);
                return data.y == expected;
              }};
}

template <class Code>
Case product(Data& data, const NamedFormat& format) {
  const Codes<Code> codes = codes_of<Code>(data, format.format, kSize * kSize);
  const CodedMatrix x = {format.format, codes->data(), kSize};
  const auto multiply = [&data, codes, x] {
    matrix_multiply({}, kSize, kSize, kSize, x, x, data.c.data(), kSize);
  };
  return {.name = fmt::format("product of {}", format.name),
          .unit = "GMAC/s",
          .work = kSize * kSize * kSize * 1e-9,
          .call = multiply,
          .equals = [&data, x, multiply] {
            std::fill(data.c.begin(), data.c.end(), 0.0f);
            multiply();
            constexpr int64_t kRows = 3;  // of the definition, which takes long
            std::vector<float> expected(kRows * kSize);
            scalar::matrix_multiply({}, kRows, kSize, kSize, x, x, expected.data(), kSize);
            return std::equal(expected.begin(), expected.end(), data.c.begin());
          }};
}

template <class Code>
void add_cases(Data& data, const NamedFormat& format, std::vector<Case>* cases) {
  cases->push_back(encoding<Code>(data, format, Rounding::kNearest));
  cases->push_back(encoding<Code>(data, format, Rounding::kStochastic));
  cases->push_back(decoding<Code>(data, format));
  cases->push_back(product<Code>(data, format));
}

std::vector<Case> all_cases(Data& data) {
  std::vector<Case> cases;
  for (const NamedFormat& format : formats())
    format.format.bytes() == 1 ? add_cases<uint8_t>(data, format, &cases)
                               : add_cases<uint16_t>(data, format, &cases);
  std::stable_sort(cases.begin(), cases.end(),
                   [](const Case& a, const Case& b) { return a.unit < b.unit; });
  cases.push_back(
      {.name = "copy of f32",
       .unit = "G elements/s",
       .role = "limit",
       .work = kNumbers * 1e-9,
       .call = [&data] { std::memcpy(data.y.data(), data.x.data(), kNumbers * sizeof(float)); }});
  return cases;
}

// Throws std::logic_error where the fast code is not what the definition says.
void check_case(const Case& c) {
  if (c.equals && !c.equals())
    throw std::logic_error(fmt::format("{}: a result differs from its definition", c.name));
}

void set_calls(Case& c) {
  c.call();  // pages, caches, clocks
  const double once = seconds_of(c.call);
  c.calls = std::max<int64_t>(1, static_cast<int64_t>(kLeastSeconds / std::max(once, 1e-7)));
}

double rate(const Case& c) {
  const double seconds = seconds_of([&] {
    for (int64_t i = 0; i < c.calls; ++i) c.call();
  });
  return c.work * static_cast<double>(c.calls) / seconds;
}

BenchRow row(const Case& c) {
  return {.bench = "numerics",
          .case_name = c.name,
          .unit = c.unit,
          .role = c.role,
          .value = spread_of(c.rates),
          .runs = std::ssize(c.rates)};
}

void keep_cases(std::vector<Case>* cases, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (std::any_of(cases->begin(), cases->end(), [&](const Case& c) { return c.name == name; }))
      continue;
    throw Error(Category::kConfig, fmt::format("there is no case \"{}\"", name), "--case",
                "dojo bench numerics --list names them");
  }
  if (names.empty()) return;
  std::erase_if(*cases, [&](const Case& c) {
    return c.role == "ours" && std::find(names.begin(), names.end(), c.name) == names.end();
  });
}

void measure(std::vector<Case>* cases, Case* fma, int64_t runs, int64_t rounds, bool quiet) {
  Progress progress("measuring", {.total = rounds, .unit = "rounds", .quiet = quiet});
  for (int64_t round = 0; round < rounds; ++round) {
    progress.update(round);
    for (Case& c : *cases) {
      set_calls(c);
      for (int64_t r = 0; r < runs; ++r) c.rates.push_back(rate(c));
    }
    for (int64_t r = 0; r < runs; ++r) fma->rates.push_back(measure_fma_peak() / 2 * 1e-9);
  }
  progress.update(rounds);
  progress.finish();
}

}  // namespace

int run_bench_numerics(std::span<const std::string> argv) {
  std::vector<std::string> names;
  int64_t runs = 5, rounds = 3;
  bool json = false, list = false, quiet = false;
  Args args("dojo bench numerics",
            "Measures how fast one core converts numbers into the formats of the machine and back, "
            "and\nmultiplies matrices as its matrix unit does, beside what the core can do at most "
            "(docs/numerics.md).\nEach case is first compared with its definition.",
            "  dojo bench numerics\n"
            "  dojo bench numerics --case \"to cfloat8_1_4_3, stochastic\" --json\n");
  args.option("--case", "NAME", "only this one, beside the limits; may be given several times",
              &names);
  args.option("--list", "", "print the names of the cases", &list);
  args.option("--runs", "N", "timed runs in a round, of 5 ms or more", &runs,
              {.min = 1, .max = 100000});
  args.option("--rounds", "N", "times that everything is measured, in turn", &rounds,
              {.min = 1, .max = 1000});
  args.option("--json", "", "print one JSON object a line", &json);
  args.option("-q, --quiet", "", "no progress bar", &quiet);
  if (!args.parse(argv)) return 0;
  set_num_threads(1);
  Data data;
  std::vector<Case> cases = all_cases(data);
  keep_cases(&cases, names);
  if (list) {
    for (const Case& c : cases) fmt::print("{}\n", c.name);
    return 0;
  }
  for (const Case& c : cases) check_case(c);
  Case fma = {.name = "FMA peak", .unit = "GMAC/s", .role = "limit"};
  measure(&cases, &fma, runs, rounds, quiet);
  cases.push_back(std::move(fma));
  if (!json)
    fmt::print("{:<28} {:>8} {:>17}  {}\n", "case, one core", "median", "(min - max)", "unit");
  for (const Case& c : cases) {
    const BenchRow r = row(c);
    if (json) {
      print_json(r);
    } else {
      fmt::print("{:<28} {:>8.2f} {:>17}  {}{}\n", r.case_name, r.value.median,
                 fmt::format("({:.2f} - {:.2f})", r.value.min, r.value.max), r.unit,
                 r.role == "limit" ? ", limit" : "");
    }
  }
  return 0;
}

}  // namespace dojo
