// Where the loop gets its clips from: ClipLoader of video/ in the program, something small in a
// test. The n-th clip is a pure function of the source's seed and n, so a position is all its
// state. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dojo/video/loader.h"

namespace dojo {

// What a step wants for a clip, or for those of a batch one after another, besides its frames.
struct ClipFeed {
  std::string input;  // a data input of the step
  std::vector<std::byte> values;
};

template <typename Values>
ClipFeed feed_of(std::string input, const Values& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {std::move(input), {bytes.begin(), bytes.end()}};
}

class ClipSource {
 public:
  virtual ~ClipSource() = default;
  virtual void seek(uint64_t position) = 0;  // the clip that the next batch begins with
  virtual uint64_t position() const = 0;
  // False if next() would still wait after so long.
  virtual bool wait(double seconds) = 0;
  // [B,frames,H,W,3] u8, frames as Task::clips() says; valid until the next call.
  virtual std::span<const uint8_t> next() = 0;
  virtual std::vector<ClipFeed> feeds() const { return {}; }  // of the same clips, as long
  virtual LoaderStats stats() const = 0;
  virtual std::vector<Quarantined> quarantined() const = 0;
  virtual std::string take_message() { return {}; }  // lines that a person should read, once
};

// The clips of a loader, with what `feeds_of` gives for each: the same inputs for every clip, and a
// pure function of the clip and its position.
class LoaderSource final : public ClipSource {
 public:
  using FeedsOf = std::function<std::vector<ClipFeed>(const ClipRef& clip, uint64_t position)>;
  explicit LoaderSource(std::unique_ptr<ClipLoader> loader, FeedsOf feeds_of = {})
      : loader_(std::move(loader)), feeds_of_(std::move(feeds_of)) {}

  void seek(uint64_t position) override { loader_->seek(position); }
  uint64_t position() const override { return loader_->position(); }
  bool wait(double seconds) override { return loader_->wait(seconds); }
  std::span<const uint8_t> next() override;
  std::vector<ClipFeed> feeds() const override { return feeds_; }
  LoaderStats stats() const override { return loader_->stats(); }
  std::vector<Quarantined> quarantined() const override { return loader_->quarantined(); }
  std::string take_message() override { return loader_->take_message(); }

 private:
  std::unique_ptr<ClipLoader> loader_;
  FeedsOf feeds_of_;
  std::vector<ClipFeed> feeds_;  // of the batch
};

}  // namespace dojo
