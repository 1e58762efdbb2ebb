#include "dojo/graph/problem.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "dojo/base/error.h"

namespace dojo {
namespace {

[[noreturn]] void bad(std::string message, std::string hint = {}) {
  throw Error(Category::kInput, std::move(message), "", std::move(hint));
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(by);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (size_t i = 0; i < line.size();) {
    size_t end = i;
    while (end < line.size() && !is_space(line[end])) ++end;
    if (end > i) words.push_back(line.substr(i, end - i));
    i = end + 1;
  }
  return words;
}

// The whole text as a number of this kind.
template <class T>
std::optional<T> number(std::string_view text) {
  T x{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return x;
}

CaseInput operand(std::string_view text) {
  constexpr const char* kHint = "write [FORMAT:]SHAPE[@BEGIN..END], for example 16x64x32x64";
  CaseInput input;
  const std::string_view all = text;
  if (const size_t colon = text.find(':'); colon != text.npos) {
    const auto format = parse_format(text.substr(0, colon));
    if (!format) bad(fmt::format("unknown format in \"{}\"", all), "use f32, bf16, i32 or u8");
    input.type.format = *format;
    text.remove_prefix(colon + 1);
  }
  const bool whole = !is_floating(input.type.format);
  input.begin = whole ? 0 : -1;
  input.end = !whole ? 1 : input.type.format == Format::kU8 ? 256 : 2;
  if (const size_t at = text.find('@'); at != text.npos) {
    const std::string_view range = text.substr(at + 1);
    const size_t dots = range.find("..");
    const auto begin = number<double>(range.substr(0, dots));
    const auto end =
        number<double>(dots == range.npos ? std::string_view() : range.substr(dots + 2));
    if (!begin || !end || !(*begin < *end) || !std::isfinite(*end - *begin))
      bad(fmt::format("a range of values that is none: \"{}\"", all), kHint);
    const double least = input.type.format == Format::kU8 ? 0 : -2147483648.0;
    const double most = input.type.format == Format::kU8 ? 256 : 2147483648.0;
    if (whole && (*begin < least || *end > most || std::ceil(*begin) >= *end))
      bad(fmt::format("no whole number, or one beyond the format, in the range of \"{}\"", all));
    input.begin = whole ? std::ceil(*begin) : *begin;
    input.end = *end;
    text = text.substr(0, at);
  }
  if (text == "scalar") return input;
  for (std::string_view dimension : split(text, 'x')) {
    const auto n = number<int64_t>(dimension);
    if (!n) bad(fmt::format("\"{}\" is no shape", all), kHint);
    input.type.shape.push_back(*n);
    if (input.type.shape.size() > kMaxRank) break;  // check_shape() says so
  }
  check_shape(input.type.shape);
  return input;
}

Attribute attribute(std::string_view text) {
  if (const auto integer = number<int64_t>(text)) return *integer;
  if (const auto real = number<double>(text); real && !std::isnan(*real)) return *real;
  if (text.find(',') == text.npos) return std::string(text);
  std::vector<int64_t> integers;
  std::vector<double> numbers;
  if (text.ends_with(',')) text.remove_suffix(1);
  for (std::string_view part : split(text, ',')) {
    const auto real = number<double>(part);
    if (!real || std::isnan(*real)) bad(fmt::format("\"{}\" in a list is no number", part));
    numbers.push_back(*real);
    if (const auto integer = number<int64_t>(part)) integers.push_back(*integer);
  }
  if (integers.size() == numbers.size()) return integers;
  return numbers;
}

Problem parse(std::string_view line) {
  const std::vector<std::string_view> words = words_of(line);
  if (words.empty()) bad("no op", "write for example MatMul a=784x384 b=384x1536");
  Problem p{.text = fmt::format("{}", fmt::join(words, " ")), .op = {std::string(words[0]), {}}};
  const OpDef* def = find_op(p.op.op);
  if (!def) bad(fmt::format("unknown op \"{}\"", p.op.op), "`dojo graph ops` lists the ops");
  const std::vector<std::string> names = operand_names(*def);
  if (names.empty()) bad(p.op.op + " has no operands, so there is nothing to measure");
  std::vector<std::optional<CaseInput>> operands;
  for (size_t w = 1; w < words.size(); ++w) {
    const size_t equals = words[w].find('=');
    if (equals == words[w].npos) bad(fmt::format("\"{}\" instead of NAME=VALUE", words[w]));
    const std::string_view name = words[w].substr(0, equals), value = words[w].substr(equals + 1);
    const bool is_attribute =
        std::find(def->attributes.begin(), def->attributes.end(), name) != def->attributes.end();
    if (is_attribute) {
      if (!p.op.attributes.emplace(name, attribute(value)).second)
        bad(fmt::format("{} is there twice", name));
      continue;
    }
    size_t place = static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    const bool more = def->max_inputs < 0 && name == fmt::format("x{}", operands.size());
    if (more) place = operands.size();
    if (place == names.size() && !more)
      bad(fmt::format("{} has no \"{}\"", p.op.op, name),
          fmt::format("it has the operands {}{}{}{}", fmt::join(names, ", "),
                      def->max_inputs < 0 ? " and so on" : "",
                      def->attributes.empty() ? "" : " and the attributes ",
                      fmt::join(def->attributes, ", ")));
    if (operands.size() <= place) operands.resize(place + 1);
    if (operands[place]) bad(fmt::format("{} is there twice", name));
    operands[place] = operand(value);
  }
  std::vector<const Type*> types;
  for (const auto& o : operands) {
    p.op.inputs.push_back(o.value_or(CaseInput{.type = {}, .present = false}));
    types.push_back(nullptr);
  }
  for (size_t i = 0; i < types.size(); ++i)
    if (p.op.inputs[i].present) types[i] = &p.op.inputs[i].type;
  infer_types(p.op.op, p.op.attributes, types);
  return p;
}

}  // namespace

Problem parse_problem(std::string_view line, const std::string& where) {
  try {
    return parse(line);
  } catch (const Error& error) {
    throw Error(Category::kInput,
                error.where().empty() ? error.message() : error.where() + ": " + error.message(),
                where, error.hint());
  }
}

std::vector<Problem> parse_problems(std::string_view text, const std::string& file) {
  std::vector<Problem> problems;
  int64_t number_of_line = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number_of_line;
    line = line.substr(0, line.find('#'));
    if (!words_of(line).empty())
      problems.push_back(parse_problem(line, fmt::format("{}:{}", file, number_of_line)));
  }
  return problems;
}

// Summaries begin "(x[N,C,...], w[M,C/group,k...], b[M]?; strides", "(param, step[, grad_scale];",
// "(x0, x1, ...; axis)", "(x) ->".
std::vector<std::string> operand_names(const OpDef& def) {
  std::vector<std::string> names;
  const std::string_view s = def.summary;
  int depth = 0;
  bool begins = true;
  for (size_t i = 1; i < s.size(); ++i) {
    const char c = s[i];
    if (depth == 0 && (c == ';' || c == ')')) break;
    if (c == '[' && s.substr(i + 1).starts_with(',')) continue;  // what follows may be absent
    if (c == '[') ++depth;
    if (c == ']') depth = std::max(0, depth - 1);
    if (depth > 0) continue;
    if (c == ',') {
      begins = true;
    } else if (begins && std::isalnum(static_cast<unsigned char>(c))) {
      size_t end = i;
      while (end < s.size() && (std::isalnum(static_cast<unsigned char>(s[end])) || s[end] == '_'))
        ++end;
      names.emplace_back(s.substr(i, end - i));
      begins = false;
      i = end - 1;
    }
  }
  return names;
}

}  // namespace dojo
