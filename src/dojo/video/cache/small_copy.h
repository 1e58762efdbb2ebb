// The small copy of one recording: its frames at a low resolution, kept on disk in units, so that
// later epochs need not decode the video. A unit is one raw frame, or a few frames coded together
// (unit_codec.h): unit u holds the frames [u * unit_frames, (u + 1) * unit_frames), as far as there
// are some. What a unit's bytes mean is not this file's business.
//
//   FOLDER/NAME/frames   header: what this is a copy of; then units, in the order of their making
//   FOLDER/NAME/index    records of 32 bytes, one for each unit; of two for the same unit the later
//                        one counts
//
// The copy may be killed at any moment and the disk may fill up; it never lies:
// - The folder is made under another name and renamed when its header is whole.
// - A record is written after the unit it speaks of. It carries a CRC-32C of the unit and one of
//   itself. A torn record, or a unit whose bytes are not those that were written, is a missing
//   unit; nobody syncs and nobody needs to.
// - The header holds the key (source, its fingerprint, sizes, codec). A copy of anything else is
//   not opened.
// - Reading goes by pread(), not by a memory map: a file that shrinks or a disk that fails is a
//   missing unit, where a map would be a SIGBUS; it is as fast (docs/decisions/0005).
// One object at a time writes: who holds the lock (F_OFD_SETLK) of `frames`. Others read, and see
// what is added. The rest of the folder's rules (its bound, removing the oldest) is in
// copy_folder.h.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dojo/video/cache/copy_key.h"

namespace dojo {

class SmallCopy {
 public:
  // Opens the copy below `folder`, which must exist. If it is missing, it is made (`make`), or null
  // comes back. Null also where something fails; *problem then says what. Where another process
  // writes it, it is opened for reading.
  static std::unique_ptr<SmallCopy> open(const std::string& folder, const CopyKey& key,
                                         std::string* problem, bool make = true);

  // Opens what is there, whatever it is a copy of, for reading. `path`: FOLDER/NAME. Null if it is
  // no copy.
  static std::unique_ptr<SmallCopy> open_existing(const std::string& path);

  ~SmallCopy();
  SmallCopy(const SmallCopy&) = delete;
  SmallCopy& operator=(const SmallCopy&) = delete;

  const CopyKey& key() const { return key_; }
  bool writable() const { return writable_; }
  int64_t units_held() const { return units_held_; }

  // Bytes on disk when it was opened, and what was added since by this object.
  int64_t bytes() const { return data_end_ + index_end_; }

  // Bytes of the unit; 0 if it is not there. In a copy that somebody else writes, looks for news.
  int64_t unit_bytes(int64_t unit);

  // Reads the unit into `out`. False if it is not there, or is damaged, and from then on missing.
  // REQUIRES: out.size() == unit_bytes(unit).
  bool read(int64_t unit, std::span<uint8_t> out);
  void set_damaged(int64_t unit);  // what read() gave makes no sense: it is missing from now on

  // Adds a unit, or replaces it. False if that is not possible: somebody else writes, or the disk
  // is full; then it is no longer writable(), and problem() says why. What was there stays good.
  bool append(int64_t unit, std::span<const uint8_t> bytes);

  const std::string& problem() const { return problem_; }
  int64_t damaged_units() const { return damaged_units_; }  // met by read()

 private:
  struct Entry {
    int64_t offset = 0;
    uint32_t bytes = 0, crc = 0;  // bytes 0: missing
  };
  SmallCopy() = default;
  bool open_files(const std::string& path, bool for_writing, std::string* problem);
  void read_index();

  CopyKey key_;
  int data_ = -1, index_ = -1;
  bool writable_ = false;
  std::string problem_;
  int64_t data_end_ = 0, index_end_ = 0, units_held_ = 0, damaged_units_ = 0;
  std::vector<Entry> entries_;  // [num_units]
};

}  // namespace dojo
