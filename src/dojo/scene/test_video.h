// What was written, for tests: the content of a file of video, read with FFmpeg itself, and tables.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "dojo/video/telemetry/sei.h"

namespace dojo {

struct Decoded {
  std::vector<std::vector<uint8_t>> luma;  // [frames][H*W], studio range
  std::string codec, space;                // as FFmpeg names them
  int64_t key_frames = 0, b_frames = 0;
  double rate = 0;
  std::vector<std::optional<VehicleState>> states;  // of each packet
  std::vector<double> seconds;                      // of each packet
};

// `change`: what is decoded instead of a packet of the file.
using ChangePacket = std::function<std::vector<uint8_t>(std::span<const uint8_t> packet)>;
Decoded decode(const std::string& path, const ChangePacket& change = nullptr);

// Rows of a table by column.
using Table = std::map<std::string, std::vector<double>>;
inline Table read_table(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line, field;
  std::getline(file, line);
  std::vector<std::string> names;
  for (std::stringstream header(line); std::getline(header, field, ',');) names.push_back(field);
  Table table;
  while (std::getline(file, line)) {
    std::stringstream row(line);
    for (const std::string& name : names) {
      std::getline(row, field, ',');
      table[name].push_back(std::stod(field));
    }
  }
  return table;
}

}  // namespace dojo
