// The words of a graph's text form, one token of lookahead at a time, and the errors that name
// their place. docs/graph.md has the grammar; parse.cc follows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dojo {

struct Token {
  enum class Kind { kWord, kValue, kInteger, kNumber, kString, kSymbol, kEnd } kind = Kind::kEnd;
  std::string text;  // of a string: unescaped; of a value: without the '%'
  int64_t integer = 0;
  double number = 0;  // of an integer too; infinity for any word
  size_t begin = 0;   // offset in the text
};

// All functions throw Error(kInput) whose `where` is "FILE:LINE:COLUMN" for text that is no token
// or not what is expected. Text and file name must outlive it.
class Tokens {
 public:
  Tokens(std::string_view text, std::string_view file);

  const Token& ahead() const { return token_; }
  size_t last_begin() const { return last_; }  // of the token that expect() took
  void next();

  bool is(Token::Kind kind) const { return token_.kind == kind; }
  bool is_word(std::string_view s) const { return is(Token::Kind::kWord) && token_.text == s; }
  bool is_symbol(std::string_view s) const { return is(Token::Kind::kSymbol) && token_.text == s; }
  bool is_number() const;  // an integer, a number or inf

  bool accept_symbol(std::string_view s);
  void expect_symbol(std::string_view s);
  void expect_word(std::string_view word);
  double expect_number();
  Token expect(Token::Kind kind, std::string_view what);

  std::string shown() const;  // the token ahead, for messages
  [[noreturn]] void fail(size_t offset, std::string message, std::string hint = {}) const;

 private:
  void read_number();
  void read_string();
  std::string read_name();

  std::string_view text_, file_;
  size_t at_ = 0;    // offset behind token_
  size_t last_ = 0;  // offset of the token before
  Token token_;
};

}  // namespace dojo
