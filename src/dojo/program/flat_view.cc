#include "dojo/program/flat_view.h"

#include <algorithm>

#include "dojo/base/check.h"

namespace dojo::program {

int64_t FlatView::begin(const Frame& frame) const {
  int64_t sum = address;
  for (const Term& term : terms) sum += term.factor * frame[term.var];
  return sum;
}

int64_t FlatView::num_runs() const {
  int64_t runs = 1;
  for (size_t i = 0; i < num_levels; ++i) runs *= levels[i].count;
  return runs;
}

FlatView flatten(const Program& program, const Code& code, const View& view) {
  DOJO_CHECK(!view.padded);
  const Allocation& a = program.allocation(view);
  FlatView flat;
  flat.address = a.address;
  flat.run_bytes = size_bytes(a.element);
  std::vector<FlatView::Level> levels;  // innermost first
  int64_t stride = size_bytes(a.element);
  for (size_t d = a.shape.size(); d-- > 0; stride *= a.shape[d]) {
    const Dim& dim = code.dims[view.first_dim + d];
    flat.address += dim.start.constant * stride;
    for (const Term& term :
         std::span(code.terms).subspan(dim.start.first_term, dim.start.num_terms)) {
      const auto same = std::find_if(flat.terms.begin(), flat.terms.end(),
                                     [&](const Term& t) { return t.var == term.var; });
      if (same == flat.terms.end())
        flat.terms.push_back({term.factor * stride, term.var});
      else
        same->factor += term.factor * stride;
    }
    if (dim.count == 1) continue;
    const int64_t step = dim.step * stride;
    // Behind all that is inside: longer runs, or more of the same steps.
    if (levels.empty() && step == flat.run_bytes)
      flat.run_bytes *= dim.count;
    else if (!levels.empty() && levels.back().stride_bytes != 0 &&
             step == levels.back().count * levels.back().stride_bytes)
      levels.back().count *= dim.count;
    else
      levels.push_back({dim.count, step});
  }
  std::reverse_copy(levels.begin(), levels.end(), flat.levels.begin());
  flat.num_levels = levels.size();
  return flat;
}

}  // namespace dojo::program
