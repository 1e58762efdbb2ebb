// Which nodes are worth one kernel: optimizers over all parameters, averages of weights, the norm
// of all gradients, a normalisation with its activation, the gradients of a convolution by weight
// and bias, chains of elementwise nodes.
#pragma once

#include <vector>

#include "dojo/host/merger.h"

namespace dojo::host {

void fuse_units(const Graph& graph, const Constants& constants, const std::vector<Layout>& layouts,
                Merger& m);

}  // namespace dojo::host
