// Softmax over the last dimension, [rows,c] f32 or bf16, and the cross-entropy loss on it, f32.
#pragma once

#include <cstdint>

#include "dojo/host/kernels/floats.h"

namespace dojo::kernels {

void softmax(int64_t rows, int64_t c, FloatsIn x, FloatsOut y);
// y: the result of softmax; dx may be dy.
void softmax_backward(int64_t rows, int64_t c, FloatsIn y, FloatsIn dy, FloatsOut dx);
void log_softmax(int64_t rows, int64_t c, const float* x, float* y);
void log_softmax_backward(int64_t rows, int64_t c, const float* y, const float* dy, float* dx);

// loss = mean over the rows of -log softmax(x)[label]; a row whose label is not in [0, c) counts
// for nothing (0 rows: loss 0). log_probabilities [rows,c] may be nullptr; backward needs it.
void softmax_cross_entropy(int64_t rows, int64_t c, const float* x, const int32_t* labels,
                           float* loss, float* log_probabilities);
// dx = d loss / d x * dloss.
void softmax_cross_entropy_backward(int64_t rows, int64_t c, const float* log_probabilities,
                                    const int32_t* labels, float dloss, float* dx);

}  // namespace dojo::kernels
