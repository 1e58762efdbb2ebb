// A hand-written parser for one token of lookahead. Nothing nests deeper than a list of numbers, so
// no input can exhaust the stack; every count is checked before memory is taken for it.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <optional>

#include "dojo/base/error.h"
#include "dojo/graph/op.h"
#include "dojo/graph/text.h"
#include "dojo/graph/verify.h"

namespace dojo {
namespace {

constexpr size_t kMaxTextBytes = size_t{1} << 28;

struct Token {
  enum class Kind { kWord, kValue, kInteger, kNumber, kString, kSymbol, kEnd } kind = Kind::kEnd;
  std::string text;  // of a string: unescaped; of a value: without the '%'
  int64_t integer = 0;
  double number = 0;
  size_t begin = 0;  // offset in the text
};

class Parser {
 public:
  Parser(std::string_view text, std::string_view file) : text_(text), file_(file) {
    if (text_.size() > kMaxTextBytes)
      fail(0, fmt::format("{} bytes of text; at most {}", text_.size(), kMaxTextBytes));
    next();
  }

  Graph parse() {
    expect_word("graph");
    graph_.name = expect(Token::Kind::kString, "the graph's name in quotes").text;
    expect_symbol("{");
    while (!is_symbol("}")) statement();
    next();
    if (token_.kind != Token::Kind::kEnd) fail(token_.begin, "text after the closing '}'");
    try {
      verify(graph_);
    } catch (const Error& error) {
      const auto at = places_.find(error.where());
      fail(at == places_.end() ? 0 : at->second,
           at == places_.end() ? error.where() + ": " + error.message() : error.message(),
           error.hint());
    }
    return std::move(graph_);
  }

 private:
  [[noreturn]] void fail(size_t offset, std::string message, std::string hint = {}) const {
    size_t line = 1, column = 1;
    for (char c : text_.substr(0, offset)) {
      column = c == '\n' ? 1 : column + 1;
      line += c == '\n';
    }
    throw Error(Category::kInput, std::move(message), fmt::format("{}:{}:{}", file_, line, column),
                std::move(hint));
  }

  // --- tokens ---

  void next() {
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
      token_.text = name_here();
      if (token_.text.empty()) fail(token_.begin, "a '%' without a name");
    } else if (digit || (c == '-' && !minus_inf)) {
      number();
    } else if (minus_inf) {
      at_ += 4;
      token_.kind = Token::Kind::kNumber;
      token_.number = -std::numeric_limits<double>::infinity();
    } else if (is_name_char(c)) {
      token_.kind = Token::Kind::kWord;
      token_.text = name_here();
      token_.number = std::numeric_limits<double>::infinity();  // if it is "inf"
    } else if (c == '"') {
      string();
    } else {
      token_.kind = Token::Kind::kSymbol;
      token_.text = c;
      ++at_;
    }
  }

  std::string name_here() {
    const size_t begin = at_;
    while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  void number() {
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

  void string() {
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

  std::string shown() const {
    if (token_.kind == Token::Kind::kEnd) return "the end";
    const size_t end = std::min(at_, token_.begin + 40);
    return "\"" + std::string(text_.substr(token_.begin, end - token_.begin)) + "\"";
  }

  Token expect(Token::Kind kind, std::string_view what) {
    if (token_.kind != kind) fail(token_.begin, fmt::format("{} instead of {}", shown(), what));
    Token result = std::move(token_);
    next();
    last_ = result.begin;
    return result;
  }

  bool is_word(std::string_view s) const {
    return token_.kind == Token::Kind::kWord && token_.text == s;
  }

  bool is_symbol(std::string_view s) const {
    return token_.kind == Token::Kind::kSymbol && token_.text == s;
  }

  bool accept_symbol(std::string_view s) {
    const bool yes = is_symbol(s);
    if (yes) next();
    return yes;
  }

  void expect_symbol(std::string_view s) {
    if (!accept_symbol(s)) fail(token_.begin, fmt::format("{} instead of '{}'", shown(), s));
  }

  void expect_word(std::string_view word) {
    if (!is_word(word)) fail(token_.begin, fmt::format("{} instead of \"{}\"", shown(), word));
    next();
  }

  // --- the grammar ---

  void statement() {
    const size_t begin = token_.begin;
    if (token_.kind == Token::Kind::kValue) return node();
    const std::string word =
        expect(Token::Kind::kWord, "data, parameter, state, output, update, a %value or '}'").text;
    if (word == "data" || word == "parameter" || word == "state")
      input(word);
    else if (word == "output")
      output(begin);
    else if (word == "update")
      update(begin);
    else
      fail(begin, fmt::format("\"{}\" begins no statement", word),
           "use data, parameter, state, output, update or a %value");
  }

  void input(const std::string& role) {
    if (!graph_.nodes.empty()) fail(last_, "an input after the first node");
    auto [name, type, begin] = typed_name();
    Input in;
    in.value = define(name, type, begin, kNoNode, 0);
    in.role = role == "data" ? Role::kData : role == "state" ? Role::kState : Role::kParameter;
    if (in.role != Role::kData) {
      expect_symbol("=");
      const Token kind = expect(Token::Kind::kWord, "constant, normal or uniform");
      if (kind.text == "constant")
        in.initial.kind = Initial::Kind::kConstant;
      else if (kind.text == "normal")
        in.initial.kind = Initial::Kind::kNormal;
      else if (kind.text == "uniform")
        in.initial.kind = Initial::Kind::kUniform;
      else
        fail(kind.begin, fmt::format("\"{}\" instead of constant, normal or uniform", kind.text));
      expect_symbol("(");
      in.initial.scale = any_number();
      expect_symbol(")");
    }
    graph_.inputs.push_back(in);
  }

  void output(size_t begin) {
    Output out;
    out.name = expect(Token::Kind::kWord, "the output's name").text;
    out.value = use();
    if (is_word("guard")) {
      out.guard = true;
      next();
    }
    places_.emplace("output " + out.name, begin);
    if (!output_names_.emplace(out.name, begin).second)
      fail(begin, fmt::format("the output name {} is taken", out.name));
    graph_.outputs.push_back(std::move(out));
  }

  void update(size_t begin) {
    Update u;
    u.state = use();
    places_.emplace("update %" + graph_.value(u.state).name, begin);
    expect_symbol("=");
    u.value = use();
    graph_.updates.push_back(u);
  }

  struct TypedName {
    std::string name;
    Type type;
    size_t begin;
  };

  void node() {
    const size_t begin = token_.begin;
    std::vector<TypedName> results;
    do results.push_back(typed_name());
    while (accept_symbol(","));
    expect_symbol("=");
    Node node;
    const Token op = expect(Token::Kind::kWord, "an op");
    node.op = op.text;
    expect_symbol("(");
    while (!is_symbol(")") && !is_symbol(";")) {
      if (!node.inputs.empty()) expect_symbol(",");
      if (is_word("_")) {
        next();
        node.inputs.push_back(kNoValue);
      } else {
        node.inputs.push_back(use());
      }
    }
    if (accept_symbol(";")) attributes(node);
    expect_symbol(")");

    std::vector<const Type*> operands;
    for (ValueId v : node.inputs) operands.push_back(v == kNoValue ? nullptr : &graph_.type(v));
    std::vector<Type> types;
    try {
      types = infer_types(node.op, node.attributes, operands);
    } catch (const Error& error) {
      fail(op.begin,
           error.where().empty() ? error.message() : error.where() + ": " + error.message(),
           error.hint());
    }
    if (types.size() != results.size())
      fail(begin, fmt::format("{} results; {} makes {}", results.size(), node.op, types.size()));
    const NodeId id{static_cast<int32_t>(graph_.nodes.size())};
    for (size_t i = 0; i < types.size(); ++i) {
      if (results[i].type != types[i])
        fail(results[i].begin,
             fmt::format("%{} is declared {}; {} makes {}", results[i].name,
                         to_string(results[i].type), node.op, to_string(types[i])));
      node.outputs.push_back(
          define(results[i].name, types[i], results[i].begin, id, static_cast<int32_t>(i)));
    }
    graph_.nodes.push_back(std::move(node));
  }

  void attributes(Node& node) {
    do {
      const Token key = expect(Token::Kind::kWord, "an attribute");
      expect_symbol("=");
      if (!node.attributes.emplace(key.text, attribute()).second)
        fail(key.begin, fmt::format("the attribute {} is there twice", key.text));
    } while (accept_symbol(","));
  }

  Attribute attribute() {
    if (token_.kind == Token::Kind::kString) return expect(Token::Kind::kString, "").text;
    if (token_.kind == Token::Kind::kInteger) return expect(Token::Kind::kInteger, "").integer;
    if (token_.kind == Token::Kind::kNumber || is_word("inf")) return any_number();
    if (!accept_symbol("["))
      fail(token_.begin, fmt::format("{} instead of a number, string or list", shown()));
    std::vector<int64_t> integers;
    std::vector<double> numbers;
    bool all_integers = true;
    while (!is_symbol("]")) {
      if (!numbers.empty()) expect_symbol(",");
      all_integers = all_integers && token_.kind == Token::Kind::kInteger;
      integers.push_back(token_.integer);
      numbers.push_back(any_number());
    }
    next();
    if (all_integers) return integers;
    return numbers;
  }

  double any_number() {
    if (token_.kind != Token::Kind::kInteger && token_.kind != Token::Kind::kNumber &&
        !is_word("inf"))
      fail(token_.begin, fmt::format("{} instead of a number", shown()));
    const double x = token_.number;
    next();
    return x;
  }

  TypedName typed_name() {
    const Token name = expect(Token::Kind::kValue, "a %value");
    expect_symbol(":");
    const Token format_name = expect(Token::Kind::kWord, "a format");
    const std::optional<Format> format = parse_format(format_name.text);
    if (!format)
      fail(format_name.begin, fmt::format("unknown format \"{}\"", format_name.text),
           "use f32, i32 or u8");
    Type type{*format, {}};
    const size_t begin = token_.begin;
    expect_symbol("[");
    while (!is_symbol("]")) {
      if (!type.shape.empty()) expect_symbol(",");
      if (type.shape.size() == kMaxRank)
        fail(begin, fmt::format("a shape with more than {} dimensions", kMaxRank));
      type.shape.push_back(expect(Token::Kind::kInteger, "a dimension").integer);
    }
    next();
    try {
      check_shape(type.shape);
    } catch (const Error& error) {
      fail(begin, error.message());
    }
    return {name.text, std::move(type), name.begin};
  }

  ValueId define(const std::string& name, const Type& type, size_t begin, NodeId producer,
                 int32_t output_index) {
    const ValueId v{static_cast<int32_t>(graph_.values.size())};
    if (!values_.emplace(name, v).second) fail(begin, fmt::format("%{} is made twice", name));
    if (producer == kNoNode) places_.emplace("%" + name, begin);
    graph_.values.push_back({type, name, producer, output_index});
    return v;
  }

  ValueId use() {
    const Token name = expect(Token::Kind::kValue, "a %value");
    const auto at = values_.find(name.text);
    if (at == values_.end())
      fail(name.begin, fmt::format("%{} is not made before this", name.text));
    return at->second;
  }

  std::string_view text_, file_;
  size_t at_ = 0;    // offset behind token_
  size_t last_ = 0;  // offset of the token before
  Token token_;
  Graph graph_;
  std::map<std::string, ValueId, std::less<>> values_;
  std::map<std::string, size_t> output_names_;
  std::map<std::string, size_t, std::less<>> places_;  // the verifier's `where` -> offset
};

}  // namespace

Graph parse_graph(std::string_view text, std::string_view file) {
  return Parser(text, file).parse();
}

}  // namespace dojo
