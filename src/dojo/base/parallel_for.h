// The one thread pool of a process: OpenMP's, which oneDNN uses too.
#pragma once

#include <cstdint>
#include <functional>

namespace dojo {

// Sets the number of threads of later parallel_for() and oneDNN calls. REQUIRES: n >= 1.
void set_num_threads(int n);
int num_threads();

// Calls body(begin, end) for pieces that cover [0, n), each at most once and of at least `grain`
// items but for the last. The pieces depend on n, grain and num_threads() only. Returns when all
// are done. Exceptions must not leave `body`. Inside a parallel region the whole range is one
// piece.
void parallel_for(int64_t n, int64_t grain,
                  const std::function<void(int64_t begin, int64_t end)>& body);

}  // namespace dojo
