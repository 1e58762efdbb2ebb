#include "dojo/machine/draw.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/base/text.h"
#include "dojo/machine/topology.h"
#include "dojo/machine/total.h"

namespace dojo::machine {
namespace {

constexpr int kMargin = 60, kHead = 96;  // around the mesh, above it
constexpr int kLargest = 1500;           // pixels that the longer side is to have, about

constexpr int64_t kMostShapes = 200'000;

constexpr const char* kStyle =
    "text{font-family:sans-serif;font-size:13px;fill:#222}.title{font-size:17px;font-weight:bold}"
    ".soft{fill:#666}.die{fill:#eef3f8;stroke:#8aa2ba}.node{fill:#bcd2e8}.dead{fill:#c0392b}"
    ".interface{fill:#f0b429;stroke:#a87b12}";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : one_line(text)) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  return out;
}

// "edge_latency" as words.
std::string words(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

// Where the columns or the rows of nodes begin in pixels, with gaps between dies, tiles and trays.
class Axis {
 public:
  Axis(const Topology& topology, const Machine& machine, int cell, int32_t Coord::*axis) {
    int at = 0;
    for (int32_t i = 0; i <= topology.size().*axis; ++i) {
      if (i > 0)
        for (const auto& [level, gap] : {std::pair(Level::kDie, std::max(3, cell / 2)),
                                         std::pair(Level::kTile, std::max(6, cell)),
                                         std::pair(Level::kTray, std::max(10, cell))})
          if (machine.has(level) && i < topology.size().*axis &&
              i % (topology.span(level).*axis) == 0)
            at += gap;
      begins_.push_back(at);
      at += cell;
    }
  }
  int operator[](int32_t i) const { return begins_[static_cast<size_t>(i)]; }
  // Past the node before this one.
  int end(int32_t i, int cell) const { return begins_[static_cast<size_t>(i - 1)] + cell; }

 private:
  std::vector<int> begins_;
};

class Picture {
 public:
  explicit Picture(const Machine& machine)
      : machine_(machine),
        uses_(machine),
        topology_(uses_),
        cell_(cell_of(topology_.size())),
        x_(topology_, machine, cell_, &Coord::x),
        y_(topology_, machine, cell_, &Coord::y) {}

  // How many it would have, where nodes are too small to be drawn each.
  int64_t shapes() const {
    const int64_t dies = machine_.has(Level::kDie) ? topology_.count(Level::kDie) : 0;
    return dies + topology_.num_nodes() - topology_.num_live();
  }

  std::string svg() {
    const int width = std::max(x_.end(topology_.size().x, cell_) + 2 * kMargin, 820);
    const int height = y_.end(topology_.size().y, cell_) + kMargin + kHead;
    std::string text = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
        "{1}\">\n<style>{2}</style>\n<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n",
        width, height, kStyle);
    text += head();
    text += fmt::format("<g transform=\"translate({} {})\">\n", kMargin, kHead);
    text += dies();
    text += nodes(true);
    text += nodes(false);
    text += interfaces();
    return text + "</g>\n</svg>\n";
  }

 private:
  static int cell_of(Coord size) { return std::clamp(kLargest / std::max(size.x, size.y), 1, 28); }

  std::string head() {
    const LevelText& top = machine_.levels.front();
    std::string facts = fmt::format(
        "{} x {} places, {} live nodes, {} disabled <tspan class=\"dead\">&#9632;</tspan>",
        topology_.size().x, topology_.size().y, topology_.num_live(),
        topology_.num_nodes() - topology_.num_live());
    if (!topology_.interfaces().empty())
      facts += fmt::format(", {} interface processors <tspan class=\"interface\">&#9632;</tspan>",
                           topology_.interfaces().size());
    std::string totals;
    for (const char* kind : {"peak_bf16", "sram", "bisection", "edge", "edge_latency"})
      if (const auto total = total_of_kind(uses_, machine_.level(), kind))
        totals += fmt::format("{}{} {}", totals.empty() ? "" : ", ", words(kind),
                              print_number(total->value, total->kind.unit, 4));
    return fmt::format(
        "<text class=\"title\" x=\"{0}\" y=\"28\">{1}</text>\n<text x=\"{0}\" y=\"50\">{2}</text>\n"
        "<text class=\"soft\" x=\"{0}\" y=\"70\">{3}</text>\n",
        kMargin, escaped(top.title), facts, totals);
  }

  std::string rectangle(const char* style, Coord from, Coord to, int grow,
                        const std::string& title) {
    const int x = x_[from.x] - grow, y = y_[from.y] - grow;
    return fmt::format(
        "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" "
        "height=\"{}\"><title>{}</title></rect>\n",
        style, x, y, x_.end(to.x, cell_) + grow - x, y_.end(to.y, cell_) + grow - y, title);
  }

  std::string dies() {
    std::string text;
    if (!machine_.has(Level::kDie)) return text;
    const Coord die = topology_.span(Level::kDie);
    for (int64_t d = 0; d < topology_.count(Level::kDie); ++d) {
      const Coord c = topology_.coord_of(static_cast<NodeId>(d * topology_.nodes_in(Level::kDie)));
      text += rectangle("die", c, {c.x + die.x, c.y + die.y}, 1, fmt::format("die {}", d));
    }
    return text;
  }

  // The live or the disabled nodes as one shape: a picture of a pod has many.
  std::string nodes(bool live) {
    if (live && cell_ < 4) return "";  // the die's colour stands for them
    const int size = live ? cell_ - std::max(1, cell_ / 5) : std::max(1, cell_ - cell_ / 5);
    std::string path;
    for (int64_t n = 0; n < topology_.num_nodes(); ++n) {
      const auto node = static_cast<NodeId>(n);
      if (topology_.is_live(node) != live) continue;
      const Coord c = topology_.coord_of(node);
      path += fmt::format("M{} {}h{}v{}h-{}z", x_[c.x] + (cell_ - size) / 2,
                          y_[c.y] + (cell_ - size) / 2, size, size, size);
    }
    return path.empty()
               ? ""
               : fmt::format("<path class=\"{}\" d=\"{}\"/>\n", live ? "node" : "dead", path);
  }

  std::string interfaces() {
    std::string text;
    const int thick = std::max(4, cell_), far = 6;
    int index = 0;
    for (const Interface& i : topology_.interfaces()) {
      const bool ew = is_east_west(i.side);
      const Coord last{i.first.x + (ew ? 1 : i.links), i.first.y + (ew ? i.links : 1)};
      int x = x_[i.first.x], y = y_[i.first.y];
      int width = x_.end(last.x, cell_) - x, height = y_.end(last.y, cell_) - y;
      if (i.side == Side::kEast) x = x_.end(last.x, cell_) + far;
      if (i.side == Side::kWest) x -= far + thick;
      if (i.side == Side::kSouth) y = y_.end(last.y, cell_) + far;
      if (i.side == Side::kNorth) y -= far + thick;
      (ew ? width : height) = thick;
      text += fmt::format(
          "<rect class=\"interface\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>interface "
          "processor {}</title></rect>\n",
          x, y, width, height, index++);
    }
    return text;
  }

  const Machine& machine_;
  Uses uses_;
  Topology topology_;
  int cell_;
  Axis x_, y_;
};

}  // namespace

std::string draw_machine(const Machine& machine) {
  Picture picture(machine);
  if (picture.shapes() > kMostShapes)
    throw Error(Category::kConfig,
                fmt::format("a picture of {} dies and disabled nodes", picture.shapes()),
                machine.name, fmt::format("draw a part: {}:tile", machine.name));
  return picture.svg();
}

}  // namespace dojo::machine
