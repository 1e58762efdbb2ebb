#include "dojo/model/options.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "dojo/model/blocks.h"

namespace dojo {
namespace {

// Beyond what any machine trains; their products stay within 64 bits.
constexpr int64_t kMostBatch = 4096, kMostFrames = 16, kMostChannels = 4096, kMostPixels = 16384;

const std::string& entry(const ModelMetadata& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  if (found == metadata.end())
    throw Error(Category::kInput, fmt::format("no entry '{}' in the model's metadata", key));
  return found->second;
}

[[noreturn]] void refuse_entry(const std::string& key, const std::string& text,
                               const char* wanted) {
  throw Error(Category::kInput,
              fmt::format("model metadata '{}' is '{}', not {}", key, text, wanted));
}

}  // namespace

std::vector<int64_t> metadata_integers(const ModelMetadata& metadata, const std::string& key) {
  const std::string& text = entry(metadata, key);
  std::vector<int64_t> values;
  const char *p = text.data(), *end = p + text.size();
  while (true) {
    int64_t value = 0;
    const auto [next, error] = std::from_chars(p, end, value);
    if (error != std::errc() || (next != end && *next != ','))
      refuse_entry(key, text, "a list of integers");
    values.push_back(value);
    if (next == end) return values;
    p = next + 1;
  }
}

int64_t metadata_integer(const ModelMetadata& metadata, const std::string& key) {
  const std::vector<int64_t> values = metadata_integers(metadata, key);
  if (values.size() != 1) refuse_entry(key, entry(metadata, key), "one integer");
  return values[0];
}

double metadata_number(const ModelMetadata& metadata, const std::string& key) {
  const std::string& text = entry(metadata, key);
  const char* end = text.data() + text.size();
  double value = 0;
  const auto [next, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || next != end || !std::isfinite(value))
    refuse_entry(key, text, "a number");
  return value;
}

void refuse_option(std::string what, std::string hint) {
  throw Error(Category::kConfig, std::move(what), "", std::move(hint));
}

void check_batch_and_frames(int64_t batch, int64_t frames) {
  if (batch < 1 || batch > kMostBatch)
    refuse_option(fmt::format("batch is {}", batch), fmt::format("take 1 to {}", kMostBatch));
  if (frames < 2 || frames > kMostFrames)
    refuse_option(fmt::format("{} input frames", frames), fmt::format("take 2 to {}", kMostFrames));
}

void check_channels(int64_t channels) {
  if (channels < kNormGroups || channels > kMostChannels || channels % kNormGroups != 0)
    refuse_option(fmt::format("{} channels", channels),
                  fmt::format("take a multiple of {}", kNormGroups));
}

void check_size(int64_t height, int64_t width, int64_t coarsest) {
  for (const int64_t pixels : {height, width})
    if (pixels < 2 * coarsest || pixels > kMostPixels || pixels % coarsest != 0)
      refuse_option(fmt::format("size is {}x{}", height, width),
                    fmt::format("height and width are multiples of {}, {} to {}", coarsest,
                                2 * coarsest, kMostPixels));
}

}  // namespace dojo
