#include "dojo/video/cache/small_copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>

#include "dojo/base/check.h"
#include "dojo/base/crc32c.h"
#include "dojo/video/cache/little_endian.h"

namespace dojo {
namespace {

// ---- bytes of the files; little-endian

constexpr char kMagic[] = "DOJOCOPY";
constexpr uint32_t kFormatVersion = 1;
constexpr size_t kPrefix = 8 + 4 + 4 + 4;  // magic, version, bytes of the key, their CRC
constexpr size_t kMaxKeyBytes = 1 << 16;
constexpr int64_t kAlign = 64;  // units begin at multiples of this
constexpr size_t kRecord = 32;  // offset 8, bytes 4, CRC 4, unit 8, zero 4, CRC of these 4

int64_t aligned(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

std::string header_of(const CopyKey& key) {
  const std::string body = encode_key(key);
  std::string out(kMagic, 8);
  put(&out, kFormatVersion);
  put(&out, static_cast<uint32_t>(body.size()));
  put(&out, crc32c(body));
  out += body;
  out.resize(static_cast<size_t>(aligned(static_cast<int64_t>(out.size()), kAlign)));
  return out;
}

// ---- the system's files

bool read_at(int fd, int64_t offset, std::span<uint8_t> out) {
  for (size_t done = 0; done < out.size();) {
    const ssize_t n =
        pread(fd, out.data() + done, out.size() - done, offset + static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;  // beyond the end, or the disk fails
    done += static_cast<size_t>(n);
  }
  return true;
}

bool write_at(int fd, int64_t offset, std::string_view bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t n =
        pwrite(fd, bytes.data() + done, bytes.size() - done, offset + static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = ENOSPC;
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

int64_t size_of(int fd) {
  struct stat info {};
  return fstat(fd, &info) == 0 ? static_cast<int64_t>(info.st_size) : 0;
}

std::string read_header(int fd, CopyKey* key) {
  uint8_t prefix[kPrefix];
  if (!read_at(fd, 0, prefix) || std::memcmp(prefix, kMagic, 8) != 0) return "it is no small copy";
  if (get<uint32_t>(prefix + 8) != kFormatVersion) return "it has another format";
  const uint32_t bytes = get<uint32_t>(prefix + 12);
  if (bytes > kMaxKeyBytes) return "its header is damaged";
  std::string body(bytes, '\0');
  if (!read_at(fd, kPrefix, {reinterpret_cast<uint8_t*>(body.data()), body.size()}) ||
      crc32c(body) != get<uint32_t>(prefix + 16) || !decode_key(body, key))
    return "its header is damaged";
  return {};
}

// Makes FOLDER/NAME with its header and an empty index. Empty, or why not. If somebody else is
// faster, theirs is as good.
std::string make_files(const std::string& folder, const CopyKey& key) {
  const auto because = [](const char* what) {
    return std::string(what) + ": " + std::strerror(errno);
  };
  std::string temporary = folder + "/.new-XXXXXX";
  if (!mkdtemp(temporary.data())) return because("its folder cannot be made");
  std::string problem;
  for (const char* name : {"/frames", "/index"}) {
    const std::string bytes = std::strcmp(name, "/frames") == 0 ? header_of(key) : std::string();
    const int fd =
        ::open((temporary + name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 || !write_at(fd, 0, bytes)) problem = because("its header cannot be written");
    if (fd >= 0 && close(fd) != 0) problem = because("its header cannot be written");
    if (!problem.empty()) break;
  }
  if (problem.empty() && rename(temporary.c_str(), (folder + "/" + key.name()).c_str()) != 0 &&
      errno != EEXIST && errno != ENOTEMPTY)
    problem = because("its folder cannot be renamed");
  std::error_code ignored;
  std::filesystem::remove_all(temporary, ignored);
  return problem;
}

}  // namespace

std::unique_ptr<SmallCopy> SmallCopy::open(const std::string& folder, const CopyKey& key,
                                           std::string* problem, bool make) {
  problem->clear();
  CopyKey same;
  if (const std::string bytes = encode_key(key);
      bytes.size() > kMaxKeyBytes || !decode_key(bytes, &same)) {
    *problem = fmt::format("there are no copies of {} frames of {}x{}", key.num_frames, key.width,
                           key.height);
    return nullptr;
  }
  const std::string path = folder + "/" + key.name();
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (access(path.c_str(), F_OK) != 0) {
      if (!make) return nullptr;
      *problem = make_files(folder, key);
      if (!problem->empty()) return nullptr;
    }
    std::unique_ptr<SmallCopy> copy(new SmallCopy);
    if (!copy->open_files(path, true, problem)) {
      // Half of one, or damaged: it makes room, unless somebody is at work on it.
      if (attempt > 0 || (copy->data_ >= 0 && !copy->writable_)) return nullptr;
      const std::string gone = fmt::format("{}/.gone-{}-{}", folder, key.name(), getpid());
      std::error_code ignored;
      if (rename(path.c_str(), gone.c_str()) == 0) std::filesystem::remove_all(gone, ignored);
      continue;
    }
    if (copy->key_ != key) {  // the same name for another key: 2^-128
      *problem = "it is a copy of something else";
      return nullptr;
    }
    futimens(copy->index_, nullptr);  // when it was last used
    return copy;
  }
  return nullptr;
}

std::unique_ptr<SmallCopy> SmallCopy::open_existing(const std::string& path) {
  std::unique_ptr<SmallCopy> copy(new SmallCopy);
  std::string problem;
  return copy->open_files(path, false, &problem) ? std::move(copy) : nullptr;
}

bool SmallCopy::open_files(const std::string& path, bool for_writing, std::string* problem) {
  const auto open_one = [&](const char* name) {
    int fd = -1;
    if (for_writing) fd = ::open((path + name).c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) {
      for_writing = false;
      fd = ::open((path + name).c_str(), O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0) *problem = std::string("it cannot be opened: ") + std::strerror(errno);
    return fd;
  };
  data_ = open_one("/frames");
  if (data_ < 0) return false;
  struct flock lock {};
  lock.l_type = F_WRLCK;  // of the whole file, until data_ is closed
  writable_ = for_writing && fcntl(data_, F_OFD_SETLK, &lock) == 0;
  *problem = read_header(data_, &key_);
  if (!problem->empty()) return false;
  index_ = open_one("/index");
  if (index_ < 0) return false;
  writable_ = writable_ && for_writing;
  entries_.resize(static_cast<size_t>(key_.num_units()));
  read_index();
  return true;
}

SmallCopy::~SmallCopy() {
  if (data_ >= 0) close(data_);  // gives the lock back
  if (index_ >= 0) close(index_);
}

void SmallCopy::read_index() {
  data_end_ = size_of(data_);
  const int64_t end =
      size_of(index_) / static_cast<int64_t>(kRecord) * static_cast<int64_t>(kRecord);
  const int64_t begin = aligned(index_end_, kRecord);
  if (end <= begin) return;
  std::vector<uint8_t> bytes(static_cast<size_t>(end - begin));
  if (!read_at(index_, begin, bytes)) return;
  index_end_ = end;
  for (size_t at = 0; at < bytes.size(); at += kRecord) {
    const uint8_t* r = bytes.data() + at;
    if (crc32c(std::span<const uint8_t>(r, kRecord - 4)) != get<uint32_t>(r + kRecord - 4))
      continue;
    Entry e{get<int64_t>(r), get<uint32_t>(r + 8), get<uint32_t>(r + 12)};
    const int64_t unit = get<int64_t>(r + 16);
    if (unit < 0 || unit >= key_.num_units() || e.bytes == 0 || e.offset < 0 ||
        e.offset > data_end_ - e.bytes)
      continue;
    Entry& known = entries_[static_cast<size_t>(unit)];
    units_held_ += known.bytes == 0;
    known = e;
  }
}

int64_t SmallCopy::unit_bytes(int64_t unit) {
  DOJO_CHECK(unit >= 0 && unit < key_.num_units());
  const Entry& e = entries_[static_cast<size_t>(unit)];
  if (e.bytes == 0 && !writable_ && size_of(index_) > index_end_) read_index();
  return e.bytes;
}

bool SmallCopy::read(int64_t unit, std::span<uint8_t> out) {
  const Entry& e = entries_.at(static_cast<size_t>(unit));
  if (e.bytes == 0) return false;
  DOJO_CHECK_EQ(out.size(), size_t{e.bytes});
  if (read_at(data_, e.offset, out) && crc32c(out) == e.crc) return true;
  set_damaged(unit);
  return false;
}

void SmallCopy::set_damaged(int64_t unit) {
  Entry& e = entries_.at(static_cast<size_t>(unit));
  if (e.bytes == 0) return;
  e.bytes = 0;
  --units_held_;
  ++damaged_units_;
}

bool SmallCopy::append(int64_t unit, std::span<const uint8_t> bytes) {
  DOJO_CHECK(unit >= 0 && unit < key_.num_units() && !bytes.empty());
  DOJO_CHECK_LE(bytes.size(), size_t{std::numeric_limits<uint32_t>::max()});
  if (!writable_) return false;
  const Entry e{aligned(data_end_, kAlign), static_cast<uint32_t>(bytes.size()), crc32c(bytes)};
  std::string record;
  put(&record, e.offset);
  put(&record, e.bytes);
  put(&record, e.crc);
  put(&record, unit);
  put(&record, uint32_t{0});
  put(&record, crc32c(record));
  DOJO_CHECK_EQ(record.size(), kRecord);
  const int64_t place = aligned(size_of(index_), kRecord);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!write_at(data_, e.offset, text) || !write_at(index_, place, record)) {
    problem_ = std::string("it cannot grow: ") + std::strerror(errno);
    writable_ = false;
    // No record speaks of what came after the old ends: that room is given back.
    (void)!ftruncate(data_, data_end_);
    (void)!ftruncate(index_, place);
    return false;
  }
  data_end_ = e.offset + e.bytes;
  index_end_ = place + static_cast<int64_t>(kRecord);
  Entry& known = entries_[static_cast<size_t>(unit)];
  units_held_ += known.bytes == 0;
  known = e;
  return true;
}

}  // namespace dojo
