// The programs of the library compute what plain loops compute: run with values, with data races
// and reads of unwritten memory looked for, on machines with and without disabled nodes. Numbers
// are small and whole, so that every order of adding them gives the same.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "dojo/base/check.h"
#include "dojo/base/random.h"
#include "dojo/compiler/library/batch_norm.h"
#include "dojo/compiler/library/broadcast.h"
#include "dojo/compiler/library/convolution.h"
#include "dojo/compiler/library/gemm.h"
#include "dojo/compiler/library/ring.h"
#include "dojo/compiler/library/traffic.h"
#include "dojo/compiler/library/transpose.h"
#include "dojo/compiler/library/tree.h"
#include "dojo/machine/load.h"
#include "dojo/program/node_map.h"
#include "dojo/sim/simulator.h"
#include "dojo/sim/values/elements.h"

namespace dojo::compiler {
namespace {

using program::Coord;
using program::Element;
using program::ElementKind;
using program::Program;
using sim::Level;

using Numbers = std::vector<float>;

// A machine, what is known of it, and programs that run on it.
struct TestMachine {
  explicit TestMachine(const std::string& name)
      : machine(load(name)), uses(machine), target(uses) {}

  static machine::Machine load(const std::string& name) {
    if (name != "holes") return machine::load_machine(name);
    return machine::load_machine(
        "d1_die", {{"die/grid/columns", "7"}, {"die/grid/rows", "5"}, {"die/disabled/count", "4"}});
  }

  machine::Machine machine;
  machine::Uses uses;
  Target target;
};

const char* const kMachines[] = {"unit:die", "unit:tile", "holes"};
constexpr Level kLevels[] = {Level::kFunctional, Level::kBurst};

// -4 ... 4, which every format here has.
Numbers drawn(int64_t count, uint64_t seed) {
  Random random(seed, stream_id("library"));
  Numbers numbers(static_cast<size_t>(count));
  for (float& x : numbers) x = static_cast<float>(random.below(9) - 4);
  return numbers;
}

class ValueRun {
 public:
  ValueRun(const Program& p, const TestMachine& m, Level level)
      : program_(p), map_(p), simulator_(p, m.machine, {.level = level}) {}

  const program::Allocation& find(std::string_view name) const {
    return program_.allocation(id(name));
  }
  const std::vector<int64_t>& shape(std::string_view name) const { return find(name).shape; }

  // fn(node) gives the numbers of this allocation in each node that has it.
  template <typename Fn>
  void write(std::string_view name, const Fn& fn) {
    const program::Allocation& a = find(name);
    for_each_node(a, [&](Coord node) {
      const Numbers numbers = fn(node);
      DOJO_CHECK_EQ(std::ssize(numbers), a.num_elements());
      std::vector<std::byte> codes(static_cast<size_t>(a.num_bytes()));
      sim::encode(a.element, numbers.data(), a.num_elements(),
                  reinterpret_cast<uint8_t*>(codes.data()));
      simulator_.write(id(name), node, codes);
    });
  }

  void run() {
    const sim::Result& result = simulator_.run();
    ASSERT_TRUE(result.stuck.empty());
    cycles = result.cycles;
  }

  Numbers read(std::string_view name, Coord node) const {
    const std::vector<std::byte> codes = simulator_.read(id(name), node);
    const program::Allocation& a = find(name);
    Numbers numbers(static_cast<size_t>(a.num_elements()));
    sim::decode(a.element, reinterpret_cast<const uint8_t*>(codes.data()), a.num_elements(),
                numbers.data());
    return numbers;
  }

  // Of the nodes that have the allocation.
  template <typename Fn>
  void for_each_node(const program::Allocation& a, const Fn& fn) const {
    for (size_t cell = 0; cell < map_.num_cells(); ++cell)
      if (map_.has_role(cell) &&
          program_.classes[at(map_.role(cell).node_class)].layout == a.layout)
        fn(map_.coord(cell));
  }
  template <typename Fn>
  void for_each_node(const Fn& fn) const {
    for (size_t cell = 0; cell < map_.num_cells(); ++cell) fn(map_.coord(cell));
  }
  Coord grid() const { return program_.grid; }

  sim::Cycles cycles = 0;

 private:
  program::AllocationId id(std::string_view name) const {
    for (size_t i = 0; i < program_.allocations.size(); ++i)
      if (program_.allocations[i].name == name)
        return program::AllocationId{static_cast<int32_t>(i)};
    ADD_FAILURE() << "no allocation " << name;
    return {};
  }

  const Program& program_;
  const program::NodeMap map_;
  sim::Simulator simulator_;
};

uint64_t seed_of(Coord node) { return static_cast<uint64_t>(node.y * 1000 + node.x); }

// fn(machine, level, name for messages)
template <typename Fn>
void on_all_machines(const Fn& fn) {
  for (const char* name : kMachines) {
    const TestMachine machine(name);
    for (const Level level : kLevels) {
      SCOPED_TRACE(fmt::format("{}, {}", name, sim::name(level)));
      fn(machine, level);
    }
  }
}

TEST(Broadcast, GivesTheMiddlesNumbersToAll) {
  on_all_machines([](const TestMachine& m, Level level) {
    const Program p = broadcast(m.target, {.elements = 1000});
    ValueRun run(p, m, level);
    run.write("data", [](Coord node) { return drawn(1000, seed_of(node)); });
    run.run();
    const Coord root{p.grid.x / 2, p.grid.y / 2};
    run.for_each_node(
        [&](Coord node) { ASSERT_EQ(run.read("out", node), drawn(1000, seed_of(root))); });
  });
}

Numbers sum_of_all(const ValueRun& run, int64_t elements) {
  Numbers sum(static_cast<size_t>(elements));
  run.for_each_node([&](Coord node) {
    const Numbers addend = drawn(elements, seed_of(node));
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += addend[i];
  });
  return sum;
}

TEST(Tree, AddsUpWhatAllNodesHave) {
  on_all_machines([](const TestMachine& m, Level level) {
    for (const int64_t elements : {1, 300, 5000})
      for (const bool corner : {false, true})
        for (const bool back : {false, true}) {
          TreeSizes sizes{.elements = elements};
          if (corner) sizes.root = Coord{0, 0};
          const Program p = back ? all_reduce_tree(m.target, sizes) : reduce(m.target, sizes);
          ValueRun run(p, m, level);
          run.write("sums", [&](Coord node) { return drawn(elements, seed_of(node)); });
          run.run();
          const Numbers sum = sum_of_all(run, elements);
          const Coord root = corner ? Coord{0, 0} : Coord{p.grid.x / 2, p.grid.y / 2};
          run.for_each_node([&](Coord node) {
            if (back || node == root) {
              ASSERT_EQ(run.read("sums", node), sum);
            }
          });
        }
  });
}

TEST(Ring, AddsUpWhatAllNodesHave) {
  on_all_machines([](const TestMachine& m, Level level) {
    for (const int64_t wanted : {1, 2000}) {
      const Program p = all_reduce_ring(m.target, {.elements = wanted});
      ValueRun run(p, m, level);
      const int64_t elements = run.find("sums").num_elements();
      run.write("sums", [&](Coord node) { return drawn(elements, seed_of(node)); });
      run.run();
      const Numbers sum = sum_of_all(run, elements);
      run.for_each_node([&](Coord node) { ASSERT_EQ(run.read("sums", node), sum); });
    }
  });
}

TEST(Transpose, TurnsTheWholeMatrix) {
  on_all_machines([](const TestMachine& m, Level level) {
    const Program p = transpose(m.target, {.rows = 60, .columns = 100});
    ValueRun run(p, m, level);
    const int64_t rows = run.shape("a")[0], columns = run.shape("a")[1];
    run.write("a", [&](Coord node) { return drawn(rows * columns, seed_of(node)); });
    run.run();
    run.for_each_node([&](Coord node) {
      const Numbers from = drawn(rows * columns, seed_of({node.y, node.x}));
      const Numbers to = run.read("b", node);
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < columns; ++j)
          ASSERT_EQ(to[static_cast<size_t>(j * rows + i)],
                    from[static_cast<size_t>(i * columns + j)]);
    });
  });
}

// A matrix that is cut into blocks.
struct Matrix {
  Matrix(int64_t matrix_rows, int64_t matrix_columns)
      : rows(matrix_rows), columns(matrix_columns), numbers(static_cast<size_t>(rows * columns)) {}

  float& at(int64_t row, int64_t column) {
    return numbers[static_cast<size_t>(row * columns + column)];
  }
  // Zeros beyond the edges.
  Numbers block(int64_t row, int64_t column, int64_t height, int64_t width) {
    Numbers block;
    for (int64_t i = row; i < row + height; ++i)
      for (int64_t j = column; j < column + width; ++j)
        block.push_back(i < rows && j < columns ? at(i, j) : 0);
    return block;
  }

  int64_t rows, columns;
  Numbers numbers;
};

Matrix drawn_matrix(int64_t rows, int64_t columns, uint64_t seed) {
  Matrix m(rows, columns);
  m.numbers = drawn(rows * columns, seed);
  return m;
}

Matrix product(Matrix a, Matrix b) {
  Matrix c(a.rows, b.columns);
  for (int64_t i = 0; i < a.rows; ++i)
    for (int64_t k = 0; k < a.columns; ++k)
      for (int64_t j = 0; j < b.columns; ++j) c.at(i, j) += a.at(i, k) * b.at(k, j);
  return c;
}

std::vector<GemmSizes> gemm_cases() {
  return {{.m = 1, .n = 1, .k = 1},
          {.m = 60, .n = 100, .k = 70},
          {.m = 64, .n = 64, .k = 1300, .slots = 3},
          {.m = 64,
           .n = 40,
           .k = 300,
           .factor = {ElementKind::kCFloat8_1_4_3, 7},
           .panel = 16,
           .slots = 2}};
}

void expect_product(const ValueRun& run, const GemmShape& shape, Matrix c) {
  run.for_each_node([&](Coord node) {
    ASSERT_EQ(run.read("c", node), c.block(node.y * shape.block_m, node.x * shape.block_n,
                                           shape.block_m, shape.block_n));
  });
}

TEST(Gemm, SummaIsTheProduct) {
  on_all_machines([](const TestMachine& m, Level level) {
    for (const GemmSizes& sizes : gemm_cases()) {
      SCOPED_TRACE(fmt::format("{} x {} x {}", sizes.m, sizes.n, sizes.k));
      const GemmShape shape = summa_shape(m.target, sizes);
      const Program p = gemm_summa(m.target, sizes);
      ValueRun run(p, m, level);
      Matrix a = drawn_matrix(sizes.m, sizes.k, 1), b = drawn_matrix(sizes.k, sizes.n, 2);
      run.write("a", [&](Coord node) {
        Numbers own;
        for (int64_t i = 0; i < run.shape("a")[0]; ++i) {
          const Numbers panel =
              a.block(node.y * shape.block_m, (node.x + i * shape.grid.x) * shape.panel,
                      shape.block_m, shape.panel);
          own.insert(own.end(), panel.begin(), panel.end());
        }
        return own;
      });
      run.write("b", [&](Coord node) {
        Numbers own;
        for (int64_t i = 0; i < run.shape("b")[0]; ++i) {
          const Numbers panel = b.block((node.y + i * shape.grid.y) * shape.panel,
                                        node.x * shape.block_n, shape.panel, shape.block_n);
          own.insert(own.end(), panel.begin(), panel.end());
        }
        return own;
      });
      run.run();
      expect_product(run, shape, product(a, b));
    }
  });
}

TEST(Gemm, CannonIsTheProduct) {
  on_all_machines([](const TestMachine& m, Level level) {
    for (const GemmSizes& sizes : gemm_cases()) {
      SCOPED_TRACE(fmt::format("{} x {} x {}", sizes.m, sizes.n, sizes.k));
      const GemmShape shape = cannon_shape(m.target, sizes);
      const Program p = gemm_cannon(m.target, sizes);
      ValueRun run(p, m, level);
      Matrix a = drawn_matrix(sizes.m, sizes.k, 1), b = drawn_matrix(sizes.k, sizes.n, 2);
      run.write("a", [&](Coord node) {
        return a.block(node.y * shape.block_m, node.x * shape.panel, shape.block_m, shape.panel);
      });
      run.write("b", [&](Coord node) {
        return b.block(node.y * shape.panel, node.x * shape.block_n, shape.panel, shape.block_n);
      });
      run.run();
      expect_product(run, shape, product(a, b));
    }
  });
}

TEST(Convolution, IsTheSumOfNineProducts) {
  on_all_machines([](const TestMachine& m, Level level) {
    for (const ConvolutionSizes& sizes :
         {ConvolutionSizes{.rows = 1, .columns = 1, .channels = 32, .outputs = 32},
          {.rows = 12, .columns = 20, .channels = 3, .outputs = 5},
          {.rows = 15, .columns = 8, .channels = 8, .outputs = 16}}) {
      SCOPED_TRACE(fmt::format("{} x {}", sizes.rows, sizes.columns));
      const Program p = convolution(m.target, sizes);
      ValueRun run(p, m, level);
      const int64_t h = run.shape("image")[0], w = run.shape("image")[1];
      const Numbers image = drawn(sizes.rows * sizes.columns * sizes.channels, 1);
      Numbers weights = drawn(9 * sizes.channels * sizes.outputs, 2);
      // So that bf16 has every sum.
      for (float& x : weights) x = x > 2 ? 1.0F : x < -2 ? -1.0F : 0.0F;
      const auto at = [&](int64_t row, int64_t column, int64_t channel) {
        if (row < 0 || column < 0 || row >= sizes.rows || column >= sizes.columns) return 0.0F;
        return image[static_cast<size_t>((row * sizes.columns + column) * sizes.channels +
                                         channel)];
      };
      run.write("weights", [&](Coord) { return weights; });
      run.write("image", [&](Coord node) {
        Numbers tile;
        for (int64_t i = 0; i < h; ++i)
          for (int64_t j = 0; j < w; ++j)
            for (int64_t c = 0; c < sizes.channels; ++c)
              tile.push_back(at(node.y * h + i, node.x * w + j, c));
        return tile;
      });
      run.run();
      run.for_each_node([&](Coord node) {
        const Numbers result = run.read("result", node);
        for (int64_t i = 0; i < h; ++i)
          for (int64_t j = 0; j < w; ++j)
            for (int64_t o = 0; o < sizes.outputs; ++o) {
              float sum = 0;
              for (int64_t dy = 0; dy < 3; ++dy)
                for (int64_t dx = 0; dx < 3; ++dx)
                  for (int64_t c = 0; c < sizes.channels; ++c)
                    sum += at(node.y * h + i + dy - 1, node.x * w + j + dx - 1, c) *
                           weights[static_cast<size_t>(
                               ((dy * 3 + dx) * sizes.channels + c) * sizes.outputs + o)];
              ASSERT_LE(std::abs(sum), 256.0F);
              ASSERT_EQ(result[static_cast<size_t>((i * w + j) * sizes.outputs + o)], sum);
            }
      });
    }
  });
}

TEST(BatchNorm, NormalisesOverAllNodes) {
  on_all_machines([](const TestMachine& m, Level level) {
    const int64_t positions = 20, channels = 24;
    const Program p = batch_norm(m.target, {positions, channels});
    ValueRun run(p, m, level);
    run.write("data", [&](Coord node) { return drawn(positions * channels, seed_of(node)); });
    const Numbers gamma = drawn(channels, 5), beta = drawn(channels, 6);
    run.write("gamma", [&](Coord) { return gamma; });
    run.write("beta", [&](Coord) { return beta; });
    run.run();
    std::vector<double> sum(static_cast<size_t>(channels)), squares = sum;
    double count = 0;
    run.for_each_node([&](Coord node) {
      const Numbers data = drawn(positions * channels, seed_of(node));
      count += positions;
      for (size_t i = 0; i < data.size(); ++i) {
        sum[i % sum.size()] += data[i];
        squares[i % sum.size()] += double{data[i]} * data[i];
      }
    });
    run.for_each_node([&](Coord node) {
      const Numbers data = drawn(positions * channels, seed_of(node));
      const Numbers result = run.read("result", node);
      for (size_t i = 0; i < data.size(); ++i) {
        const size_t c = i % sum.size();
        const double mean = sum[c] / count, variance = squares[c] / count - mean * mean;
        const double expected = gamma[c] * (data[i] - mean) / std::sqrt(variance + 1e-5) + beta[c];
        ASSERT_NEAR(result[i], expected, 1e-4 + std::abs(expected) / 256);  // bf16
      }
    });
  });
}

TEST(Traffic, EveryMessageArrivesFromItsSender) {
  on_all_machines([](const TestMachine& m, Level level) {
    const int64_t words = 24;
    const auto message = [&](Coord node) { return drawn(words, seed_of(node)); };
    const auto run_one = [&](const Program& p, const auto& check) {
      ValueRun run(p, m, level);
      run.write("out", message);
      run.run();
      check(run);
    };
    const auto part = [&](const Numbers& all, int64_t i) {
      return Numbers(all.begin() + i * words, all.begin() + (i + 1) * words);
    };
    const TrafficSizes sizes{.bytes = 4 * words, .messages = 3, .gap = 5};
    run_one(traffic_transpose(m.target, sizes), [&](const ValueRun& run) {
      run.for_each_node([&](Coord node) {
        for (int64_t k = 0; k < 3; ++k)
          ASSERT_EQ(part(run.read("in", node), k), message({node.y, node.x}));
      });
    });
    run_one(traffic_neighbour(m.target, sizes), [&](const ValueRun& run) {
      run.for_each_node([&](Coord node) {
        const int32_t left = (node.x + run.grid().x - 1) % run.grid().x;
        for (int64_t k = 0; k < 3; ++k)
          ASSERT_EQ(part(run.read("in", node), k), message({left, node.y}));
      });
    });
    const Coord grid = broadcast(m.target, {}).grid;
    run_one(
        traffic_uniform(m.target, {4 * words, int64_t{grid.x} * grid.y}), [&](const ValueRun& run) {
          run.for_each_node([&](Coord node) {
            for (int32_t dy = 0; dy < grid.y; ++dy)
              for (int32_t dx = 0; dx < grid.x; ++dx) {
                const Coord from{(node.x + grid.x - dx) % grid.x, (node.y + grid.y - dy) % grid.y};
                ASSERT_EQ(part(run.read("in", node), int64_t{dy} * grid.x + dx), message(from));
              }
          });
        });
    run_one(traffic_uniform(m.target, {4 * words, grid.x + 1}), [](const ValueRun&) {});
  });
}

}  // namespace
}  // namespace dojo::compiler
