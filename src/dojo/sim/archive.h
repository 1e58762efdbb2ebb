// The state of a run as bytes. One list of fields for each struct serves both ways, so that what is
// written and what is read cannot part:
//
//   void fields(Archive& archive, Wire& w) {
//     archive.whole(w.free, 0, Wire::kFar);   // writes it, or reads it
//     ...
//
// Bytes that are read may come from anybody: each number has its bounds, each list may be no longer
// than what is left of the bytes, and everything else throws Error(kInput).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "dojo/base/check.h"

namespace dojo::sim {

class Archive {
 public:
  Archive() = default;                                                    // writes
  explicit Archive(std::string_view bytes) : reads_(true), in_(bytes) {}  // reads; they outlive it

  bool reads() const { return reads_; }
  std::string& bytes() { return out_; }       // that were written
  void expect_end() const;                    // of what is read
  size_t left() const { return in_.size(); }  // bytes to read

  // REQUIRES: when it is written, x is in [least, most].
  template <typename T>
  void whole(T& x, int64_t least, int64_t most) {
    static_assert(std::is_integral_v<T> || std::is_enum_v<T>);
    if (reads_) {
      const uint64_t above = take();
      if (above > static_cast<uint64_t>(most) - static_cast<uint64_t>(least)) damaged();
      x = static_cast<T>(static_cast<int64_t>(static_cast<uint64_t>(least) + above));
    } else {
      const auto value = static_cast<int64_t>(x);
      DOJO_CHECK_LE(least, value);
      DOJO_CHECK_LE(value, most);
      put(static_cast<uint64_t>(value) - static_cast<uint64_t>(least));
    }
  }
  template <typename T>
  void index(T& x, size_t size) {  // in [0, size)
    if (reads_ && size == 0) damaged();
    whole(x, 0, static_cast<int64_t>(size) - 1);
  }
  template <typename T>
  void word(T& x) {  // all of its bits
    static_assert(std::is_unsigned_v<T>);
    if (!reads_) return put(x);
    const uint64_t value = take();
    x = static_cast<T>(value);
    if (x != value) damaged();
  }
  void flag(bool& x) { whole(x, 0, 1); }

  // How many there are of something that takes that many bytes or more each.
  size_t count(size_t n, size_t least_bytes = 1);

  // each(element) for all, after making as many as there were.
  template <typename T, typename Each>
  void list(std::vector<T>& all, const Each& each, size_t least_bytes = 1) {
    const size_t n = count(all.size(), least_bytes);
    if (reads_) {
      all.clear();
      all.resize(n);
    }
    for (T& one : all) each(one);
  }

  void raw(std::span<uint8_t> bytes);
  size_t room_for(size_t bytes) const {  // to be read: there are as many
    require(bytes <= in_.size());
    return bytes;
  }
  void text(std::string& text);

  [[noreturn]] static void damaged();
  static void require(bool holds) {
    if (!holds) damaged();
  }

 private:
  // Seven bits a byte, the lowest first.
  void put(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }
  uint64_t take();

  bool reads_ = false;
  std::string out_;
  std::string_view in_;
};

}  // namespace dojo::sim
