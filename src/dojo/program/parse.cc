#include "dojo/program/parse.h"

#include <fmt/format.h>

#include <optional>

#include "dojo/program/text.h"

namespace dojo::program {
namespace {

constexpr int kMaxFormulaDepth = 16;

class Parser {
 public:
  Parser(std::string_view text, std::string_view file) : tokens_(text, file) { lines_.file = file; }

  Program parse(SourceLines* lines) {
    tokens_.expect_word("program");
    const Position begin = tokens_.ahead().at;
    const std::string name = tokens_.expect_string("the program's name in quotes");
    tokens_.expect_symbol('{');
    tokens_.expect_word("nodes");
    Coord grid;
    grid.x = integer("columns", 1, kMaxGridSide);
    tokens_.expect_word("x");
    grid.y = integer("rows", 1, kMaxGridSide);
    placed(tokens_, begin, [&] { builder_.emplace(name, grid); });
    while (!tokens_.is_symbol('}')) {
      const Position at = tokens_.ahead().at;
      placed(tokens_, at, [&] { item(at); });
    }
    const Position end = tokens_.next().at;
    if (!tokens_.is(Token::Kind::kEnd)) tokens_.fail_expected("the end");
    Program program = placed(tokens_, end, [&] { return std::move(*builder_).finish(); });
    if (lines) *lines = std::move(lines_);
    return program;
  }

  Region parse_region() {
    const Region r = columns_and_rows();
    if (!tokens_.is(Token::Kind::kEnd)) tokens_.fail_expected("the end");
    return r;
  }

 private:
  void item(Position at) {
    if (tokens_.accept_word("place")) return place(at);
    if (tokens_.accept_word("random")) return random();
    if (tokens_.accept_word("layout")) return layout(at);
    if (tokens_.accept_word("barrier")) return barrier(at);
    if (tokens_.accept_word("class")) return node_class(at);
    tokens_.fail_expected("place, random, layout, barrier, class or '}'");
  }

  void place(Position at) {
    Placement placement;
    placement.region = region();
    tokens_.expect_word("at");
    placement.at = coord();
    if (tokens_.accept_word("right")) {
      placement.right = coord();
      tokens_.expect_word("down");
      placement.down = coord();
    }
    builder_->place(placement);
    lines_.placements.push_back(at.line);
  }

  void random() {
    const std::string name = tokens_.expect_name("the name of a random");
    names_.randoms.emplace(name, builder_->random(name, shape()));
  }

  void layout(Position at) {
    const std::string name = tokens_.expect_name("the name of a layout");
    Layout::Of of = Layout::Of::kNodes;
    if (tokens_.accept_word("on")) {
      tokens_.expect_word("interfaces");
      of = Layout::Of::kInterfaces;
    }
    names_.layouts.emplace(name, builder_->layout(name, of));
    names_.of_layout.emplace_back();
    lines_.layouts.push_back(at.line);
    tokens_.expect_symbol('{');
    while (!tokens_.is_symbol('}')) {
      const Position item_at = tokens_.ahead().at;
      placed(tokens_, item_at, [&] { layout_item(item_at); });
    }
    tokens_.next();
  }

  void layout_item(Position at) {
    LayoutNames& names = names_.of_layout.back();
    if (tokens_.accept_word("code")) {
      tokens_.expect_word("at");
      const int64_t address = tokens_.expect_integer("an address", 0, kMaxConstant);
      tokens_.expect_word("size");
      return builder_->code(address, tokens_.expect_integer("a size in bytes", 1, kMaxConstant));
    }
    if (tokens_.accept_word("semaphore")) {
      const std::string name = tokens_.expect_name("the name of a semaphore");
      int32_t initial = 0, count = 1;
      if (tokens_.accept_symbol('[')) {
        count = integer("a number of counters", 1, kMaxSlots);
        tokens_.expect_symbol(']');
      }
      if (tokens_.accept_symbol('=')) initial = integer("a count", 0, kMaxValue);
      names.semaphores.emplace(name, builder_->semaphore(name, initial, count));
      lines_.semaphores.push_back(at.line);
      return;
    }
    const std::string name =
        tokens_.expect_name("code, semaphore, the name of an allocation or '}'");
    tokens_.expect_symbol(':');
    const Element of = element();
    std::vector<int64_t> dimensions = shape();
    tokens_.expect_word("at");
    AllocateOptions options;
    options.address = tokens_.expect_integer("an address", 0, kMaxConstant);
    if (tokens_.accept_word("live")) {
      options.live.begin = integer("a phase", 0, kMaxValue);
      tokens_.expect_symbol(':');
      if (tokens_.accept_symbol('+'))
        options.live.end = options.live.begin + integer("a number of phases", 1, kMaxValue);
    }
    options.is_input = tokens_.accept_word("input");
    options.is_output = tokens_.accept_word("output");
    names.allocations.emplace(name, builder_->allocate(name, of, std::move(dimensions), options));
    lines_.allocations.push_back(at.line);
  }

  Element element() {
    const auto kind = tokens_.is(Token::Kind::kWord) ? parse_element_kind(tokens_.ahead().text)
                                                     : std::optional<ElementKind>{};
    if (!kind) {
      std::string hint = "use ";
      for (const ElementKind k : kElementKinds)
        hint += fmt::format("{}{}", k == kElementKinds[0] ? "" : ", ", name(k));
      tokens_.fail_expected("a number format", hint);
    }
    tokens_.next();
    Element of{*kind};
    if (has_bias(*kind)) {
      tokens_.expect_symbol('(');
      of.bias = static_cast<uint8_t>(tokens_.expect_integer("a bias", 0, kMaxBias));
      tokens_.expect_symbol(')');
    }
    return of;
  }

  void barrier(Position at) {
    const std::string name = tokens_.expect_name("the name of a barrier");
    tokens_.expect_word("over");
    const Region over = region();
    tokens_.expect_word("root");
    const Coord root = coord();
    const int32_t fan = tokens_.accept_word("fan") ? integer("a fan", 1, 64) : 1;
    names_.barriers.emplace(name, builder_->barrier(name, over, root, fan));
    lines_.barriers.push_back(at.line);
  }

  void node_class(Position at) {
    const std::string name = tokens_.expect_name("the name of a class");
    tokens_.expect_word("uses");
    const auto layout_found = tokens_.is(Token::Kind::kWord)
                                  ? names_.layouts.find(tokens_.ahead().text)
                                  : names_.layouts.end();
    if (layout_found == names_.layouts.end()) tokens_.fail_expected("a layout");
    tokens_.next();
    ClassBuilder node_class = builder_->node_class(name, layout_found->second);
    lines_.classes.push_back(at.line);
    lines_.instructions.emplace_back();
    ClassNames class_names;
    class_names.variables = {{"x", x()}, {"y", y()}};
    bool has_thread[kNumThreads] = {};
    tokens_.expect_symbol('{');
    while (!tokens_.accept_symbol('}')) {
      const Position item_at = tokens_.ahead().at;
      placed(tokens_, item_at, [&] {
        if (tokens_.accept_word("on")) return on(&node_class, &class_names);
        if (tokens_.accept_word("let")) return let(&node_class, &class_names);
        if (!tokens_.accept_word("thread")) tokens_.fail_expected("on, let, thread or '}'");
        const auto i = static_cast<size_t>(tokens_.expect_integer("a thread", 0, kNumThreads - 1));
        if (std::exchange(has_thread[i], true))
          tokens_.fail(item_at, fmt::format("thread {} is there twice", i));
        parse_code(&tokens_, names_, layout_found->second, class_names.variables,
                   node_class.thread(i), &lines_.instructions.back()[i]);
      });
    }
  }

  struct ClassNames {
    Variables variables;
    std::vector<std::string> given;  // arguments that regions give
    bool has_region = false, has_let = false;
  };

  void on(ClassBuilder* node_class, ClassNames* names) {
    const Region where = region();
    std::vector<std::string> given;
    std::vector<int64_t> values;
    if (tokens_.accept_word("with")) {
      do {
        if (given.size() == kMaxArguments) tokens_.fail_expected("fewer arguments");
        given.push_back(tokens_.expect_name("the name of an argument"));
        tokens_.expect_symbol('=');
        values.push_back(parse_signed(&tokens_, "a number", kMaxValue));
      } while (tokens_.accept_symbol(','));
    }
    if (!names->has_region) {
      if (names->has_let && !given.empty())
        throw Error(Category::kInput, "arguments that regions give behind a let", "",
                    "put this line before it");
      for (const std::string& name : given)
        names->variables.emplace_back(name, node_class->argument(name));
      names->given = std::move(given);
      names->has_region = true;
    } else if (given != names->given) {
      throw Error(Category::kInput, "other arguments than in the region before", "",
                  "all regions of a class give the same ones, in one order");
    }
    node_class->on(where, std::move(values));
  }

  void let(ClassBuilder* node_class, ClassNames* names) {
    const std::string name = tokens_.expect_name("the name of an argument");
    tokens_.expect_symbol('=');
    const Expr value = node_class->let(name, formula(names->variables, 0));
    names->variables.emplace_back(name, value);
    names->has_let = true;
  }

  Formula formula(const Variables& variables, int depth) {
    Formula sum = formula_product(variables, depth);
    while (tokens_.is_symbol('+') || tokens_.is_symbol('-')) {
      const auto op =
          tokens_.next().text[0] == '+' ? ArgumentStep::Op::kAdd : ArgumentStep::Op::kSubtract;
      sum = Formula::apply(op, std::move(sum), formula_product(variables, depth));
    }
    return sum;
  }

  Formula formula_product(const Variables& variables, int depth) {
    Formula product = formula_factor(variables, depth);
    while (tokens_.is_symbol('*') || tokens_.is_symbol('/') || tokens_.is_symbol('%')) {
      const char symbol = tokens_.next().text[0];
      const auto op = symbol == '*'   ? ArgumentStep::Op::kMultiply
                      : symbol == '/' ? ArgumentStep::Op::kDivide
                                      : ArgumentStep::Op::kRemainder;
      product = Formula::apply(op, std::move(product), formula_factor(variables, depth));
    }
    return product;
  }

  Formula formula_factor(const Variables& variables, int depth) {
    if (depth > kMaxFormulaDepth) tokens_.fail_expected("fewer parentheses in each other");
    if (tokens_.accept_symbol('-')) {
      if (tokens_.is(Token::Kind::kInteger))
        return Formula(-tokens_.expect_integer("a number", 0, kMaxConstant));
      return Formula::apply(ArgumentStep::Op::kSubtract, Formula(int64_t{0}),
                            formula_factor(variables, depth + 1));
    }
    if (tokens_.is(Token::Kind::kInteger))
      return Formula(tokens_.expect_integer("a number", 0, kMaxConstant));
    if (tokens_.accept_symbol('(')) {
      Formula inner = formula(variables, depth + 1);
      tokens_.expect_symbol(')');
      return inner;
    }
    for (const auto& [word, op] :
         {std::pair{"min", ArgumentStep::Op::kMin}, {"max", ArgumentStep::Op::kMax}}) {
      if (!tokens_.accept_word(word)) continue;
      tokens_.expect_symbol('(');
      Formula a = formula(variables, depth + 1);
      tokens_.expect_symbol(',');
      Formula result = Formula::apply(op, std::move(a), formula(variables, depth + 1));
      tokens_.expect_symbol(')');
      return result;
    }
    if (tokens_.is(Token::Kind::kWord))
      for (const auto& [name, value] : variables)
        if (name == tokens_.ahead().text) {
          tokens_.next();
          return Formula::variable(value.terms()[0].var);
        }
    tokens_.fail_expected("a number, x, y, an argument, min, max or '('");
  }

  int32_t integer(std::string_view what, int64_t least, int64_t most) {
    return static_cast<int32_t>(tokens_.expect_integer(what, least, most));
  }

  Coord coord() {
    Coord c;
    tokens_.expect_symbol('(');
    c.x = static_cast<int32_t>(parse_signed(&tokens_, "a column", kMaxGridSide));
    tokens_.expect_symbol(',');
    c.y = static_cast<int32_t>(parse_signed(&tokens_, "a row", kMaxGridSide));
    tokens_.expect_symbol(')');
    return c;
  }

  Region region() {
    tokens_.expect_symbol('[');
    const Region r = columns_and_rows();
    tokens_.expect_symbol(']');
    return r;
  }

  Region columns_and_rows() {
    Region r;
    r.x = range("a column");
    tokens_.expect_symbol(',');
    r.y = range("a row");
    return r;
  }

  Range range(std::string_view what) {
    Range r;
    r.start = integer(what, 0, kMaxGridSide);
    if (!tokens_.accept_symbol(':')) return r;
    tokens_.expect_symbol('+');
    r.count = integer("a count", 1, kMaxGridSide);
    if (tokens_.accept_symbol(':')) r.step = integer("a step", 1, kMaxGridSide);
    if (r.count == 1) r.step = 1;
    return r;
  }

  std::vector<int64_t> shape() {
    std::vector<int64_t> dimensions;
    tokens_.expect_symbol('[');
    do {
      if (dimensions.size() == kMaxRank) tokens_.fail_expected("']'");
      dimensions.push_back(tokens_.expect_integer("a dimension", 1, kMaxElements));
    } while (tokens_.accept_symbol(','));
    tokens_.expect_symbol(']');
    return dimensions;
  }

  Tokens tokens_;
  std::optional<Builder> builder_;
  Names names_;
  SourceLines lines_;
};

}  // namespace

Program parse_program(std::string_view text, std::string_view file, SourceLines* lines) {
  return Parser(text, file).parse(lines);
}

Region parse_region(std::string_view text) { return Parser(text, "region").parse_region(); }

}  // namespace dojo::program
