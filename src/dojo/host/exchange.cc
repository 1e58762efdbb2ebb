#include "dojo/host/exchange.h"

#include <cstring>

#include "dojo/host/block.h"

namespace dojo::host {
namespace {

// oneDNN wants aligned memory, which the caller's need not be.
void repack(const onednn::Format& from, const onednn::Format& to, const std::byte* source,
            std::byte* target) {
  const Block a = make_block(from.bytes()), b = make_block(to.bytes());
  std::memcpy(a.get(), source, static_cast<size_t>(from.bytes()));
  const onednn::Operation operation = onednn::reorder(from, to);
  const Block scratch = make_block(operation.scratch_bytes());
  operation.bind({a.get(), b.get(), scratch.get()})();
  std::memcpy(target, b.get(), static_cast<size_t>(to.bytes()));
}

}  // namespace

Exchange::Exchange(Lowering& l, ValueId v, const Form& form)
    : buffer_(form.buffer), kind_(form.kind) {
  const Shape& shape = l.graph.type(v).shape;
  if (kind_ == Layout::Kind::kPacked) {
    packed_ = form.packed;
    plain_ = onednn::plain_weights(l.packed_shape(v));
  } else if (same_bytes(shape, kind_, kRow)) {
    kind_ = kRow;
  } else {
    is_bf16_ = l.is_bf16(v);
    from_rows_ = layout_copy(shape, kRow, kind_);
    to_rows_ = layout_copy(shape, kind_, kRow);
  }
}

void Exchange::copy(const kernels::StridedCopy& copy, const std::byte* from, std::byte* to) const {
  if (is_bf16_)
    kernels::copy_bf16(copy, reinterpret_cast<const Bf16*>(from), reinterpret_cast<Bf16*>(to));
  else
    kernels::copy_f32(copy, reinterpret_cast<const float*>(from), reinterpret_cast<float*>(to));
}

void Exchange::write(std::span<const std::byte> rows, std::byte* memory) const {
  if (kind_ == Layout::Kind::kPacked)
    repack(plain_, packed_, rows.data(), memory);
  else if (kind_ == kLast)
    copy(from_rows_, rows.data(), memory);
  else
    std::memcpy(memory, rows.data(), rows.size());
}

void Exchange::read(const std::byte* memory, std::span<std::byte> rows) const {
  if (kind_ == Layout::Kind::kPacked)
    repack(packed_, plain_, memory, rows.data());
  else if (kind_ == kLast)
    copy(to_rows_, memory, rows.data());
  else
    std::memcpy(rows.data(), memory, rows.size());
}

}  // namespace dojo::host
