#include "dojo/video/bench/measure.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <type_traits>

#include "dojo/base/clock.h"
#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"

namespace dojo::bench {
namespace {

double cpu_now() {
  double seconds = 0;
  for (int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    seconds += static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  }
  return seconds;
}

// What a child says through the pipe. `text`: of an error, message and place.
struct Answer {
  bool ok = false;
  Category category = Category::kInput;
  Measured measured;
  char message[600] = {}, where[600] = {};
};
static_assert(std::is_trivially_copyable_v<Answer>);

void copy_text(const std::string& text, char (&to)[600]) {
  std::strncpy(to, text.c_str(), sizeof to - 1);
}

Answer answer_of(const std::function<Measured()>& body) {
  Answer answer;
  try {
    answer.measured = body();
    answer.ok = true;
  } catch (const Error& e) {
    answer.category = e.category();
    copy_text(e.message(), answer.message);
    copy_text(e.where(), answer.where);
  } catch (const std::exception& e) {
    answer.category = Category::kIo;
    copy_text(e.what(), answer.message);
  }
  return answer;
}

}  // namespace

Stopwatch::Stopwatch() : wall_began_(steady_seconds()), cpu_began_(cpu_now()) {}
double Stopwatch::wall_seconds() const { return steady_seconds() - wall_began_; }
double Stopwatch::cpu_seconds() const { return cpu_now() - cpu_began_; }

Measured measure_in_child(const std::string& what, double patience_seconds,
                          const std::function<Measured()>& body) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    throw Error(Category::kIo, std::string("no pipe: ") + std::strerror(errno));
  const pid_t pid = fork();
  if (pid < 0) {
    close(ends[0]);
    close(ends[1]);
    throw Error(Category::kIo, std::string("no process can be started: ") + std::strerror(errno));
  }
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::signal(SIGINT, SIG_DFL);  // the parent tidies up
    std::signal(SIGTERM, SIG_DFL);
    const Answer answer = answer_of(body);
    const ssize_t n = write(ends[1], &answer, sizeof answer);  // small enough to be written at once
    _exit(n == static_cast<ssize_t>(sizeof answer) ? 0 : 1);
  }
  close(ends[1]);
  Answer answer;
  pollfd wait{ends[0], POLLIN, 0};
  const double end = steady_seconds() + patience_seconds;
  bool late = false;
  // At most a second: a signal that comes just before poll() does not end it.
  while (!late && !interrupted() && poll(&wait, 1, 1000) <= 0) late = steady_seconds() >= end;
  if (late || interrupted()) kill(pid, SIGKILL);
  const ssize_t got = read(ends[0], &answer, sizeof answer);
  close(ends[0]);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  throw_if_interrupted();
  if (got != static_cast<ssize_t>(sizeof answer))
    throw Error(Category::kInput,
                late ? fmt::format("the process that measures {} has not ended within {:.0f} s",
                                   what, patience_seconds)
                : WIFSIGNALED(status)
                    ? fmt::format("the process that measures {} was ended by signal {}", what,
                                  WTERMSIG(status))
                    : fmt::format("the process that measures {} ended without a word", what),
                {}, "find the damaged file with: dojo inspect FOLDER");
  if (!answer.ok) throw Error(answer.category, answer.message, answer.where);
  return answer.measured;
}

}  // namespace dojo::bench
