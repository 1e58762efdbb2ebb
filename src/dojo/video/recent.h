// What belongs to the files that were used last; the others are forgotten. Not thread-safe.
#pragma once

#include <list>
#include <string>
#include <utility>

namespace dojo {

template <typename T>
class Recent {
 public:
  explicit Recent(size_t most) : most_(most) {}

  // Null if the path was never put(), or forgotten. Counts as a use.
  T* find(const std::string& path) {
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
      if (at->first != path) continue;
      entries_.splice(entries_.begin(), entries_, at);
      return &entries_.front().second;
    }
    return nullptr;
  }

  // In place of what it had.
  T& put(const std::string& path, T value) {
    if (T* old = find(path)) return *old = std::move(value);
    entries_.emplace_front(path, std::move(value));
    if (entries_.size() > most_) entries_.pop_back();
    return entries_.front().second;
  }

  void clear() { entries_.clear(); }

 private:
  size_t most_;
  std::list<std::pair<std::string, T>> entries_;  // the last used first
};

}  // namespace dojo
