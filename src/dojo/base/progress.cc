#include "dojo/base/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "dojo/base/clock.h"
#include "dojo/base/units.h"

namespace dojo {
namespace {

bool is_terminal(std::FILE* file) {
  const char* term = std::getenv("TERM");
  return ::isatty(::fileno(file)) == 1 && term != nullptr && std::strcmp(term, "dumb") != 0;
}

// The first `columns` characters of UTF-8 text.
std::string_view clip_columns(std::string_view text, int columns) {
  size_t end = 0;
  for (; end < text.size(); ++end) {
    const bool starts_character = (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
    if (starts_character && columns-- == 0) break;
  }
  return text.substr(0, end);
}

}  // namespace

int terminal_width(std::FILE* file) {
  winsize size{};
  if (::ioctl(::fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const int width = columns ? std::atoi(columns) : 0;
  return width > 0 ? width : 80;
}

Progress::Progress(std::string title, ProgressOptions options)
    : title_(std::move(title)), options_(std::move(options)) {
  if (!options_.file) options_.file = stderr;
  if (!options_.clock) options_.clock = steady_seconds;
  using Style = ProgressOptions::Style;
  bar_ = options_.style == Style::kBar ||
         (options_.style == Style::kAuto && is_terminal(options_.file));
  done_ = options_.start;
  if (options_.total > 0)
    fraction_ = static_cast<double>(done_) / static_cast<double>(options_.total);
  began_ = next_draw_ = now_ = options_.clock();
}

Progress::~Progress() {
  if (bar_ && drawn_ && !finished_) write("\n");
}

// Where nobody can read it, the work goes on.
void Progress::write(const std::string& text) const { std::fputs(text.c_str(), options_.file); }

void Progress::update(int64_t done, std::string_view text, double fraction) {
  done_ = done;
  text_ = text;
  fraction_ = fraction >= 0 ? std::min(fraction, 1.0)
              : options_.total > 0
                  ? std::min(1.0, static_cast<double>(done) / static_cast<double>(options_.total))
                  : -1;
  if (options_.quiet) return;
  now_ = options_.clock();
  if (first_seconds_ < 0) {
    first_seconds_ = now_;
    first_fraction_ = fraction_;
    first_done_ = done_;
  }
  if (now_ < next_draw_) return;
  draw(false);
  next_draw_ = now_ + (bar_ ? 0.1 : std::clamp((now_ - began_) / 10, 5.0, 60.0));
}

void Progress::message(std::string_view line) {
  if (bar_ && drawn_) write("\r\x1b[K");
  write(fmt::format("{}\n", line));
  if (bar_ && drawn_) draw(false);
  std::fflush(options_.file);
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  if (options_.quiet) return;
  now_ = options_.clock();
  draw(true);
}

std::string Progress::describe(bool with_bar) const {
  constexpr int kBarColumns = 20;
  std::string line = title_;
  if (fraction_ >= 0 && with_bar) {
    const int filled = static_cast<int>(fraction_ * kBarColumns);
    std::string bar(static_cast<size_t>(filled), '=');
    if (filled < kBarColumns) bar += '>';
    line += fmt::format(" [{:<{}}]", bar, kBarColumns);
  }
  if (fraction_ >= 0) line += fmt::format(" {:3.0f} %", std::floor(fraction_ * 100));
  line += options_.total > 0 ? fmt::format("  {}/{} {}", done_, options_.total, options_.unit)
                             : fmt::format("  {} {}", done_, options_.unit);
  constexpr double kLeastSeconds = 1;
  const double measured = first_seconds_ < 0 ? 0 : now_ - first_seconds_;
  const bool known = measured >= kLeastSeconds;
  if (known && done_ > first_done_)
    line += "  " + print_rate(static_cast<double>(done_ - first_done_) / measured, options_.unit);
  if (finished_)
    line += fmt::format("  in {}", print_seconds(now_ - began_));
  else if (known && fraction_ > first_fraction_ && first_fraction_ >= 0)
    line += fmt::format("  {} left",
                        print_seconds(measured * (1 - fraction_) / (fraction_ - first_fraction_)));
  if (!text_.empty()) line += "  " + text_;
  return line;
}

void Progress::draw(bool last) {
  const std::string line = describe(bar_);
  if (bar_) {
    // One column stays free: some terminals wrap when the last one is written.
    const int width = (options_.width > 0 ? options_.width : terminal_width(options_.file)) - 1;
    write(fmt::format("\r{}\x1b[K{}", clip_columns(line, width), last ? "\n" : ""));
  } else {
    write(line + "\n");
  }
  std::fflush(options_.file);
  drawn_ = true;
}

}  // namespace dojo
