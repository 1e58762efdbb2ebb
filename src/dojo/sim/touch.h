// Reads what the next events will need, many at a time. Events of a cycle are at nodes all over the
// machine, whose states are far from each other: what is read here comes together, and not each
// when its event is done. These are loads and not prefetches: a processor leaves out a prefetch
// whose page it does not know, and here that are most.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

namespace dojo::sim {

inline constexpr size_t kTouchedAtOnce = 32;  // events

template <typename T>
void touch(const T& object) {
  const auto* const bytes = reinterpret_cast<const volatile char*>(&object);
  for (size_t i = 0; i < sizeof(T); i += 64) static_cast<void>(bytes[i]);
}

// Of a cycle's events those from the i-th on that are touched at once.
template <typename Event>
std::span<const Event> next_few(std::span<const Event> events, size_t i) {
  return events.subspan(i, std::min(kTouchedAtOnce, events.size() - i));
}

}  // namespace dojo::sim
