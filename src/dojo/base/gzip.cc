#include "dojo/base/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "dojo/base/error.h"
#include "dojo/base/file.h"

namespace dojo {
namespace {

class Unpacker {
 public:
  Unpacker(std::string packed, const std::filesystem::path& path, int64_t max_bytes)
      : packed_(std::move(packed)), path_(path), max_bytes_(max_bytes) {
    stream_.next_in = reinterpret_cast<Bytef*>(packed_.data());
    stream_.avail_in = static_cast<uInt>(packed_.size());
    // 16 more than the largest window: with gzip's header and check sum.
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) wrong("zlib does not start");
  }
  ~Unpacker() { inflateEnd(&stream_); }
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  std::string unpack() {
    std::string text;
    while (true) {
      const size_t done = text.size();
      text.resize(done + std::max<size_t>(done, 1 << 16));
      stream_.next_out = reinterpret_cast<Bytef*>(text.data() + done);
      stream_.avail_out = static_cast<uInt>(text.size() - done);
      const int result = inflate(&stream_, Z_NO_FLUSH);
      text.resize(text.size() - stream_.avail_out);
      if (std::ssize(text) > max_bytes_)
        wrong(fmt::format("it has more than {} bytes when unpacked", max_bytes_));
      if (result == Z_STREAM_END) {
        if (stream_.avail_in == 0) return text;
        if (inflateReset(&stream_) != Z_OK) wrong("zlib does not start again");  // joined files
        continue;
      }
      if (result == Z_BUF_ERROR ||
          (result == Z_OK && stream_.avail_in == 0 && stream_.avail_out > 0))
        wrong("the packed file is cut off");
      if (result != Z_OK)
        wrong(fmt::format("the packed file is damaged: {}",
                          stream_.msg != nullptr ? stream_.msg : "unreadable"));
    }
  }

 private:
  [[noreturn]] void wrong(std::string message) const {
    throw Error(Category::kInput, std::move(message), path_.string());
  }

  std::string packed_;
  const std::filesystem::path& path_;
  int64_t max_bytes_;
  z_stream stream_{};
};

}  // namespace

std::string read_file_or_gzip(const std::filesystem::path& path, int64_t max_bytes) {
  std::string content = read_file(path, max_bytes);
  if (!content.starts_with("\x1f\x8b")) return content;
  return Unpacker(std::move(content), path, max_bytes).unpack();
}

}  // namespace dojo
