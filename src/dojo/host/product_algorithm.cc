#include "dojo/host/product_algorithm.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "dojo/host/block.h"

namespace dojo::host {
namespace {

constexpr int64_t kFewest = 64;  // rows, columns and depth
constexpr auto kFloat = int64_t{sizeof(float)};

std::string problem(const kernels::Gemm& g) {
  return fmt::format("product: {}x{}{} times {}x{}{}", g.m, g.k, g.transpose_a ? " turned" : "",
                     g.k, g.n, g.transpose_b ? " turned" : "");
}

struct Matrices {
  Block a, b, y, scratch;
};

std::shared_ptr<Matrices> matrices(const kernels::Gemm& g, int64_t scratch_bytes) {
  return std::make_shared<Matrices>(
      Matrices{make_block(g.m * g.k * kFloat), make_block(g.k * g.n * kFloat),
               make_block(g.m * g.n * kFloat), make_block(scratch_bytes)});
}

}  // namespace

std::optional<kernels::Gemm> panels_of(const onednn::MatmulShape& s) {
  const kernels::Gemm g{
      .m = s.m, .n = s.n, .k = s.k, .transpose_a = s.transpose_a, .transpose_b = s.transpose_b};
  if (s.batch != 1 || s.bf16 || s.bf16_result || std::min({s.m, s.n, s.k}) < kFewest ||
      !kernels::gemm_knows(g))
    return {};
  return g;
}

ProductAlgorithm choose_product_algorithm(const onednn::MatmulShape& s, Algorithms* algorithms,
                                          int64_t max_bytes) {
  const auto g = panels_of(s);
  if (!g || !algorithms || (s.m * s.k + s.k * s.n + s.m * s.n) * kFloat > max_bytes)
    return ProductAlgorithm::kOneDnn;
  const std::string name = "panels";
  const std::string& chosen = algorithms->choose(
      problem(*g),
      {{"onednn",
        [&] {
          const onednn::Operation product = onednn::matmul(s, false);
          const auto m = matrices(*g, product.scratch_bytes());
          return
              [m, kernel = product.bind({m->a.get(), m->b.get(), m->y.get(), m->scratch.get()})] {
                kernel();
              };
        }},
       {name, [&] {
          const auto m = matrices(*g, kernels::gemm_scratch_floats(*g) * kFloat);
          const auto floats = [](const Block& block) {
            return reinterpret_cast<float*>(block.get());
          };
          return [m, g = *g, a = floats(m->a), b = floats(m->b), y = floats(m->y),
                  scratch = floats(m->scratch)] { kernels::gemm(g, a, b, nullptr, y, scratch); };
        }}});
  return chosen == name ? ProductAlgorithm::kPanels : ProductAlgorithm::kOneDnn;
}

}  // namespace dojo::host
