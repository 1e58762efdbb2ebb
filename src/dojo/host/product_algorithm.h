// The algorithm of a product of two matrices: oneDNN's, or our own.
#pragma once

#include <cstdint>
#include <optional>

#include "dojo/host/algorithms.h"
#include "dojo/host/kernels/gemm.h"
#include "dojo/host/onednn.h"

namespace dojo::host {

enum class ProductAlgorithm : uint8_t { kOneDnn, kPanels };

// The product for kernels/gemm.h; nothing where it does not know it, or where it is so small that
// there is nothing to win.
std::optional<kernels::Gemm> panels_of(const onednn::MatmulShape& shape);

// `algorithms` may be null: then oneDNN has it; also where the matrices are more than max_bytes,
// which the executor refuses once all is planned.
ProductAlgorithm choose_product_algorithm(const onednn::MatmulShape& shape, Algorithms* algorithms,
                                          int64_t max_bytes);

}  // namespace dojo::host
