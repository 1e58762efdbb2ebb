// The instructions of a thread. Loops are the only thing that nests, and the builder stops at
// kMaxDepth of them before the parser goes deeper.
#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "dojo/program/parse.h"
#include "dojo/program/vector_op.h"

namespace dojo::program {
namespace {

// "use add, subtract, ..."
std::string vector_op_hint() {
  std::string hint = "use ";
  for (int i = 0; i < kNumVectorOps; ++i)
    hint += fmt::format("{}{}", i ? ", " : "", info(static_cast<VectorOp>(i)).name);
  return hint;
}

class CodeParser {
 public:
  CodeParser(Tokens* tokens, const Names& names, LayoutId layout, Variables variables,
             ThreadBuilder thread, std::vector<uint32_t>* lines)
      : tokens_(*tokens),
        names_(names),
        layout_(layout),
        variables_(std::move(variables)),
        thread_(thread),
        lines_(*lines) {}

  void block() {
    tokens_.expect_symbol('{');
    while (!tokens_.is_symbol('}')) {
      const Position at = tokens_.ahead().at;
      placed(tokens_, at, [&] { instruction(at); });
    }
    tokens_.next();
  }

 private:
  void instruction(Position at) {
    static constexpr std::string_view kExpected =
        "matmul, vector, copy, signal, wait, barrier, phase, idle, loop or '}'";
    lines_.push_back(at.line);
    if (tokens_.accept_word("loop")) return loop();
    if (tokens_.accept_word("matmul")) return matmul();
    if (tokens_.accept_word("vector")) return vector();
    if (tokens_.accept_word("copy")) return copy();
    if (tokens_.accept_word("signal")) return signal();
    if (tokens_.accept_word("wait")) {
      const Counter c = counter(layout_);
      return thread_.wait(c, amount());
    }
    if (tokens_.accept_word("barrier")) return thread_.barrier(named(names_.barriers, "a barrier"));
    if (tokens_.accept_word("phase")) return thread_.phase();
    if (tokens_.accept_word("idle")) return thread_.idle(expr());
    tokens_.fail_expected(kExpected);
  }

  void loop() {
    const std::string counter = tokens_.expect_name("the name of a counter");
    tokens_.expect_symbol('<');
    const Expr count = expr();
    std::vector<WrapSpec> wraps;
    while (tokens_.accept_symbol(',')) {
      WrapSpec wrap;
      wrap.name = tokens_.expect_name("the name of a counter that wraps");
      tokens_.expect_symbol('=');
      wrap.start = expr();
      tokens_.expect_word("step");
      wrap.step = parse_signed(&tokens_, "a step", kMaxValue);
      tokens_.expect_word("mod");
      wrap.modulus = tokens_.expect_integer("a modulus", 1, kMaxValue);
      wraps.push_back(std::move(wrap));
      if (wraps.size() > kMaxCounters) tokens_.fail_expected("'{'", "that are too many counters");
    }
    const std::vector<Expr> counters = thread_.begin_loop(counter, count, wraps);
    const size_t outer = variables_.size();
    variables_.emplace_back(counter, counters[0]);
    for (size_t i = 0; i < wraps.size(); ++i)
      variables_.emplace_back(wraps[i].name, counters[i + 1]);
    tokens_.expect_symbol('{');
    while (!tokens_.is_symbol('}')) {
      const Position at = tokens_.ahead().at;
      placed(tokens_, at, [&] { instruction(at); });
    }
    lines_.push_back(tokens_.ahead().at.line);
    tokens_.next();
    variables_.erase(variables_.begin() + static_cast<int64_t>(outer), variables_.end());
    thread_.end_loop();
  }

  void matmul() {
    int64_t size[3];
    for (int i = 0; i < 3; ++i) {
      if (i) tokens_.expect_word("x");
      size[i] = tokens_.expect_integer("a size of the product", 1, int64_t{1} << 20);
    }
    tokens_.expect_symbol(':');
    MatmulOptions options;
    const Block to = block_of(layout_);
    options.adds = tokens_.accept_symbol('+');
    tokens_.expect_symbol('=');
    options.left_transposed = tokens_.accept_word("transposed");
    const Block left = block_of(layout_);
    tokens_.expect_symbol('*');
    options.right_transposed = tokens_.accept_word("transposed");
    const Block right = block_of(layout_);
    options.random = random();
    thread_.matmul(size[0], size[1], size[2], to, left, right, options);
  }

  void vector() {
    const Block to = block_of(layout_);
    tokens_.expect_symbol('=');
    const auto op = tokens_.is(Token::Kind::kWord) ? parse_vector_op(tokens_.ahead().text)
                                                   : std::optional<VectorOp>{};
    if (!op) tokens_.fail_expected("an operation", vector_op_hint());
    tokens_.next();
    std::vector<Value> from;
    do {
      if (from.size() == 3) tokens_.fail_expected("the end of the instruction");
      from.push_back(operand());
    } while (tokens_.accept_symbol(','));
    thread_.vector(*op, to, from, random());
  }

  Value operand() {
    const bool negative = tokens_.accept_symbol('-');
    float constant = 0;
    if (tokens_.accept_word("inf")) {
      constant = INFINITY;
    } else if (tokens_.is(Token::Kind::kInteger) || tokens_.is(Token::Kind::kNumber)) {
      const Token token = tokens_.next();
      const char* last = token.text.data() + token.text.size();
      if (std::from_chars(token.text.data(), last, constant).ec != std::errc())
        tokens_.fail(token.at,
                     fmt::format("the number {} is beyond f32", token.text.substr(0, 40)));
    } else if (negative) {
      tokens_.fail_expected("a number");
    } else {
      return block_of(layout_);
    }
    return negative ? -constant : constant;
  }

  void copy() {
    const bool to = tokens_.accept_word("to"), from = !to && tokens_.accept_word("from");
    Where there = here();
    if (to || from) {
      const auto where = place();
      if (!where) tokens_.fail_expected("node, nodes or interface");
      there = *where;
    } else if (!tokens_.accept_word("here")) {
      tokens_.fail_expected("to, from or here");
    }
    const LayoutId other = there.layout == kNoLayout ? layout_ : there.layout;
    tokens_.expect_symbol(':');
    std::vector<BlockPair> pieces;
    do {
      if (pieces.size() == kMaxPieces) tokens_.fail_expected("the end of the transfer");
      const Block target = block_of(to ? other : layout_);
      tokens_.expect_symbol('=');
      pieces.push_back({target, block_of(from ? other : layout_)});
    } while (tokens_.accept_symbol(','));
    CopySignals signals;
    if (tokens_.accept_symbol(';')) {
      do {
        const bool is_there = tokens_.accept_word("there");
        if (!is_there && !tokens_.accept_word("here")) tokens_.fail_expected("here or there");
        Counter& signalled = is_there ? signals.there : signals.here;
        if (signalled.semaphore != kNoSemaphore)
          tokens_.fail_expected("one semaphore for each side");
        signalled = counter(is_there ? other : layout_);
      } while (tokens_.accept_symbol(','));
    }
    if (to)
      thread_.copy_to(there, pieces, signals);
    else if (from)
      thread_.copy_from(there, pieces, signals);
    else if (signals.there.semaphore != kNoSemaphore)
      tokens_.fail_expected("no signal to there of a transfer here");
    else
      thread_.copy_here(pieces, signals.here);
  }

  void signal() {
    Where there = here();
    if (const auto where = place()) there = *where;
    const Counter c = counter(there.layout == kNoLayout ? layout_ : there.layout);
    thread_.signal(there, c, amount());
  }

  Expr amount() { return tokens_.accept_word("by") ? expr() : Expr(1); }

  std::optional<Where> place() {
    Where where;
    if (tokens_.accept_word("node")) {
      tokens_.expect_symbol('(');
      Expr column = expr();
      tokens_.expect_symbol(',');
      where = node(std::move(column), expr());
      tokens_.expect_symbol(')');
    } else if (tokens_.accept_word("nodes")) {
      where.kind = Place::Kind::kNodes;
      tokens_.expect_symbol('[');
      range(&where.x, &where.x_count, &where.x_step);
      tokens_.expect_symbol(',');
      range(&where.y, &where.y_count, &where.y_step);
      tokens_.expect_symbol(']');
    } else if (tokens_.accept_word("interface")) {
      where.kind = Place::Kind::kInterface;
      tokens_.expect_symbol('(');
      where.x = expr();
      tokens_.expect_symbol(')');
      if (!tokens_.is_word("of")) tokens_.fail_expected("of and a layout of interfaces");
    } else {
      return {};
    }
    if (tokens_.accept_word("of")) where.layout = named(names_.layouts, "a layout");
    return where;
  }

  void range(Expr* start, Expr* count, int32_t* step) {
    *start = expr();
    if (!tokens_.accept_symbol(':')) return;
    tokens_.expect_symbol('+');
    *count = expr();
    if (tokens_.accept_symbol(':'))
      *step = static_cast<int32_t>(tokens_.expect_integer("a step", 1, kMaxGridSide));
  }

  Block block_of(LayoutId layout) {
    const bool pad = tokens_.accept_word("pad");
    Block block = named(names_.of_layout[at(layout)].allocations, "an allocation");
    block.slices = slices();
    block.padded = pad;
    return block;
  }

  std::vector<Slice> slices() {
    std::vector<Slice> result;
    if (!tokens_.accept_symbol('[')) return result;
    do {
      if (result.size() == kMaxRank) tokens_.fail_expected("']'");
      Slice slice;
      if (tokens_.accept_symbol(':')) {
        result.push_back(slice);
        continue;
      }
      slice.start = expr();
      slice.count = 1;
      if (tokens_.accept_symbol(':')) {
        tokens_.expect_symbol('+');
        slice.count = tokens_.expect_integer("a count", 1, kMaxElements);
        if (tokens_.accept_symbol(':'))
          slice.step = tokens_.expect_integer("a step", 0, kMaxElements);
      }
      result.push_back(std::move(slice));
    } while (tokens_.accept_symbol(','));
    tokens_.expect_symbol(']');
    return result;
  }

  std::optional<RandomBlock> random() {
    if (!tokens_.accept_symbol(';')) return {};
    tokens_.expect_word("random");
    RandomBlock block{named(names_.randoms, "a random")};
    block.slices = slices();
    return block;
  }

  Counter counter(LayoutId layout) {
    Counter c = named(names_.of_layout[at(layout)].semaphores, "a semaphore");
    if (tokens_.accept_symbol('[')) {
      c.index = expr();
      tokens_.expect_symbol(']');
    }
    return c;
  }

  template <typename Id>
  Id named(const std::map<std::string, Id, std::less<>>& ids, std::string_view what) {
    if (tokens_.is(Token::Kind::kWord))
      if (const auto found = ids.find(tokens_.ahead().text); found != ids.end()) {
        tokens_.next();
        return found->second;
      }
    tokens_.fail_expected(what);
  }

  Expr expr() { return parse_expr(&tokens_, variables_); }

  Tokens& tokens_;
  const Names& names_;
  LayoutId layout_;
  Variables variables_;
  ThreadBuilder thread_;
  std::vector<uint32_t>& lines_;
};

}  // namespace

Expr parse_expr(Tokens* tokens, const Variables& variables) {
  const auto variable = [&]() -> const Expr& {
    if (tokens->is(Token::Kind::kWord))
      for (auto v = variables.rbegin(); v != variables.rend(); ++v)
        if (v->first == tokens->ahead().text) {
          tokens->next();
          return v->second;
        }
    tokens->fail_expected("x, y, an argument or a counter");
  };
  Expr sum = 0;
  bool negative = tokens->accept_symbol('-');
  for (;;) {
    Expr term = 0;
    if (tokens->is(Token::Kind::kInteger)) {
      const int64_t number = tokens->expect_integer("a number", 0, kMaxConstant);
      term = tokens->accept_symbol('*') ? number * variable() : Expr(number);
    } else if (tokens->is(Token::Kind::kWord)) {
      term = variable();
      if (tokens->accept_symbol('*')) term *= tokens->expect_integer("a number", 0, kMaxFactor);
    } else {
      tokens->fail_expected("a number or a variable");
    }
    sum += negative ? -term : term;
    negative = tokens->is_symbol('-');
    if (!negative && !tokens->is_symbol('+')) return sum;
    tokens->next();
  }
}

int64_t parse_signed(Tokens* tokens, std::string_view what, int64_t most) {
  const bool negative = tokens->accept_symbol('-');
  const int64_t value = tokens->expect_integer(what, 0, most);
  return negative ? -value : value;
}

void parse_code(Tokens* tokens, const Names& names, LayoutId layout, Variables variables,
                ThreadBuilder thread, std::vector<uint32_t>* lines) {
  CodeParser(tokens, names, layout, std::move(variables), thread, lines).block();
}

}  // namespace dojo::program
