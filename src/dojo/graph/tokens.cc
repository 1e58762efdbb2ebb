#include "dojo/graph/tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "dojo/base/error.h"
#include "dojo/graph/verify.h"

namespace dojo {
namespace {

constexpr size_t kMaxTextBytes = size_t{1} << 28;

}  // namespace

Tokens::Tokens(std::string_view text, std::string_view file) : text_(text), file_(file) {
  if (text_.size() > kMaxTextBytes)
    fail(0, fmt::format("{} bytes of text; at most {}", text_.size(), kMaxTextBytes));
  next();
}

void Tokens::fail(size_t offset, std::string message, std::string hint) const {
  size_t line = 1, column = 1;
  for (char c : text_.substr(0, offset)) {
    column = c == '\n' ? 1 : column + 1;
    line += c == '\n';
  }
  throw Error(Category::kInput, std::move(message), fmt::format("{}:{}:{}", file_, line, column),
              std::move(hint));
}

void Tokens::next() {
  last_ = token_.begin;
  while (at_ < text_.size()) {
    if (text_[at_] == '#')
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    else if (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')
      ++at_;
    else
      break;
  }
  token_ = {};
  token_.begin = at_;
  if (at_ == text_.size()) return;
  const char c = text_[at_];
  const bool digit = c >= '0' && c <= '9';
  const bool minus_inf = text_.substr(at_, 4) == "-inf";
  if (c == '%') {
    ++at_;
    token_.kind = Token::Kind::kValue;
    token_.text = read_name();
    if (token_.text.empty()) fail(token_.begin, "a '%' without a name");
  } else if (digit || (c == '-' && !minus_inf)) {
    read_number();
  } else if (minus_inf) {
    at_ += 4;
    token_.kind = Token::Kind::kNumber;
    token_.number = -std::numeric_limits<double>::infinity();
  } else if (is_name_char(c)) {
    token_.kind = Token::Kind::kWord;
    token_.text = read_name();
    token_.number = std::numeric_limits<double>::infinity();  // if it is "inf"
  } else if (c == '"') {
    read_string();
  } else {
    token_.kind = Token::Kind::kSymbol;
    token_.text = c;
    ++at_;
  }
}

std::string Tokens::read_name() {
  const size_t begin = at_;
  while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
  return std::string(text_.substr(begin, at_ - begin));
}

void Tokens::read_number() {
  size_t end = at_ + 1;
  auto in_number = [&](char c) {
    return is_name_char(c) || ((c == '-' || c == '+') && (text_[end - 1] | 0x20) == 'e');
  };
  while (end < text_.size() && in_number(text_[end])) ++end;
  const char *first = text_.data() + at_, *last = text_.data() + end;
  const std::string_view shown = text_.substr(at_, end - at_);
  at_ = end;
  const bool is_integer = shown.find_first_of(".eE") == std::string_view::npos;
  token_.kind = is_integer ? Token::Kind::kInteger : Token::Kind::kNumber;
  const auto [stop, code] = is_integer ? std::from_chars(first, last, token_.integer)
                                       : std::from_chars(first, last, token_.number);
  if (code == std::errc::result_out_of_range)
    fail(token_.begin, fmt::format("the number {} is out of range", shown));
  if (code != std::errc() || stop != last)
    fail(token_.begin, fmt::format("\"{}\" is not a number", shown));
  if (is_integer) token_.number = static_cast<double>(token_.integer);
}

void Tokens::read_string() {
  token_.kind = Token::Kind::kString;
  for (++at_;; ++at_) {
    if (at_ >= text_.size() || text_[at_] == '\n') fail(token_.begin, "the string has no end");
    if (text_[at_] == '"') break;
    if (text_[at_] != '\\') {
      token_.text += text_[at_];
      continue;
    }
    const std::string_view escape = text_.substr(at_ + 1, 3);
    unsigned code = 0;
    if (!escape.empty() && (escape[0] == '"' || escape[0] == '\\')) {
      token_.text += escape[0];
      at_ += 1;
    } else if (escape.size() == 3 && escape[0] == 'x' &&
               std::from_chars(&escape[1], &escape[0] + 3, code, 16).ptr == &escape[0] + 3) {
      token_.text += static_cast<char>(code);
      at_ += 3;
    } else {
      fail(at_, "unknown escape", "use \\\", \\\\ or \\xHH");
    }
  }
  ++at_;
}

std::string Tokens::shown() const {
  if (token_.kind == Token::Kind::kEnd) return "the end";
  const size_t end = std::min(at_, token_.begin + 40);
  return "\"" + std::string(text_.substr(token_.begin, end - token_.begin)) + "\"";
}

Token Tokens::expect(Token::Kind kind, std::string_view what) {
  if (token_.kind != kind) fail(token_.begin, fmt::format("{} instead of {}", shown(), what));
  Token result = std::move(token_);
  next();
  last_ = result.begin;
  return result;
}

bool Tokens::accept_symbol(std::string_view s) {
  const bool yes = is_symbol(s);
  if (yes) next();
  return yes;
}

void Tokens::expect_symbol(std::string_view s) {
  if (!accept_symbol(s)) fail(token_.begin, fmt::format("{} instead of '{}'", shown(), s));
}

void Tokens::expect_word(std::string_view word) {
  if (!is_word(word)) fail(token_.begin, fmt::format("{} instead of \"{}\"", shown(), word));
  next();
}

bool Tokens::is_number() const {
  return is(Token::Kind::kInteger) || is(Token::Kind::kNumber) || is_word("inf");
}

double Tokens::expect_number() {
  if (!is_number()) fail(token_.begin, fmt::format("{} instead of a number", shown()));
  const double x = token_.number;
  next();
  return x;
}

}  // namespace dojo
