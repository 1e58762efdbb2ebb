// Reverse-mode differentiation as a graph transform: adds the nodes of d loss / d wrt[i] to the
// builder's graph.
#pragma once

#include <span>
#include <vector>

#include "dojo/graph/builder.h"

namespace dojo {

// Returns one value for each of `wrt`, in f32 and with its shape (zeros where the loss does not
// depend on it). Gradients are f32 for bf16 values too: they are summed up in f32 and rounded to
// bf16 where they pass the Cast that rounded the value, and where a product takes them as a factor.
// `loss` is an f32 scalar. Builds gradients only along paths from `wrt` to `loss`.
// Error(kUnimplemented) names an op on such a path that has none.
std::vector<ValueId> gradients(Builder& builder, ValueId loss, std::span<const ValueId> wrt);

}  // namespace dojo
