// Files: reading a whole one, writing all of some bytes, and writing a whole file so that a reader,
// a crash or a full disk never meets half of it.
//
//   AtomicFile file("runs/a/last.safetensors");
//   file.write(header);
//   file.write(tensor_bytes);
//   file.commit();  // only now the name shows the new content
//
// The bytes go to ".NAME.tmp-PID" in the same folder, are fsynced, and the temporary is renamed
// over NAME. Until commit() returns, the old file is whole; if it throws or is never called, the
// temporary is removed and the old file stays. What a killed process left behind is removed by the
// next writer of the same name. A link stays one: the file that it leads to is replaced. A device,
// pipe or socket is refused with Error(kIo); it would be gone for every other program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace dojo {

// The file's bytes. Throws Error(kIo) when it cannot be read, and Error(kInput) when it has more
// than `max_bytes` or is no regular file: a folder, or a pipe or device, which may have no end.
std::string read_file(const std::filesystem::path& path,
                      int64_t max_bytes = std::numeric_limits<int64_t>::max());

// All bytes of standard input, whatever it is: a pipe, a terminal, a file. Errors as of
// read_file(), of "standard input".
std::string read_standard_input(int64_t max_bytes);

// Throws Error(kInput) where there is nothing at the path that a user gave, or a link that leads
// nowhere; Error(kIo) where that cannot be found out.
void check_exists(const std::filesystem::path& path, std::string hint = "check the path");

// Makes `content` the file's content, as AtomicFile does. Throws Error(kIo) that names the file.
void write_file_atomic(const std::filesystem::path& path, std::string_view content);

// Writes all bytes to the open descriptor, in as many calls as that takes: for files that grow,
// such as logs. Throws Error(kIo) that names `path` and says what the system said; some of the
// bytes may have been written then.
void write_all(int fd, std::span<const std::byte> bytes, const std::filesystem::path& path);
inline void write_all(int fd, std::string_view text, const std::filesystem::path& path) {
  write_all(fd, std::as_bytes(std::span(text)), path);
}

// Makes the folder and those above it. Throws Error(kIo).
void make_folder(const std::filesystem::path& path);

// Gives the file `from` the name `to` of the same folder, in place of a file that has it. When it
// returns, that survives a power cut. Throws Error(kIo).
void rename_file(const std::filesystem::path& from, const std::filesystem::path& to);

// Where a file is written before it gets its name: ".NAME.tmp-PID" beside it.
std::filesystem::path temporary_of(const std::filesystem::path& path);

// Removes what a killed process left of this file while it wrote it; the file itself stays. Each
// AtomicFile does so first. Of other processes' temporaries only those of dead ones go.
void remove_leftovers_of(const std::filesystem::path& path);

// Makes what was made, renamed or removed in the folder survive a power cut, as far as its file
// system can.
void sync_folder(const std::filesystem::path& path);

class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  void commit();  // fsync, rename, fsync of the folder. REQUIRES: called at most once, last

 private:
  [[noreturn]] void fail(std::string_view doing, int error);

  std::filesystem::path path_, temporary_;
  int fd_ = -1;
};

}  // namespace dojo
