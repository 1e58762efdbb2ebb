// Asks for memory that will be needed soon. Events of a cycle are at nodes all over the machine,
// whose states are far from each other: what the next ones need comes while one is done.
#pragma once

#include <cstddef>

namespace dojo::sim {

inline constexpr size_t kPrefetchAhead = 8;  // events

template <typename T>
void prefetch(const T& object) {
  const auto* const bytes = reinterpret_cast<const char*>(&object);
  for (size_t i = 0; i < sizeof(T); i += 64) __builtin_prefetch(bytes + i);
}

}  // namespace dojo::sim
