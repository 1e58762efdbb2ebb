#include "dojo/video/cache/copy_cache.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/video/image_folder.h"

namespace dojo {

std::string_view name(CopyTier tier) {
  switch (tier) {
    case CopyTier::kNone:
      return "none";
    case CopyTier::kRaw:
      return "raw";
    case CopyTier::kShortGop:
      return "short-gop";
  }
  DOJO_CHECK(false);
}

std::optional<CopyTier> parse_copy_tier(std::string_view text) {
  for (CopyTier t : {CopyTier::kNone, CopyTier::kRaw, CopyTier::kShortGop})
    if (text == name(t)) return t;
  return std::nullopt;
}

CopySource copy_source(const Recording& r) {
  const Fingerprint print = r.fingerprint == Fingerprint() ? content_of(r.path) : r.fingerprint;
  return {.path = std::filesystem::absolute(r.path).lexically_normal().string(),
          .fingerprint = print.text(),
          .num_frames = r.num_frames()};
}

CopyCache::CopyCache(const CopyCacheOptions& options) : options_(options) {
  if (options.height < 1 || options.width < 1)
    throw Error(Category::kConfig,
                fmt::format("a cache of frames of {}x{}", options.width, options.height));
  codec_ = {.encoder = {}, .preset = {}, .unit_frames = 1};
  if (options.tier == CopyTier::kShortGop) {
    const std::optional<UnitCodec> best = best_unit_codec();
    if (!best)
      throw Error(Category::kUnsupported, "this FFmpeg has no encoder for the short-gop cache", {},
                  "take the raw tier, or an FFmpeg with libx264");
    codec_ = *best;
    encoder_ = std::make_unique<UnitEncoder>(codec_, options.height, options.width);
    decoder_ = std::make_unique<UnitDecoder>(codec_.encoder, options.height, options.width);
  }
  if (options.tier == CopyTier::kNone) return;
  if (options_.folder.empty()) options_.folder = default_copy_folder();
  try {
    if (options_.folder.empty())
      throw Error(Category::kIo, "neither XDG_CACHE_HOME nor HOME says where the cache is");
    folder_ = std::make_unique<CopyFolder>(options_.folder, options_.max_bytes);
  } catch (const Error& e) {
    if (e.category() == Category::kConfig) throw;
    message_ = "no frames are cached: " + e.message() + (e.where().empty() ? "" : ", " + e.where());
  }
}

CopyCache::~CopyCache() = default;

CopyKey CopyCache::key_of(const CopySource& source) const {
  return {.path = source.path,
          .fingerprint = source.fingerprint,
          .num_frames = source.num_frames,
          .height = options_.height,
          .width = options_.width,
          .codec = exact() ? "raw" : codec_.text() + ", " + ffmpeg_version(),
          .unit_frames = unit_frames()};
}

SmallCopy* CopyCache::copy_of(const CopySource& source) {
  if (!folder_) return nullptr;
  if (!last_ || last_source_.path != source.path || last_source_.num_frames != source.num_frames ||
      last_source_.fingerprint != source.fingerprint) {
    last_ = folder_->open(key_of(source));
    last_source_ = source;
  }
  return last_.get();
}

bool CopyCache::has(const CopySource& source, int64_t unit) {
  SmallCopy* copy = copy_of(source);
  return copy && copy->unit_bytes(unit) > 0;
}

bool CopyCache::read(const CopySource& source, int64_t unit, std::span<uint8_t* const> rgb) {
  SmallCopy* copy = copy_of(source);
  const auto damaged = [&] {
    copy->set_damaged(unit);
    message_ += fmt::format("{}the cache of {} was damaged on its disk; it is made again",
                            message_.empty() ? "" : "; ", source.path);
    return false;
  };
  const size_t bytes = copy ? static_cast<size_t>(copy->unit_bytes(unit)) : 0;
  if (bytes == 0) return false;
  DOJO_CHECK_EQ(rgb.size(), static_cast<size_t>(copy->key().frames_of(unit)));
  if (exact()) {
    const size_t frame_bytes = static_cast<size_t>(options_.height * options_.width * 3);
    if (bytes != frame_bytes) return damaged();
    return !rgb[0] || copy->read(unit, {rgb[0], frame_bytes}) || damaged();
  }
  unit_bytes_.resize(bytes);
  size_t wanted = rgb.size();  // frames after the last one that is wanted need no decoding
  while (wanted > 0 && !rgb[wanted - 1]) --wanted;
  return (copy->read(unit, unit_bytes_) && decoder_->decode(unit_bytes_, rgb.first(wanted))) ||
         damaged();
}

void CopyCache::store(const CopySource& source, int64_t unit, std::span<uint8_t* const> rgb) {
  const size_t frame_bytes = static_cast<size_t>(options_.height * options_.width * 3);
  SmallCopy* copy = copy_of(source);
  if (exact()) {
    if (copy && copy->unit_bytes(unit) == 0) folder_->append(copy, unit, {rgb[0], frame_bytes});
    return;
  }
  const std::vector<const uint8_t*> frames(rgb.begin(), rgb.end());
  const std::span<const uint8_t> bytes = encoder_->encode(frames);
  decoded_.resize(frame_bytes * rgb.size());
  std::vector<uint8_t*> out;
  for (size_t i = 0; i < rgb.size(); ++i) out.push_back(decoded_.data() + i * frame_bytes);
  if (!decoder_->decode(bytes, out))
    throw Error(Category::kIo, "FFmpeg does not decode what it has encoded: " + codec_.text(), {},
                "take the raw tier of the cache");
  for (size_t i = 0; i < rgb.size(); ++i)
    if (psnr(rgb[i], out[i], static_cast<int64_t>(frame_bytes)) < kMinPsnr) return;
  for (size_t i = 0; i < rgb.size(); ++i) std::memcpy(rgb[i], out[i], frame_bytes);
  if (copy && copy->unit_bytes(unit) == 0) folder_->append(copy, unit, bytes);
}

std::string CopyCache::take_message() {
  std::string text = std::exchange(message_, {});
  const std::string more = folder_ ? folder_->take_message() : "";
  return text + (text.empty() || more.empty() ? "" : "; ") + more;
}

}  // namespace dojo
