#include "dojo/host/steps.h"

#include "dojo/base/check.h"

namespace dojo::host {

BufferId Program::add_buffer(std::string name, int64_t bytes, Buffer::Kind kind) {
  buffers.push_back({std::move(name), bytes, kind});
  return static_cast<BufferId>(buffers.size() - 1);
}

BufferId Program::add_view(BufferId base, int64_t offset, int64_t bytes) {
  DOJO_CHECK_LE(offset + bytes, buffers[at(base)].bytes);
  buffers.push_back({buffers[at(base)].name, bytes, buffers[at(base)].kind, base, offset});
  return static_cast<BufferId>(buffers.size() - 1);
}

std::pair<BufferId, int64_t> Program::root(BufferId b) const {
  int64_t offset = 0;
  while (buffers[at(b)].base != kNoBuffer) {
    offset += buffers[at(b)].offset;
    b = buffers[at(b)].base;
  }
  return {b, offset};
}

}  // namespace dojo::host
