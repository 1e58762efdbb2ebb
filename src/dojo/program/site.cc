#include "dojo/program/site.h"

#include <fmt/format.h>

#include "dojo/program/text.h"

namespace dojo::program {

uint32_t SourceLines::line(const Site& site) const {
  const auto i = static_cast<size_t>(site.index);
  switch (site.kind) {
    case Site::Kind::kProgram:
      return 1;
    case Site::Kind::kPlacement:
      return placements[i];
    case Site::Kind::kLayout:
      return layouts[i];
    case Site::Kind::kAllocation:
      return allocations[i];
    case Site::Kind::kSemaphore:
      return semaphores[i];
    case Site::Kind::kBarrier:
      return barriers[i];
    case Site::Kind::kClass:
      return classes[i];
    case Site::Kind::kInstruction:
      return instructions[i][static_cast<size_t>(site.thread)]
                         [static_cast<size_t>(site.instruction)];
  }
  return 1;
}

namespace {

std::string named(const Program& program, const Site& site) {
  const auto i = static_cast<size_t>(site.index);
  switch (site.kind) {
    case Site::Kind::kProgram:
      return fmt::format("program \"{}\"", program.name);
    case Site::Kind::kPlacement:
      return fmt::format("place {}", i + 1);
    case Site::Kind::kLayout:
      return fmt::format("layout {}", program.layouts[i].name);
    case Site::Kind::kAllocation:
      return fmt::format("layout {}, {}", program.layout(program.allocations[i].layout).name,
                         program.allocations[i].name);
    case Site::Kind::kSemaphore:
      return fmt::format("layout {}, semaphore {}",
                         program.layout(program.semaphores[i].layout).name,
                         program.semaphores[i].name);
    case Site::Kind::kBarrier:
      return fmt::format("barrier {}", program.barriers[i].name);
    case Site::Kind::kClass:
      return fmt::format("class {}", program.classes[i].name);
    case Site::Kind::kInstruction:
      return fmt::format(
          "class {}, thread {}: {}", program.classes[i].name, site.thread,
          print_instruction(program, ClassId{site.index}, static_cast<size_t>(site.thread),
                            static_cast<size_t>(site.instruction)));
  }
  return "";
}

}  // namespace

std::string to_string(const Program& program, const Site& site, const SourceLines* lines) {
  if (!lines) return named(program, site);
  return fmt::format("{}:{}: {}", lines->file, lines->line(site), named(program, site));
}

}  // namespace dojo::program
