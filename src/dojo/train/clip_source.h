// Where the loop gets its clips from: ClipLoader of video/ in the program, something small in a
// test. The n-th clip is a pure function of the source's seed and n, so a position is all its
// state. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dojo/video/loader.h"

namespace dojo {

// What a step wants for a batch besides its frames.
struct ClipFeed {
  std::string_view input;  // a data input of the step
  std::span<const std::byte> values;
};

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

// The clips of a loader.
class LoaderSource : public ClipSource {
 public:
  explicit LoaderSource(std::unique_ptr<ClipLoader> loader) : loader_(std::move(loader)) {}

  void seek(uint64_t position) override { loader_->seek(position); }
  uint64_t position() const override { return loader_->position(); }
  bool wait(double seconds) override { return loader_->wait(seconds); }
  std::span<const uint8_t> next() override { return next_batch().clips; }
  LoaderStats stats() const override { return loader_->stats(); }
  std::vector<Quarantined> quarantined() const override { return loader_->quarantined(); }
  std::string take_message() override { return loader_->take_message(); }

 protected:
  const Batch& next_batch() { return loader_->next(); }

 private:
  std::unique_ptr<ClipLoader> loader_;
};

}  // namespace dojo
