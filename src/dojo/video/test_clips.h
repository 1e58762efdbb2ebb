// Small clips for the tests, made with the ffmpeg program, and its own sequential decode as the
// oracle.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "dojo/base/test_folder.h"

namespace dojo {

inline std::string run_program(const std::string& command) {
  std::string out;
  std::FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> chunk;
  while (size_t n = std::fread(chunk.data(), 1, chunk.size(), pipe)) out.append(chunk.data(), n);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return out;
}

// `source`: FFmpeg's arguments from the input on, for example "-f lavfi -i
// testsrc2=s=64x48:r=10:d=3 -c:v libx264".
inline std::string make_clip(const TestFolder& folder, const std::string& name,
                             const std::string& arguments) {
  const std::string path = folder / name;
  run_program("ffmpeg -nostdin -v error -y " + arguments + " -threads 1 '" + path + "'");
  return path;
}

// The MD5 of every frame that a sequential decode shows: what frame numbers mean.
inline std::vector<std::string> ffmpeg_md5(const std::string& path) {
  const std::string text =
      run_program("ffmpeg -nostdin -v quiet -noautorotate -i '" + path +
                  "' -map 0:V:0 -vsync passthrough -enc_time_base -1 -f framemd5 -");
  std::vector<std::string> sums;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    if (!line.empty() && line[0] != '#') sums.push_back(line.substr(line.rfind(' ') + 1));
    at = end + 1;
  }
  return sums;
}

inline std::string read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// A program of the shell to stand for a decoding process.
inline std::string worker_script(const TestFolder& folder, const std::string& body) {
  const std::string path = folder / "worker";
  write_bytes(path, "#!/bin/sh\n" + body + "\n");
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

}  // namespace dojo
