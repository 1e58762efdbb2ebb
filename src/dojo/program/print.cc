#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "dojo/program/text.h"
#include "dojo/program/vector_op.h"

namespace dojo::program {
namespace {

// The shortest text that reads back as the same float.
std::string print_float(float value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string print_range(const Range& range) {
  if (range.step != 1 && range.count > 1)
    return fmt::format("{}:+{}:{}", range.start, range.count, range.step);
  return fmt::format("{}:+{}", range.start, range.count);
}

std::string print_region(const Region& region) {
  return fmt::format("[{}, {}]", print_range(region.x), print_range(region.y));
}

std::string print_shape(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::string print_argument(const NodeClass& node_class, const Argument& argument) {
  using Step = ArgumentStep::Op;
  constexpr int kSum = 0, kProduct = 1, kWhole = 2;  // how firmly a part holds together
  struct Part {
    std::string text;
    int firm;
  };
  std::vector<Part> stack;
  const auto inner = [](const Part& part, int least) {
    return part.firm >= least ? part.text : "(" + part.text + ")";
  };
  for (const ArgumentStep& step : argument.steps) {
    if (step.op == Step::kConstant) {
      stack.push_back({std::to_string(step.value), kWhole});
    } else if (step.op == Step::kVariable) {
      const auto var = static_cast<Var>(step.value);
      stack.push_back({var == kX   ? "x"
                       : var == kY ? "y"
                                   : node_class.arguments[var - kFirstArgument].name,
                       kWhole});
    } else {
      const Part b = std::move(stack.back());
      stack.pop_back();
      Part& a = stack.back();
      if (step.op == Step::kMin || step.op == Step::kMax) {
        a = {fmt::format("{}({}, {})", step.op == Step::kMin ? "min" : "max", a.text, b.text),
             kWhole};
      } else {
        const char symbol = step.op == Step::kAdd        ? '+'
                            : step.op == Step::kSubtract ? '-'
                            : step.op == Step::kMultiply ? '*'
                            : step.op == Step::kDivide   ? '/'
                                                         : '%';
        const int firm = symbol == '+' || symbol == '-' ? kSum : kProduct;
        a = {fmt::format("{} {} {}", inner(a, firm), symbol, inner(b, firm + 1)), firm};
      }
    }
  }
  return stack.back().text;
}

class CodePrinter {
 public:
  CodePrinter(const Program& program, const NodeClass& node_class, const Code& code)
      : program_(program), class_(node_class), code_(code) {
    names_.resize(kNumVars);
    names_[kX] = "x";
    names_[kY] = "y";
    for (size_t i = 0; i < class_.arguments.size(); ++i)
      names_[kFirstArgument + i] = class_.arguments[i].name;
  }

  // All lines, `indent` spaces in front.
  std::string block(size_t indent) {
    std::string text;
    for (const Instruction& i : code_.instructions) {
      if (i.op == Op::kEndLoop) indent -= 2;
      text += std::string(indent, ' ') + line(i) + "\n";
      if (i.op == Op::kLoop) indent += 2;
    }
    return text;
  }

  // One; the names of the counters around it are found on the way to it.
  std::string at(size_t instruction) {
    for (size_t i = 0; i < instruction; ++i)
      if (code_.instructions[i].op == Op::kLoop) name_counters(code_.instructions[i].index);
    std::string text = line(code_.instructions[instruction]);
    if (text.ends_with(" {")) text.resize(text.size() - 2);
    return text == "}" ? "the end of a loop" : text;
  }

 private:
  std::string line(const Instruction& i) {
    switch (i.op) {
      case Op::kMatmul:
        return matmul(code_.matmuls[i.index]);
      case Op::kVector:
        return vector(code_.vectors[i.index]);
      case Op::kCopy:
        return copy(code_.copies[i.index]);
      case Op::kSignal: {
        const Signal& s = code_.signals[i.index];
        return fmt::format("signal {}{}{}", place(s.there), semaphore(s.semaphore), by(s.amount));
      }
      case Op::kWait: {
        const Wait& w = code_.waits[i.index];
        return fmt::format("wait {}{}", semaphore(w.semaphore), by(w.amount));
      }
      case Op::kBarrier:
        return "barrier " + program_.barriers[i.index].name;
      case Op::kPhase:
        return "phase";
      case Op::kIdle:
        return "idle " + affine(code_.idles[i.index].cycles);
      case Op::kLoop:
        return loop(i.index);
      case Op::kEndLoop:
        return "}";
    }
    return "";
  }

  void name_counters(uint32_t index) {
    const Loop& loop = code_.loops[index];
    names_[loop.counter] = code_.loop_names[index];
    for (uint32_t i = loop.first_wrap; i < loop.first_wrap + loop.num_wraps; ++i)
      names_[code_.wraps[i].var] = code_.wrap_names[i];
  }

  std::string loop(uint32_t index) {
    const Loop& loop = code_.loops[index];
    name_counters(index);
    std::string text = fmt::format("loop {} < {}", code_.loop_names[index], affine(loop.count));
    for (const Wrap& wrap : code_.wraps_of(loop))
      text += fmt::format(", {} = {} step {} mod {}", names_[wrap.var], affine(wrap.start),
                          wrap.step, wrap.modulus);
    return text + " {";
  }

  std::string matmul(const Matmul& m) {
    return fmt::format("matmul {} x {} x {}: {} {}= {}{} * {}{}{}", m.m, m.n, m.k, view(m.to),
                       m.adds ? "+" : "", m.left_transposed ? "transposed " : "", view(m.left),
                       m.right_transposed ? "transposed " : "", view(m.right), random(m.random));
  }

  std::string vector(const Vector& v) {
    std::string text = fmt::format("vector {} = {}", view(v.to), info(v.op).name);
    for (int i = 0; i < info(v.op).operands; ++i) {
      const Operand& operand = v.from[static_cast<size_t>(i)];
      text += i ? ", " : " ";
      text += operand.is_constant() ? print_float(operand.constant) : view(operand.view);
    }
    return text + random(v.random);
  }

  std::string copy(const Copy& c) {
    std::string text = c.way == Copy::Way::kHere ? "copy here"
                       : c.way == Copy::Way::kTo ? "copy to "
                                                 : "copy from ";
    std::string there = place(c.there);
    if (!there.empty()) there.pop_back();
    text += there + ":";
    const char* separator = " ";
    for (const Piece& piece : code_.pieces_of(c)) {
      text += fmt::format("{}{} = {}", separator, view(piece.to), view(piece.from));
      separator = ", ";
    }
    separator = "; ";
    if (!c.signal_here.is_none()) {
      text += fmt::format("{}here {}", separator, semaphore(c.signal_here));
      separator = ", ";
    }
    if (!c.signal_there.is_none())
      text += fmt::format("{}there {}", separator, semaphore(c.signal_there));
    return text;
  }

  // With a space behind it; "" for here.
  std::string place(const Place& p) {
    std::string text;
    switch (p.kind) {
      case Place::Kind::kHere:
        return "";
      case Place::Kind::kNode:
        text = fmt::format("node({}, {}) ", affine(p.x), affine(p.y));
        break;
      case Place::Kind::kNodes:
        text = fmt::format("nodes[{}, {}] ", range(p.x, p.x_count, p.x_step),
                           range(p.y, p.y_count, p.y_step));
        break;
      case Place::Kind::kInterface:
        text = fmt::format("interface({}) ", affine(p.x));
        break;
    }
    if (p.layout != class_.layout) text += fmt::format("of {} ", program_.layout(p.layout).name);
    return text;
  }

  std::string range(const Affine& start, const Affine& count, int32_t step) {
    std::string text = fmt::format("{}:+{}", affine(start), affine(count));
    if (step != 1) text += fmt::format(":{}", step);
    return text;
  }

  std::string view(const View& v) {
    const Allocation& a = program_.allocation(v);
    return (v.padded ? "pad " : "") + a.name + indices(v, a.shape);
  }

  std::string random(const View& v) {
    if (v == kNoView) return "";
    const Random& r = program_.randoms[static_cast<size_t>(v.of)];
    return "; random " + r.name + indices(v, r.shape);
  }

  std::string indices(const View& v, const std::vector<int64_t>& shape) {
    std::string text = "[";
    bool whole = true;
    const std::span<const Dim> dims = code_.dims_of(v);
    for (size_t d = 0; d < dims.size(); ++d) {
      const Dim& dim = dims[d];
      if (d) text += ", ";
      if (dim.start.constant == 0 && dim.start.num_terms == 0 && dim.count == shape[d] &&
          dim.step == 1) {
        text += ":";
        continue;
      }
      whole = false;
      text += affine(dim.start);
      if (dim.count != 1) text += fmt::format(":+{}", dim.count);
      if (dim.step != 1) text += fmt::format(":{}", dim.step);
    }
    return whole ? "" : text + "]";
  }

  std::string by(const Affine& amount) {
    if (amount.constant == 1 && amount.num_terms == 0) return "";
    return " by " + affine(amount);
  }

  std::string semaphore(const SemaphoreRef& s) {
    const std::string& name = program_.semaphore(s.semaphore).name;
    if (s.index.constant == 0 && s.index.num_terms == 0) return name;
    return fmt::format("{}[{}]", name, affine(s.index));
  }

  std::string affine(const Affine& a) {
    std::string text;
    for (const Term& term : std::span(code_.terms).subspan(a.first_term, a.num_terms)) {
      const std::string& name = names_[term.var];
      const int64_t size = term.factor < 0 ? -term.factor : term.factor;
      const std::string product = size == 1 ? name : fmt::format("{}*{}", size, name);
      if (text.empty())
        text = (term.factor < 0 ? "-" : "") + product;
      else
        text += (term.factor < 0 ? " - " : " + ") + product;
    }
    if (text.empty()) return std::to_string(a.constant);
    if (a.constant > 0) text += fmt::format(" + {}", a.constant);
    if (a.constant < 0) text += fmt::format(" - {}", -a.constant);
    return text;
  }

  const Program& program_;
  const NodeClass& class_;
  const Code& code_;
  std::vector<std::string> names_;  // by Var
};

std::string print_layout(const Program& program, const Layout& layout) {
  std::string text = fmt::format("  layout {}{} {{\n", layout.name,
                                 layout.of == Layout::Of::kInterfaces ? " on interfaces" : "");
  if (layout.code_bytes > 0)
    text += fmt::format("    code at {} size {}\n", layout.code_address, layout.code_bytes);
  for (const Allocation& a : program.allocations_of(layout)) {
    text += fmt::format("    {}: {}{} at {}", a.name, to_string(a.element), print_shape(a.shape),
                        a.address);
    if (a.live != Phases{}) {
      text += fmt::format(" live {}:", a.live.begin);
      if (a.live.end != Phases::kForever) text += fmt::format("+{}", a.live.end - a.live.begin);
    }
    text += fmt::format("{}{}\n", a.is_input ? " input" : "", a.is_output ? " output" : "");
  }
  for (const Semaphore& s : program.semaphores_of(layout)) {
    text += fmt::format("    semaphore {}", s.name);
    if (s.count != 1) text += fmt::format("[{}]", s.count);
    if (s.initial != 0) text += fmt::format(" = {}", s.initial);
    text += "\n";
  }
  return text + "  }\n";
}

std::string print_class(const Program& program, const NodeClass& c) {
  std::string text = fmt::format("  class {} uses {} {{\n", c.name, program.layout(c.layout).name);
  for (const ClassRegion& on : c.regions) {
    text += "    on " + print_region(on.region);
    for (size_t i = 0; i < on.values.size(); ++i)
      text += fmt::format("{}{} = {}", i ? ", " : " with ", c.arguments[i].name, on.values[i]);
    text += "\n";
  }
  for (const Argument& a : c.arguments)
    if (!a.steps.empty()) text += fmt::format("    let {} = {}\n", a.name, print_argument(c, a));
  for (size_t t = 0; t < kNumThreads; ++t) {
    if (c.threads[t].instructions.empty()) continue;
    text += fmt::format("    thread {} {{\n", t);
    text += CodePrinter(program, c, c.threads[t]).block(6);
    text += "    }\n";
  }
  return text + "  }\n";
}

}  // namespace

std::string print_instruction(const Program& program, ClassId node_class, size_t thread,
                              size_t instruction) {
  const NodeClass& c = program.classes[at(node_class)];
  return CodePrinter(program, c, c.threads[thread]).at(instruction);
}

std::string print_program(const Program& program) {
  std::string text = fmt::format("program \"{}\" {{\n  nodes {} x {}\n", program.name,
                                 program.grid.x, program.grid.y);
  for (const Placement& p : program.places) {
    text += fmt::format("  place {} at ({}, {})", print_region(p.region), p.at.x, p.at.y);
    if (p.right != Coord{1, 0} || p.down != Coord{0, 1})
      text +=
          fmt::format(" right ({}, {}) down ({}, {})", p.right.x, p.right.y, p.down.x, p.down.y);
    text += "\n";
  }
  for (const Random& r : program.randoms)
    text += fmt::format("  random {}{}\n", r.name, print_shape(r.shape));
  for (const Layout& layout : program.layouts) text += "\n" + print_layout(program, layout);
  for (const Barrier& b : program.barriers)
    text += fmt::format("\n  barrier {} over {} root ({}, {}) fan {}\n", b.name,
                        print_region(b.region), b.root.x, b.root.y, b.fan);
  for (const NodeClass& c : program.classes) text += "\n" + print_class(program, c);
  return text + "}\n";
}

}  // namespace dojo::program
