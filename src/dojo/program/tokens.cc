#include "dojo/program/tokens.h"

#include <fmt/format.h>

#include <charconv>

#include "dojo/base/error.h"
#include "dojo/base/text.h"
#include "dojo/program/names.h"
#include "dojo/program/text.h"

namespace dojo::program {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Tokens::Tokens(std::string_view text, std::string_view file) : text_(text), file_(file) {
  if (std::ssize(text_) > kMaxTextBytes)
    fail({}, fmt::format("more than {} bytes of text", kMaxTextBytes));
  read();
}

void Tokens::fail(Position at, std::string message, std::string hint) const {
  throw Error(Category::kInput, std::move(message),
              fmt::format("{}:{}:{}", file_, at.line, at.column), std::move(hint));
}

void Tokens::fail_expected(std::string_view what, std::string hint) const {
  std::string seen = "the end";
  if (token_.kind != Token::Kind::kEnd)
    seen = fmt::format("\"{}\"", one_line(token_.text.substr(0, 40)));
  fail(token_.at, fmt::format("{} instead of {}", seen, what), std::move(hint));
}

void Tokens::read() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '#') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else if (c == '\n') {
      line_begin_ = ++at_;
      ++line_;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
    } else {
      break;
    }
  }
  token_ = {};
  token_.at = {line_, static_cast<uint32_t>(at_ - line_begin_ + 1)};
  token_.text = text_.substr(at_, at_ < text_.size() ? 1 : 0);
  if (at_ == text_.size()) return;
  const char c = text_[at_];
  const size_t begin = at_;
  if (is_digit(c)) {
    read_number();
  } else if (is_name_begin(c)) {
    while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    token_.kind = Token::Kind::kWord;
    token_.text = text_.substr(begin, at_ - begin);
  } else if (c == '"') {
    const size_t end = text_.find_first_of("\"\n", begin + 1);
    if (end == std::string_view::npos || text_[end] == '\n')
      fail(token_.at, "the string has no end");
    at_ = end + 1;
    token_.kind = Token::Kind::kString;
    token_.text = text_.substr(begin + 1, end - begin - 1);
  } else {
    ++at_;
    token_.kind = Token::Kind::kSymbol;
  }
}

// Digits; with a point or an exponent a number.
void Tokens::read_number() {
  const size_t begin = at_;
  const auto digits = [&] {
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  };
  const auto is_at = [&](std::string_view any) {
    return at_ < text_.size() && any.find(text_[at_]) != std::string_view::npos;
  };
  digits();
  token_.kind = Token::Kind::kInteger;
  if (is_at(".")) {
    token_.kind = Token::Kind::kNumber;
    ++at_;
    digits();
  }
  if (is_at("eE")) {
    token_.kind = Token::Kind::kNumber;
    ++at_;
    if (is_at("+-")) ++at_;
    if (at_ == text_.size() || !is_digit(text_[at_]))
      fail(token_.at, "a number without an exponent");
    digits();
  }
  if (at_ < text_.size() && is_name_char(text_[at_])) {
    const size_t end = std::min(text_.size(), at_ + 1);
    fail(token_.at, fmt::format("\"{}\" is not a number", text_.substr(begin, end - begin)),
         "leave a space between a number and a word");
  }
  token_.text = text_.substr(begin, at_ - begin);
  if (token_.kind == Token::Kind::kNumber) return;
  const char* last = token_.text.data() + token_.text.size();
  if (std::from_chars(token_.text.data(), last, token_.integer).ec != std::errc())
    fail(token_.at, fmt::format("the number {} is out of range", token_.text.substr(0, 40)));
}

Token Tokens::next() {
  Token result = token_;
  read();
  return result;
}

bool Tokens::accept_word(std::string_view s) {
  const bool yes = is_word(s);
  if (yes) read();
  return yes;
}

bool Tokens::accept_symbol(char c) {
  const bool yes = is_symbol(c);
  if (yes) read();
  return yes;
}

void Tokens::expect_word(std::string_view s) {
  if (!accept_word(s)) fail_expected(fmt::format("\"{}\"", s));
}

void Tokens::expect_symbol(char c) {
  if (!accept_symbol(c)) fail_expected(fmt::format("'{}'", c));
}

std::string Tokens::expect_name(std::string_view what) {
  if (!is(Token::Kind::kWord)) fail_expected(what);
  return std::string(next().text);
}

std::string Tokens::expect_string(std::string_view what) {
  if (!is(Token::Kind::kString)) fail_expected(what);
  return std::string(next().text);
}

int64_t Tokens::expect_integer(std::string_view what, int64_t least, int64_t most) {
  if (!is(Token::Kind::kInteger)) fail_expected(what);
  if (token_.integer < least || token_.integer > most)
    fail_expected(what, fmt::format("use {} to {}", least, most));
  return next().integer;
}

}  // namespace dojo::program
