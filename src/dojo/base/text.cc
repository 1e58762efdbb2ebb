#include "dojo/base/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace dojo {

size_t utf8_length(std::string_view s) {
  const auto byte = [&](size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u; };
  const auto follows = [&](size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  if (s.empty()) return 0;
  const unsigned a = byte(0);
  if (a < 0x80) return 1;
  if (a >= 0xC2 && a <= 0xDF && follows(1)) return 2;
  if (a >= 0xE0 && a <= 0xEF && follows(1, a == 0xE0 ? 0xA0 : 0x80, a == 0xED ? 0x9F : 0xBF) &&
      follows(2))
    return 3;
  if (a >= 0xF0 && a <= 0xF4 && follows(1, a == 0xF0 ? 0x90 : 0x80, a == 0xF4 ? 0x8F : 0xBF) &&
      follows(2) && follows(3))
    return 4;
  return 0;
}

std::string one_line(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const size_t n = utf8_length(text);
    const auto byte = static_cast<unsigned char>(text[0]),
               next = static_cast<unsigned char>(n == 2 ? text[1] : 0);
    if (n == 0 || byte < 0x20 || byte == 0x7f)
      line += fmt::format("\\x{:02x}", byte);
    else if (byte == 0xc2 && next < 0xa0)  // U+0080 to U+009F: controls, too
      line += fmt::format("\\x{:02x}", next);
    else
      line += text.substr(0, n);
    text.remove_prefix(std::max<size_t>(n, 1));
  }
  return line;
}

size_t columns_of(std::string_view line) {
  size_t columns = 0;
  while (!line.empty()) {
    const size_t n = utf8_length(line);
    columns += n > 2 && !line.starts_with("…") ? 2 : 1;
    line.remove_prefix(std::max<size_t>(n, 1));
  }
  return columns;
}

std::string for_table(std::string_view name, size_t most) {
  const std::string line = one_line(name);
  if (columns_of(line) <= most) return line;
  const std::string_view all = line;
  size_t begin = 0, end = 0;  // what is left out
  while (columns_of(all.substr(0, begin + utf8_length(all.substr(begin)))) <= (most - 1) / 3)
    begin += utf8_length(all.substr(begin));
  for (end = begin; columns_of(all.substr(0, begin)) + 1 + columns_of(all.substr(end)) > most;)
    end += utf8_length(all.substr(end));
  return line.substr(0, begin) + "…" + line.substr(end);
}

std::string to_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t n = utf8_length(text);
    if (n == 0 || text.starts_with("\\x"))
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    else
      out += text.substr(0, n);
    text.remove_prefix(std::max<size_t>(n, 1));
  }
  return out;
}

std::string name_of_utf8(std::string_view text) {
  std::string name;
  while (!text.empty()) {
    unsigned byte = 0;
    const char* digits = text.data() + 2;
    const bool written_out = text.size() >= 4 && text.starts_with("\\x") &&
                             std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
    name += written_out ? static_cast<char>(byte) : text[0];
    text.remove_prefix(written_out ? 4 : 1);
  }
  return name;
}

std::string file_uri(const std::string& path) {
  static constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  std::string uri = "file://";
  for (const char c : std::filesystem::absolute(path).string()) {
    if (kPlain.find(c) != std::string_view::npos)
      uri += c;
    else
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri;
}

std::string shell_word(std::string_view word) {
  static constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos)
    return std::string(word);
  const auto control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ||
           static_cast<unsigned char>(c) > 0x7f;
  };
  // Bash, zsh and ksh know $'...' for what would break the line or is no UTF-8.
  const bool plain_quotes = one_line(word) == word;
  std::string quoted = plain_quotes ? "'" : "$'";
  for (const char c : word) {
    if (plain_quotes)
      quoted += c == '\'' ? "'\\''" : std::string(1, c);
    else if (control(c))
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      quoted += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  }
  return quoted + "'";
}

std::string listed(const std::vector<std::string>& names) {
  constexpr size_t kShown = 3;
  const size_t shown = std::min(names.size(), kShown);
  std::string text = fmt::format("{}", fmt::join(names.begin(), names.begin() + shown, ", "));
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

}  // namespace dojo
