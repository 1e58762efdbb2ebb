// A value as the caller of an executor sees it, row-major, and as it lies in the executor's memory:
// the same bytes, channels-last, or packed for oneDNN.
#pragma once

#include <cstddef>
#include <span>

#include "dojo/host/lower.h"

namespace dojo::host {

class Exchange {
 public:
  Exchange() = default;
  Exchange(Lowering& l, ValueId v, const Form& form);

  BufferId buffer() const { return buffer_; }

  // `memory` is the place of buffer(). REQUIRES: `rows` has the size of the value's type.
  void write(std::span<const std::byte> rows, std::byte* memory) const;
  void read(const std::byte* memory, std::span<std::byte> rows) const;

 private:
  void copy(const kernels::StridedCopy& copy, const std::byte* from, std::byte* to) const;

  BufferId buffer_ = kNoBuffer;
  Layout::Kind kind_ = kRow;
  bool is_bf16_ = false;                      // for kChannelsLast
  kernels::StridedCopy from_rows_, to_rows_;  // for kChannelsLast
  onednn::Format packed_, plain_;             // for kPacked
};

}  // namespace dojo::host
