#include "dojo/train/clip_source.h"

namespace dojo {
namespace {

class LoaderSource final : public ClipSource {
 public:
  explicit LoaderSource(std::unique_ptr<ClipLoader> loader) : loader_(std::move(loader)) {}

  void seek(uint64_t position) override { loader_->seek(position); }
  uint64_t position() const override { return loader_->position(); }
  bool wait(double seconds) override { return loader_->wait(seconds); }
  std::span<const uint8_t> next() override { return loader_->next().clips; }
  LoaderStats stats() const override { return loader_->stats(); }
  std::vector<Quarantined> quarantined() const override { return loader_->quarantined(); }
  std::string take_message() override { return loader_->take_message(); }

 private:
  std::unique_ptr<ClipLoader> loader_;
};

}  // namespace

std::unique_ptr<ClipSource> make_clip_source(std::unique_ptr<ClipLoader> loader) {
  return std::make_unique<LoaderSource>(std::move(loader));
}

}  // namespace dojo
