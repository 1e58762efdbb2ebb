// What a compiled graph is made of: buffers and a list of steps over them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace dojo::host {

enum class BufferId : int32_t {};
inline constexpr BufferId kNoBuffer{-1};
constexpr size_t at(BufferId b) { return static_cast<size_t>(b); }

// The name of memory that has no meaning outside of a step; no value can have it.
inline constexpr char kScratch[] = "(scratch)";

struct Buffer {
  enum class Kind : uint8_t {
    kArena,       // lives from its first writer to its last reader
    kPersistent,  // inputs, parameters, states, results: keeps its value between runs
  };
  std::string name;
  int64_t bytes = 0;
  Kind kind = Kind::kArena;
  BufferId base = kNoBuffer;  // a view: this many bytes of `base`, from `offset` on
  int64_t offset = 0;
};

// A kernel with its pointers and everything else resolved.
using Kernel = std::function<void()>;

// The memory of each buffer, once planned.
class Memory {
 public:
  explicit Memory(std::vector<std::byte*> places) : places_(std::move(places)) {}
  template <class T = float>
  T* get(BufferId b) const {
    return b == kNoBuffer ? nullptr : reinterpret_cast<T*>(places_[at(b)]);
  }

 private:
  std::vector<std::byte*> places_;  // by buffer
};

struct Step {
  std::string what;  // for the profile: op and value name
  std::vector<BufferId> reads, writes;
  std::function<Kernel(const Memory&)> bind;
  // Pairs of (written, read) that may share memory: element i is read before it is written.
  std::vector<std::pair<BufferId, BufferId>> may_share = {};
  bool commits = false;  // phase two: runs only if all guards are finite
};

struct ConstantBytes {
  BufferId buffer = kNoBuffer;
  std::vector<std::byte> bytes;
};

struct Program {
  std::vector<Buffer> buffers;
  std::vector<Step> steps;  // phase one, then phase two
  std::vector<ConstantBytes> constants;

  BufferId add_buffer(std::string name, int64_t bytes, Buffer::Kind kind = Buffer::Kind::kArena);
  BufferId add_view(BufferId base, int64_t offset, int64_t bytes);
  // The buffer whose memory `b` lies in, and where.
  std::pair<BufferId, int64_t> root(BufferId b) const;
};

}  // namespace dojo::host
