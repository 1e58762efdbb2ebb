// What the options of every network on clips have in common (predict.h, ego.h, mae.h): frames,
// height, width and channels, which are written as text for checkpoints and read back. Those of
// convolutional networks are checked here; what a network has besides, it adds itself.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dojo/base/error.h"

namespace dojo {

// An architecture as text: {"channels": "32", "frames": "3", "levels": "16,8,4,2", ...}.
using ModelMetadata = std::map<std::string, std::string>;

// "16,8,4" -> {16, 8, 4}; at least one. Throws Error(kInput) that names the entry.
std::vector<int64_t> metadata_integers(const ModelMetadata& metadata, const std::string& key);
int64_t metadata_integer(const ModelMetadata& metadata, const std::string& key);  // a sole one
double metadata_number(const ModelMetadata& metadata, const std::string& key);    // "0.9"

// What all have in common of the architecture, to which the batch does not belong, and back; all
// else in the options keeps its default. Throws as metadata_integers().
template <typename Options>
ModelMetadata common_metadata(const Options& o) {
  return {{"frames", std::to_string(o.frames)},
          {"height", std::to_string(o.height)},
          {"width", std::to_string(o.width)},
          {"channels", std::to_string(o.channels)}};
}
template <typename Options>
Options common_options_from(const ModelMetadata& metadata) {
  Options o;
  o.frames = metadata_integer(metadata, "frames");
  o.height = metadata_integer(metadata, "height");
  o.width = metadata_integer(metadata, "width");
  o.channels = metadata_integer(metadata, "channels");
  return o;
}

// Each throws Error(kConfig) that says which option is wrong. The size must be a multiple, and at
// least twice, of `coarsest`: what one place of the network's coarsest map covers.
void check_batch_and_frames(int64_t batch, int64_t frames);
void check_channels(int64_t channels);
void check_size(int64_t height, int64_t width, int64_t coarsest);
[[noreturn]] void refuse_option(std::string what, std::string hint);

// The options where their network's check() lets them pass; else Error(kInput): they were read
// from a file.
template <typename Options>
Options checked_metadata(Options o) {
  try {
    check(o);
  } catch (const Error& e) {
    throw Error(Category::kInput, "model metadata: " + e.message(), e.where(), e.hint());
  }
  return o;
}

}  // namespace dojo
