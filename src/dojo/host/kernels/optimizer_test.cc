#include "dojo/host/kernels/optimizer.h"

#include <cmath>

#include "dojo/host/kernels/testing.h"

namespace dojo::kernels {
namespace {

TEST(Optimizer, AdamWEqualsItsFormulaOverSeveralSteps) {
  on_every_target([] {
    Random random(1);
    std::vector<std::vector<float>> p, m, v, g;
    std::vector<std::vector<double>> ep, em, ev;
    for (int64_t n : {1, 7, 16, 1000, 40001}) {
      p.push_back(random_array(random, n)), g.push_back(random_array(random, n));
      m.emplace_back(p.back().size(), 0.0f), v.emplace_back(p.back().size(), 0.0f);
      ep.emplace_back(p.back().begin(), p.back().end());
      em.emplace_back(p.back().size(), 0.0), ev.emplace_back(p.back().size(), 0.0);
    }
    for (int step = 1; step <= 3; ++step) {
      const AdamW a{
          .lr = 0.01f, .decay = 0.1f, .grad_scale = 0.5f, .step = static_cast<double>(step)};
      std::vector<AdamWArrays> arrays;
      for (size_t i = 0; i < p.size(); ++i) {
        arrays.push_back({p[i].data(), m[i].data(), v[i].data(), g[i].data(), p[i].data(),
                          m[i].data(), v[i].data(), static_cast<int64_t>(p[i].size())});
        for (size_t k = 0; k < p[i].size(); ++k) {
          const double grad = g[i][k] * 0.5;
          em[i][k] = 0.9 * em[i][k] + 0.1 * grad;
          ev[i][k] = 0.999 * ev[i][k] + 0.001 * grad * grad;
          ep[i][k] -= 0.01 * 0.1 * ep[i][k];
          ep[i][k] -= 0.01 * (em[i][k] / (1 - std::pow(0.9, step))) /
                      (std::sqrt(ev[i][k] / (1 - std::pow(0.999, step))) + 1e-8);
        }
      }
      adamw(a, arrays);
    }
    for (size_t i = 0; i < p.size(); ++i) {
      expect_near(p[i], {ep[i].begin(), ep[i].end()}, 1e-5);
      expect_near(m[i], {em[i].begin(), em[i].end()}, 1e-6);
      expect_near(v[i], {ev[i].begin(), ev[i].end()}, 1e-6);
    }
  });
}

TEST(Optimizer, MomentumEqualsItsFormula) {
  on_every_target([] {
    Random random(2);
    for (bool nesterov : {false, true}) {
      const auto p = random_array(random, 20005), m = random_array(random, 20005),
                 g = random_array(random, 20005);
      auto p_out = nan_array(20005), m_out = p_out, ep = p_out, em = p_out;
      for (size_t i = 0; i < p.size(); ++i) {
        const double grad = g[i] * 0.25 + 0.1 * p[i], next = 0.9 * m[i] + grad;
        em[i] = static_cast<float>(next);
        ep[i] = static_cast<float>(p[i] - 0.05 * (nesterov ? grad + 0.9 * next : next));
      }
      const MomentumArrays arrays[] = {
          {p.data(), m.data(), g.data(), p_out.data(), m_out.data(), 20005}};
      momentum(
          {.lr = 0.05f, .momentum = 0.9f, .decay = 0.1f, .nesterov = nesterov, .grad_scale = 0.25f},
          arrays);
      expect_near(p_out, ep, 1e-6);
      expect_near(m_out, em, 1e-6);
    }
  });
}

TEST(Optimizer, LerpMovesTowardsTheTarget) {
  on_every_target([] {
    Random random(3);
    const auto from = random_array(random, 33333), to = random_array(random, 33333);
    auto out = from, expected = from;
    for (size_t i = 0; i < from.size(); ++i) expected[i] = from[i] + (to[i] - from[i]) * 0.3f;
    const LerpArrays arrays[] = {{out.data(), to.data(), out.data(), 33333}};
    lerp(0.3f, arrays);
    expect_near(out, expected, 1e-6);
  });
}

}  // namespace
}  // namespace dojo::kernels
