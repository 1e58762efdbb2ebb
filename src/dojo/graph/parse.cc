// A hand-written parser. Nothing nests deeper than a list of numbers, so no input can exhaust the
// stack; every count is checked before memory is taken for it.
#include <fmt/format.h>

#include <map>
#include <optional>

#include "dojo/base/error.h"
#include "dojo/graph/op.h"
#include "dojo/graph/text.h"
#include "dojo/graph/tokens.h"
#include "dojo/graph/verify.h"

namespace dojo {
namespace {

class Parser {
 public:
  Parser(std::string_view text, std::string_view file) : tokens_(text, file) {}

  Graph parse() {
    tokens_.expect_word("graph");
    graph_.name = tokens_.expect(Token::Kind::kString, "the graph's name in quotes").text;
    tokens_.expect_symbol("{");
    while (!tokens_.is_symbol("}")) statement();
    tokens_.next();
    if (!tokens_.is(Token::Kind::kEnd))
      tokens_.fail(tokens_.ahead().begin, "text after the closing '}'");
    try {
      verify(graph_);
    } catch (const Error& error) {
      const auto at = places_.find(error.where());
      tokens_.fail(at == places_.end() ? 0 : at->second,
                   at == places_.end() ? error.where() + ": " + error.message() : error.message(),
                   error.hint());
    }
    return std::move(graph_);
  }

 private:
  void statement() {
    const size_t begin = tokens_.ahead().begin;
    if (tokens_.is(Token::Kind::kValue)) return node();
    const std::string word =
        tokens_
            .expect(Token::Kind::kWord, "data, parameter, state, output, update, a %value or '}'")
            .text;
    if (word == "data" || word == "parameter" || word == "state")
      input(word);
    else if (word == "output")
      output(begin);
    else if (word == "update")
      update(begin);
    else
      tokens_.fail(begin, fmt::format("\"{}\" begins no statement", word),
                   "use data, parameter, state, output, update or a %value");
  }

  void input(const std::string& role) {
    if (!graph_.nodes.empty()) tokens_.fail(tokens_.last_begin(), "an input after the first node");
    auto [name, type, begin] = typed_name();
    Input in;
    in.value = define(name, type, begin, kNoNode, 0);
    in.role = role == "data" ? Role::kData : role == "state" ? Role::kState : Role::kParameter;
    if (in.role != Role::kData) {
      tokens_.expect_symbol("=");
      const Token kind = tokens_.expect(Token::Kind::kWord, "constant, normal or uniform");
      if (kind.text == "constant")
        in.initial.kind = Initial::Kind::kConstant;
      else if (kind.text == "normal")
        in.initial.kind = Initial::Kind::kNormal;
      else if (kind.text == "uniform")
        in.initial.kind = Initial::Kind::kUniform;
      else
        tokens_.fail(kind.begin,
                     fmt::format("\"{}\" instead of constant, normal or uniform", kind.text));
      tokens_.expect_symbol("(");
      in.initial.scale = tokens_.expect_number();
      tokens_.expect_symbol(")");
    }
    graph_.inputs.push_back(in);
  }

  void output(size_t begin) {
    Output out;
    out.name = tokens_.expect(Token::Kind::kWord, "the output's name").text;
    out.value = use();
    if (tokens_.is_word("guard")) {
      out.guard = true;
      tokens_.next();
    }
    places_.emplace("output " + out.name, begin);
    if (!output_names_.emplace(out.name, begin).second)
      tokens_.fail(begin, fmt::format("the output name {} is taken", out.name));
    graph_.outputs.push_back(std::move(out));
  }

  void update(size_t begin) {
    Update u;
    u.state = use();
    places_.emplace("update %" + graph_.value(u.state).name, begin);
    tokens_.expect_symbol("=");
    u.value = use();
    graph_.updates.push_back(u);
  }

  struct TypedName {
    std::string name;
    Type type;
    size_t begin;
  };

  void node() {
    const size_t begin = tokens_.ahead().begin;
    std::vector<TypedName> results;
    do results.push_back(typed_name());
    while (tokens_.accept_symbol(","));
    tokens_.expect_symbol("=");
    Node node;
    const Token op = tokens_.expect(Token::Kind::kWord, "an op");
    node.op = op.text;
    tokens_.expect_symbol("(");
    while (!tokens_.is_symbol(")") && !tokens_.is_symbol(";")) {
      if (!node.inputs.empty()) tokens_.expect_symbol(",");
      if (tokens_.is_word("_")) {
        tokens_.next();
        node.inputs.push_back(kNoValue);
      } else {
        node.inputs.push_back(use());
      }
    }
    if (tokens_.accept_symbol(";")) attributes(node);
    tokens_.expect_symbol(")");

    std::vector<const Type*> operands;
    for (ValueId v : node.inputs) operands.push_back(v == kNoValue ? nullptr : &graph_.type(v));
    std::vector<Type> types;
    try {
      types = infer_types(node.op, node.attributes, operands);
    } catch (const Error& error) {
      tokens_.fail(op.begin,
                   error.where().empty() ? error.message() : error.where() + ": " + error.message(),
                   error.hint());
    }
    if (types.size() != results.size())
      tokens_.fail(begin,
                   fmt::format("{} results; {} makes {}", results.size(), node.op, types.size()));
    const NodeId id{static_cast<int32_t>(graph_.nodes.size())};
    for (size_t i = 0; i < types.size(); ++i) {
      if (results[i].type != types[i])
        tokens_.fail(results[i].begin,
                     fmt::format("%{} is declared {}; {} makes {}", results[i].name,
                                 to_string(results[i].type), node.op, to_string(types[i])));
      node.outputs.push_back(
          define(results[i].name, types[i], results[i].begin, id, static_cast<int32_t>(i)));
    }
    graph_.nodes.push_back(std::move(node));
  }

  void attributes(Node& node) {
    do {
      const Token key = tokens_.expect(Token::Kind::kWord, "an attribute");
      tokens_.expect_symbol("=");
      if (!node.attributes.emplace(key.text, attribute()).second)
        tokens_.fail(key.begin, fmt::format("the attribute {} is there twice", key.text));
    } while (tokens_.accept_symbol(","));
  }

  Attribute attribute() {
    if (tokens_.is(Token::Kind::kString)) return tokens_.expect(Token::Kind::kString, "").text;
    if (tokens_.is(Token::Kind::kInteger)) return tokens_.expect(Token::Kind::kInteger, "").integer;
    if (tokens_.is_number()) return tokens_.expect_number();
    if (!tokens_.accept_symbol("["))
      tokens_.fail(tokens_.ahead().begin,
                   fmt::format("{} instead of a number, string or list", tokens_.shown()));
    std::vector<int64_t> integers;
    std::vector<double> numbers;
    bool all_integers = true;
    while (!tokens_.is_symbol("]")) {
      if (!numbers.empty()) tokens_.expect_symbol(",");
      all_integers = all_integers && tokens_.is(Token::Kind::kInteger);
      integers.push_back(tokens_.ahead().integer);
      numbers.push_back(tokens_.expect_number());
    }
    tokens_.next();
    if (all_integers) return integers;
    return numbers;
  }

  TypedName typed_name() {
    const Token name = tokens_.expect(Token::Kind::kValue, "a %value");
    tokens_.expect_symbol(":");
    const Token format_name = tokens_.expect(Token::Kind::kWord, "a format");
    const std::optional<Format> format = parse_format(format_name.text);
    if (!format)
      tokens_.fail(format_name.begin, fmt::format("unknown format \"{}\"", format_name.text),
                   kFormatHint);
    Type type{*format, {}};
    const size_t begin = tokens_.ahead().begin;
    tokens_.expect_symbol("[");
    while (!tokens_.is_symbol("]")) {
      if (!type.shape.empty()) tokens_.expect_symbol(",");
      if (type.shape.size() == kMaxRank)
        tokens_.fail(begin, fmt::format("a shape with more than {} dimensions", kMaxRank));
      type.shape.push_back(tokens_.expect(Token::Kind::kInteger, "a dimension").integer);
    }
    tokens_.next();
    try {
      check_shape(type.shape);
    } catch (const Error& error) {
      tokens_.fail(begin, error.message());
    }
    return {name.text, std::move(type), name.begin};
  }

  ValueId define(const std::string& name, const Type& type, size_t begin, NodeId producer,
                 int32_t output_index) {
    const ValueId v{static_cast<int32_t>(graph_.values.size())};
    if (!values_.emplace(name, v).second)
      tokens_.fail(begin, fmt::format("%{} is made twice", name));
    if (producer == kNoNode) places_.emplace("%" + name, begin);
    graph_.values.push_back({type, name, producer, output_index});
    return v;
  }

  ValueId use() {
    const Token name = tokens_.expect(Token::Kind::kValue, "a %value");
    const auto at = values_.find(name.text);
    if (at == values_.end())
      tokens_.fail(name.begin, fmt::format("%{} is not made before this", name.text));
    return at->second;
  }

  Tokens tokens_;
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
