// The safetensors file format (https://github.com/huggingface/safetensors): a u64 little-endian
// header length, a JSON header {"name":{"dtype","shape","data_offsets"},..., "__metadata__":{...}},
// then the numbers of all tensors, row-major, without gaps. It holds data only, no code, and every
// byte of a file is accounted for, so that a reader can check it completely. Files are untrusted.
//
// Thread safety: free functions on values.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dojo/graph/type.h"

namespace dojo {

struct Tensor {
  std::string name;
  Type type;
  std::vector<std::byte> data;  // type.num_bytes(), row-major, little-endian
};

struct SafeTensors {
  std::map<std::string, std::string> metadata;
  std::vector<Tensor> tensors;  // in the order of their data

  const Tensor* find(std::string_view name) const;  // nullptr if there is none
};

// Throws Error(kInput) that names `where` and the value that is wrong: a file cut short, a header
// length beyond the file, broken JSON, a name twice, a dtype other than F32, BF16, I32 and U8, a
// shape whose size overflows or differs from the offsets, offsets that overlap, leave gaps or bytes
// over. Tensors that are not `wanted` are left out; they may have any dtype and shape.
using WantedTensor = std::function<bool(const std::string& name)>;
SafeTensors parse_safetensors(std::span<const std::byte> file, std::string_view where,
                              const WantedTensor& wanted = {});

// The inverse; a pure function of its argument.
std::vector<std::byte> serialize_safetensors(const SafeTensors& content);

// Also Error(kIo) when the file cannot be read; writing is atomic (AtomicFile of base/file.h).
SafeTensors read_safetensors(const std::string& path, const WantedTensor& wanted = {});
void write_safetensors(const std::string& path, const SafeTensors& content);

}  // namespace dojo
