#include "dojo/video/catalogue.h"

#include <ctime>
#include <filesystem>
#include <mutex>

#include "dojo/base/cache_folder.h"
#include "dojo/base/crc32c.h"
#include "dojo/base/error.h"
#include "dojo/video/catalogue_file.h"
#include "dojo/video/varint.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

namespace dojo {
namespace {

namespace fs = std::filesystem;
using sqlite::Failure;
using sqlite::Statement;

// What is stored of a file, as it is stored.
struct Row {
  int64_t size = 0, mtime_ns = 0, hash = 0;
  bool usable = false, problem = false;
  std::string index, category, reason;
  int64_t noted_at = 0, whole = 0;

  // Also of the versions of FFmpeg: packets, times and header are what it says of a file, so that
  // rows of another one count as unknown.
  int64_t crc(std::string_view path) const {
    std::string all;
    for (int64_t n : {size, mtime_ns, hash, int64_t{usable}, int64_t{problem}, noted_at, whole,
                      int64_t{avformat_version()}, int64_t{avcodec_version()}})
      put_varint(&all, static_cast<uint64_t>(n));
    for (std::string_view text : {path, std::string_view(category), std::string_view(reason)}) {
      put_varint(&all, text.size());
      all += text;
    }
    return crc32c(index, crc32c(all));
  }
};

}  // namespace

struct Catalogue::Impl {
  explicit Impl(const std::string& path) : file(path) {}

  // Does `work`; where the database is damaged or the system refuses, goes on with another.
  template <typename Work>
  void guard(const Work& work) {
    try {
      if (!find) prepare();
      work();
    } catch (const Failure& e) {
      find.reset();
      store.reset();
      file.recover(e);
    }
  }

  void prepare() {
    find = std::make_unique<Statement>(
        file.db(),
        "SELECT size, mtime_ns, hash, frame_index, category, reason, noted_at, whole, row_crc "
        "FROM file WHERE path = ?1");
    store = std::make_unique<Statement>(
        file.db(),
        "INSERT OR REPLACE INTO file (path, size, mtime_ns, hash, frame_index, category, reason, "
        "noted_at, whole, row_crc, codec, width, height, frames, seconds) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)");
  }

  std::optional<Row> read(const std::string& path) {
    find->reset();
    find->bind(1, path);
    if (!find->step()) return std::nullopt;
    Row row;
    row.size = find->number(0);
    row.mtime_ns = find->number(1);
    row.hash = find->number(2);
    row.usable = !find->is_null(3);
    row.index = find->bytes(3);
    row.problem = !find->is_null(4);
    row.category = find->bytes(4);
    row.reason = find->bytes(5);
    row.noted_at = find->number(6);
    row.whole = find->number(7);
    const bool sound = find->number(8) == row.crc(path);
    find->reset();
    return sound ? std::optional(std::move(row)) : std::nullopt;
  }

  void write(const std::string& path, const Row& row, const FrameIndex* index) {
    store->reset();
    store->bind(1, path);
    store->bind(2, row.size);
    store->bind(3, row.mtime_ns);
    store->bind(4, row.hash);
    if (row.usable) store->bind(5, row.index);
    if (row.problem) {
      store->bind_text(6, row.category);
      store->bind(7, row.reason);
      store->bind(8, row.noted_at);
      store->bind(9, row.whole);
    }
    store->bind(10, row.crc(path));
    if (index) {
      store->bind_text(11, index->codec);
      store->bind(12, index->width);
      store->bind(13, index->height);
      store->bind(14, index->num_frames());
      store->bind(15, index->seconds(index->num_frames() - 1) - index->seconds(0));
    }
    store->step();
    store->reset();
  }

  std::mutex mutex;
  CatalogueFile file;
  std::unique_ptr<Statement> find, store;  // of file.db(); null until they are needed
};

std::string Catalogue::default_path() {
  const std::string folder = cache_folder();
  return folder.empty() ? "" : folder + "/catalogue.sqlite";
}

Catalogue::Catalogue(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}

Catalogue::~Catalogue() = default;

std::optional<Catalogue::Entry> Catalogue::find(const std::string& file) {
  const std::lock_guard lock(impl_->mutex);
  std::optional<Row> row;
  impl_->guard([&] { row = impl_->read(file); });
  if (!row) return std::nullopt;
  Entry entry;
  entry.fingerprint = {.size = static_cast<uint64_t>(row->size),
                       .mtime_ns = static_cast<uint64_t>(row->mtime_ns),
                       .hash = static_cast<uint64_t>(row->hash)};
  try {
    if (row->usable) entry.index = std::make_shared<const FrameIndex>(decode_index(row->index));
  } catch (const Error&) {
    return std::nullopt;
  }
  if (row->problem)
    entry.problem = {.path = file,
                     .category = row->category,
                     .reason = row->reason,
                     .whole_file = row->whole != 0,
                     .noted_at = row->noted_at};
  return entry;
}

void Catalogue::store(const std::string& file, const Entry& entry) {
  Row row{.size = static_cast<int64_t>(entry.fingerprint.size),
          .mtime_ns = static_cast<int64_t>(entry.fingerprint.mtime_ns),
          .hash = static_cast<int64_t>(entry.fingerprint.hash),
          .usable = entry.index != nullptr,
          .problem = entry.problem.has_value()};
  if (entry.index) row.index = encode_index(*entry.index);
  if (const auto& problem = entry.problem) {
    row.category = problem->category;
    row.reason = problem->reason;
    row.whole = problem->whole_file;
    row.noted_at = problem->noted_at ? problem->noted_at : std::time(nullptr);
  }
  const std::lock_guard lock(impl_->mutex);
  impl_->guard([&] { impl_->write(file, row, entry.index.get()); });
}

void Catalogue::note(const std::string& file, const Quarantined& problem) {
  std::optional<Entry> known = find(file);
  if (!known) return;
  known->problem = problem;
  known->problem->noted_at = std::time(nullptr);
  store(file, *known);
}

std::vector<std::string> Catalogue::files() {
  const std::lock_guard lock(impl_->mutex);
  std::vector<std::string> paths;
  impl_->guard([&] {
    Statement all(impl_->file.db(), "SELECT path FROM file ORDER BY path");
    while (all.step()) paths.emplace_back(all.bytes(0));
  });
  return paths;
}

int64_t Catalogue::forget(std::span<const std::string> paths) {
  const std::lock_guard lock(impl_->mutex);
  int64_t forgotten = 0;
  impl_->guard([&] {
    sqlite::Database& db = impl_->file.db();
    db.run("BEGIN IMMEDIATE");
    try {
      Statement remove(db, "DELETE FROM file WHERE path = ?1");
      for (const std::string& path : paths) {
        remove.bind(1, path);
        remove.step();
        remove.reset();
      }
      db.run("COMMIT");
    } catch (const Failure&) {
      db.run("ROLLBACK");
      throw;
    }
    forgotten = std::ssize(paths);
    db.run("VACUUM");
  });
  return forgotten;
}

std::vector<std::string> Catalogue::take_messages() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->file.take_messages();
}

std::string real_path(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return error ? path : real.string();
}

}  // namespace dojo
