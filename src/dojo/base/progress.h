// How far a long piece of work is, on stderr: a bar on a terminal, a plain line now and then in a
// log, nothing when quiet.
//
//   Progress progress("training", {.total = 1000, .unit = "steps", .quiet = quiet});
//   for (...) progress.update(step, "loss 0.0123");
//   progress.finish();
//
//   training [==>       ]  27 %  270/1000 steps  3.2 steps/s  3 min 48 s left  loss 0.0123
//
// Rate and time left are counted from the first update on, so that what had to be set up before
// does not spoil them, and shown once they stand on a second or more.
//
// Cheap enough to call each step: it draws at most ten times a second on a terminal; in a log it
// writes a line at the start, then each 5 s, and after some minutes less and less often, to at most
// one a minute. Not thread safe.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

namespace dojo {

struct ProgressOptions {
  int64_t total = 0;  // 0: not known
  int64_t start = 0;  // what was done before, by a run that is being resumed
  std::string unit = "steps";
  bool quiet = false;

  // For tests: where to write (null: stderr), and as what; the clock in seconds.
  std::FILE* file = nullptr;
  enum class Style { kAuto, kBar, kLines } style = Style::kAuto;
  int width = 0;  // columns; 0: the terminal's
  std::function<double()> clock;
};

class Progress {
 public:
  Progress(std::string title, ProgressOptions options);
  ~Progress();  // leaves a bar that is on the screen where it stands, on a line of its own
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` counts from 0 (or options.start); `text` is free and goes at the end. `fraction` in [0,
  // 1] overrides done / total where the end is given otherwise, for example by a number of minutes.
  void update(int64_t done, std::string_view text = {}, double fraction = -1);

  // A line that stays, for example a warning: the bar moves below it. Quiet mode prints it too.
  void message(std::string_view line);

  // Draws the last state, with the whole time that it took.
  void finish();

 private:
  std::string describe(bool with_bar) const;
  void draw(bool last);
  void write(const std::string& text) const;

  std::string title_, text_;
  ProgressOptions options_;
  bool bar_ = false, drawn_ = false, finished_ = false;
  double began_ = 0, next_draw_ = 0, now_ = 0, fraction_ = -1;
  int64_t done_ = 0;
  double first_seconds_ = -1, first_fraction_ = -1;  // at the first update; -1: there was none
  int64_t first_done_ = 0;
};

// Columns of the terminal at this file, else $COLUMNS, else 80.
int terminal_width(std::FILE* file);

}  // namespace dojo
