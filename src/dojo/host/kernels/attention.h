// Attention: y = softmax(scale * q k') v for each item (a head of a clip), and its gradient. The
// matrix of scores is never whole in memory: a block of queries at a time sees all keys, inside of
// a thread's caches; the gradient computes the scores anew. An item is one thread's work, so
// results do not depend on the number of threads.
#pragma once

#include <cstdint>
#include <vector>

namespace dojo::kernels {

// Matrices of all items inside of a larger array: row r of item i is at items[i] + r * stride, its
// elements one after the other.
struct ItemRows {
  std::vector<int64_t> items;
  int64_t stride = 0;
};

struct Attention {
  int64_t queries = 0, keys = 0;  // of an item
  int64_t d = 0;                  // elements of a row of q, k, v and y
  float scale = 1;
  ItemRows q, k, v;
};

bool attention_knows(const Attention& a);  // d is a multiple of 16

// Floats that either function needs beside its results, with num_threads() threads.
int64_t attention_scratch_floats(const Attention& a);

// log_sums [items, queries]: the logarithm of the sum of the exponentials of a query's scores.
void attention_forward(const Attention& a, const float* q, const float* k, const float* v,
                       const ItemRows& y_rows, float* y, float* log_sums, float* scratch);

// The result may lie in one array, as q, k and v do.
struct AttentionGrad {
  ItemRows dy, dq, dk, dv;
};
void attention_backward(const Attention& a, const AttentionGrad& g, const float* q, const float* k,
                        const float* v, const float* dy, const float* log_sums, float* dq,
                        float* dk, float* dv, float* scratch);

}  // namespace dojo::kernels
