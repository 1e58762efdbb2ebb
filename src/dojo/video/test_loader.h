// For tests of the loader: what it hands out.
#pragma once

#include <cstdint>
#include <vector>

#include "dojo/video/loader.h"

namespace dojo {

struct Taken {
  std::vector<ClipRef> refs;
  std::vector<uint8_t> clips;     // one after the other
  std::vector<Quarantined> lost;  // so far

  void add_batch(ClipLoader* loader) {
    const Batch& b = loader->next();
    refs.insert(refs.end(), b.refs.begin(), b.refs.end());
    clips.insert(clips.end(), b.clips.begin(), b.clips.end());
    lost = loader->quarantined();
  }
};

// The next batches.
inline Taken take(ClipLoader* loader, int batches) {
  Taken taken;
  for (int i = 0; i < batches; ++i) taken.add_batch(loader);
  return taken;
}

}  // namespace dojo
