// Memory maps: what overlaps, what does not fit, and which formats meet.
#include <fmt/format.h>

#include <algorithm>
#include <bitset>
#include <set>
#include <tuple>

#include "dojo/program/code_size.h"
#include "dojo/program/verify_parts.h"

namespace dojo::program {
namespace {

// Formats that a node can have in use at a time: Hot Chips 34, docs/program.md.
constexpr size_t kMaxLiveFormats = 16;

struct Extent {
  int64_t begin = 0, end = 0;
  const Allocation* allocation = nullptr;  // nullptr: code
  int32_t index = 0;                       // of the allocation
};

std::vector<Extent> extents(const Program& program, const Layout& layout) {
  std::vector<Extent> all;
  for (int32_t i = 0; i < layout.num_allocations; ++i) {
    const int32_t index = layout.first_allocation + i;
    const Allocation& a = program.allocations[static_cast<size_t>(index)];
    all.push_back({a.address, a.address + a.num_bytes(), &a, index});
  }
  return all;
}

Phases live(const Extent& e) { return e.allocation ? e.allocation->live : Phases{}; }

std::string described(const Extent& e) {
  return fmt::format("{} [{}, {})", e.allocation ? e.allocation->name : "the code", e.begin, e.end);
}

// fn(a, b) for pairs whose bytes, rounded outwards to lines, meet, until it returns false. `a`
// begins no later.
template <typename Fn>
void for_each_meeting(std::vector<Extent> all, int64_t line, Fn&& fn) {
  std::sort(all.begin(), all.end(), [](const Extent& a, const Extent& b) {
    return std::tie(a.begin, a.index) < std::tie(b.begin, b.index);
  });
  std::vector<const Extent*> open;
  for (const Extent& b : all) {
    std::erase_if(open, [&](const Extent* a) {
      return (a->end + line - 1) / line * line <= b.begin / line * line;
    });
    for (const Extent* a : open)
      if (!fn(*a, b)) return;
    open.push_back(&b);
  }
}

void verify_extents(std::vector<Extent> all, int64_t bytes, std::string_view memory,
                    const Site& layout, Problems* problems) {
  const auto at = [&](const Extent& e) {
    return e.allocation ? Site{Site::Kind::kAllocation, e.index} : layout;
  };
  for (const Extent& e : all)
    if (e.end > bytes)
      problems->add(ProblemKind::kOverflow, at(e),
                    fmt::format("{} goes beyond the {} B of {}", described(e), bytes, memory));
  for_each_meeting(std::move(all), 1, [&](const Extent& a, const Extent& b) {
    if (live(a).overlaps(live(b)))
      problems->add(ProblemKind::kOverlap, at(b.allocation ? b : a),
                    fmt::format("{} and {} are in the same bytes at the same time", described(a),
                                described(b)));
    return problems->count(ProblemKind::kOverlap) <= Problems::kMost;
  });
}

}  // namespace

void verify_memory(const Program& program, const MachineView& machine, Problems* problems) {
  std::vector<Extent> of_interfaces;
  Site interfaces_site;
  for (size_t l = 0; l < program.layouts.size(); ++l) {
    const Layout& layout = program.layouts[l];
    const Site here{Site::Kind::kLayout, static_cast<int32_t>(l)};
    std::vector<Extent> all = extents(program, layout);
    if (layout.of == Layout::Of::kInterfaces) {
      of_interfaces.insert(of_interfaces.end(), all.begin(), all.end());
      interfaces_site = here;
      continue;
    }
    if (layout.code_bytes > 0)
      all.push_back({layout.code_address, layout.code_address + layout.code_bytes, nullptr, -1});
    verify_extents(std::move(all), machine.sram_bytes, "SRAM", here, problems);
    for (size_t c = 0; c < program.classes.size(); ++c) {
      const NodeClass& node_class = program.classes[c];
      if (at(node_class.layout) == l && code_bytes(node_class) > layout.code_bytes)
        problems->add(ProblemKind::kOverflow, {Site::Kind::kClass, static_cast<int32_t>(c)},
                      fmt::format("its code has {} B; the layout {} has {} B for code",
                                  code_bytes(node_class), layout.name, layout.code_bytes),
                      "an instruction takes 64 B: \"code at ADDRESS size BYTES\"");
    }
  }
  // All layouts of interfaces are in the same memory of each.
  verify_extents(std::move(of_interfaces), machine.interface_bytes, "an interface's memory",
                 interfaces_site, problems);
}

void verify_formats(const Program& program, const MachineView& machine, Problems* problems) {
  const int64_t flit = machine.flit_bytes;
  for (const Layout& layout : program.layouts) {
    for_each_meeting(extents(program, layout), flit, [&](const Extent& a, const Extent& b) {
      const bool share_bytes = b.begin < a.end;  // told as an overlap
      if (a.allocation->element != b.allocation->element && live(a).overlaps(live(b)) &&
          !share_bytes)
        problems->add(
            ProblemKind::kFormats, {Site::Kind::kAllocation, b.index},
            fmt::format("{}, {}, and {}, {}, are in the same {} bytes, which hold one format",
                        described(a), to_string(a.allocation->element), described(b),
                        to_string(b.allocation->element), flit),
            fmt::format("begin at a multiple of {}", flit));
      return problems->count(ProblemKind::kFormats) <= Problems::kMost;
    });
    if (layout.of == Layout::Of::kInterfaces) continue;
    // The formats in use change only where an allocation begins to live.
    const auto allocations = program.allocations_of(layout);
    std::set<int32_t> begins;
    for (const Allocation& a : allocations) begins.insert(a.live.begin);
    for (const int32_t phase : begins) {
      std::bitset<std::size(kElementKinds) * (kMaxBias + 1)> formats;
      for (const Allocation& a : allocations)
        if (a.live.contains(phase))
          formats.set(static_cast<size_t>(a.element.kind) * (kMaxBias + 1) + a.element.bias);
      if (formats.count() > kMaxLiveFormats) {
        problems->add(ProblemKind::kFormats,
                      {Site::Kind::kLayout, static_cast<int32_t>(&layout - program.layouts.data())},
                      fmt::format("{} formats are live in phase {}; a node has {} at a time",
                                  formats.count(), phase, kMaxLiveFormats));
        break;
      }
    }
  }
  for (size_t c = 0; c < program.classes.size(); ++c) {
    for (size_t t = 0; t < kNumThreads; ++t) {
      const Code& code = program.classes[c].threads[t];
      for (size_t i = 0; i < code.instructions.size(); ++i) {
        if (code.instructions[i].op != Op::kCopy) continue;
        int64_t bytes = 0;
        Element before;
        for (const Piece& piece : code.pieces_of(code.copies[code.instructions[i].index])) {
          const Element element = program.allocation(piece.to).element;
          if (bytes % flit != 0 && element != before) {
            problems->add(ProblemKind::kFormats, site(ClassId{static_cast<int32_t>(c)}, t, i),
                          fmt::format("a flit of {} bytes with {} and {}", flit, to_string(before),
                                      to_string(element)),
                          "make the pieces before a change of format a multiple of a flit");
            break;
          }
          before = element;
          bytes += piece.to.elements * size_bytes(element);
        }
      }
    }
  }
}

void verify_phases(const Program& program, Problems* problems) {
  for (size_t c = 0; c < program.classes.size(); ++c) {
    const NodeClass& node_class = program.classes[c];
    const Site here{Site::Kind::kClass, static_cast<int32_t>(c)};
    int64_t phases = -1;
    for (const Code& code : node_class.threads) {
      if (code.instructions.empty()) continue;
      const int64_t own = std::count_if(code.instructions.begin(), code.instructions.end(),
                                        [](const Instruction& i) { return i.op == Op::kPhase; });
      if (phases >= 0 && own != phases)
        problems->add(ProblemKind::kPhases, here,
                      fmt::format("its threads have {} and {} phase instructions", phases, own),
                      "all threads of a node meet at each");
      phases = own;
    }
    for (const Allocation& a : program.allocations_of(program.layout(node_class.layout))) {
      const Site of{Site::Kind::kAllocation, static_cast<int32_t>(&a - program.allocations.data())};
      if (a.is_input && a.live.begin > 0)
        problems->add(
            ProblemKind::kPhases, of,
            fmt::format("the input {} lives from phase {} on, not from 0", a.name, a.live.begin));
      if (a.is_output && a.live.end <= std::max<int64_t>(phases, 0))
        problems->add(
            ProblemKind::kPhases, of,
            fmt::format("the output {} lives to phase {}; the class {} ends in phase {}", a.name,
                        a.live.end, node_class.name, std::max<int64_t>(phases, 0)));
    }
  }
}

}  // namespace dojo::program
