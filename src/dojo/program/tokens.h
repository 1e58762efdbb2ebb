// The words of a program's text form, one token of lookahead at a time, and errors that say line,
// what was seen and what was expected. docs/program.md has the grammar; parse.cc and parse_code.cc
// follow it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dojo::program {

struct Position {
  uint32_t line = 1, column = 1;
};

struct Token {
  enum class Kind : uint8_t { kWord, kInteger, kNumber, kString, kSymbol, kEnd } kind = Kind::kEnd;
  std::string_view text;  // of a string: without the quotes
  int64_t integer = 0;
  Position at;
};

// All functions throw Error(kInput) whose `where` is "FILE:LINE:COLUMN" for text that is no token
// or not what is expected. Text and file name must outlive it.
class Tokens {
 public:
  Tokens(std::string_view text, std::string_view file);

  const Token& ahead() const { return token_; }
  Token next();  // the token ahead, which is passed

  bool is(Token::Kind kind) const { return token_.kind == kind; }
  bool is_word(std::string_view s) const { return is(Token::Kind::kWord) && token_.text == s; }
  bool is_symbol(char c) const { return is(Token::Kind::kSymbol) && token_.text[0] == c; }
  bool accept_word(std::string_view s);
  bool accept_symbol(char c);

  void expect_word(std::string_view s);
  void expect_symbol(char c);
  // `what`: "the name of a layout".
  std::string expect_name(std::string_view what);
  std::string expect_string(std::string_view what);
  // In [least, most], without a sign.
  int64_t expect_integer(std::string_view what, int64_t least, int64_t most);

  // "X instead of WHAT", of the token ahead.
  [[noreturn]] void fail_expected(std::string_view what, std::string hint = {}) const;
  [[noreturn]] void fail(Position at, std::string message, std::string hint = {}) const;

 private:
  void read();
  void read_number();

  std::string_view text_, file_;
  size_t at_ = 0;          // offset behind token_
  size_t line_begin_ = 0;  // offset of the line in which at_ is
  uint32_t line_ = 1;
  Token token_;
};

}  // namespace dojo::program
