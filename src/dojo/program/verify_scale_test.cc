// One text for the 1,062,000 nodes of an ExaPOD: what the verifier takes grows with nodes and
// turns, never with their product with instructions.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dojo/program/text.h"
#include "dojo/program/verify.h"

namespace dojo::program {
namespace {

// Sums go to the left along each row, then up along the first column, and the result back.
std::string all_reduce(int columns, int rows) {
  return fmt::format(R"(program "all-reduce" {{
  nodes {0} x {1}
  layout main {{
    code at 0 size 4096
    sum: f32[256] at 4096 input output
    in: f32[2, 256] at 5120
    semaphore right
    semaphore below
    semaphore back
  }}
  class rest uses main {{
    on [1:+{2}, 0:+{1}]
    let has_right = min({2} - x, 1)
    thread 0 {{
      loop i < has_right {{
        wait right
        vector sum = add sum, in[0, :]
      }}
      copy to node(x - 1, y): in[0, :] = sum; there right
      wait back
      loop i < has_right {{
        copy to node(x + 1, y): sum = sum; there back
      }}
    }}
  }}
  class first_column uses main {{
    on [0, 0:+{1}]
    let has_above = min(y, 1)
    let has_below = min({3} - y, 1)
    thread 0 {{
      wait right
      vector sum = add sum, in[0, :]
      loop i < has_below {{
        wait below
        vector sum = add sum, in[1, :]
      }}
      loop i < has_above {{
        copy to node(x, y - 1): in[1, :] = sum; there below
        wait back
      }}
      loop i < has_below {{
        copy to node(x, y + 1): sum = sum; there back
      }}
      copy to node(x + 1, y): sum = sum; there back
    }}
  }}
}}
)",
                     columns, rows, columns - 1, rows - 1);
}

MachineView mesh(int columns, int rows) {
  MachineView machine;
  machine.grid = {columns, rows};
  machine.sram_bytes = 1'250'000;
  machine.flit_bytes = 64;
  return machine;
}

TEST(VerifyScale, AMillionNodesShareOneText) {
  const Program program = parse_program(all_reduce(1180, 900));
  const Verification result = verify(program, mesh(1180, 900));
  for (const Problem& problem : result.problems.list()) ADD_FAILURE() << problem.message;
  EXPECT_EQ(result.num_nodes, 1'062'000);
  EXPECT_LT(result.steps, 12 * result.num_nodes);
}

TEST(VerifyScale, AMissingSignalIsFoundAmongThem) {
  std::string text = all_reduce(300, 200);
  // The node in column 150 sends to itself.
  text.replace(text.find("node(x - 1, y): in"), 14, "node(other, y)");
  text.replace(text.find("let has_right"), 3,
               "let odd = 1 - min(max(x - 150, 150 - x), 1) let other = x - 1 + odd let");
  const Program program = parse_program(text);
  const Verification result = verify(program, mesh(300, 200));
  EXPECT_FALSE(result.ok());
  EXPECT_GT(result.problems.count(ProblemKind::kDeadlock), 0);
}

}  // namespace
}  // namespace dojo::program
