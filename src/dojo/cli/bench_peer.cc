#include "dojo/cli/bench_peer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "dojo/base/clock.h"
#include "dojo/base/file.h"
#include "dojo/base/interrupt.h"
#include "dojo/base/json.h"
#include "dojo/base/text.h"

extern char** environ;

namespace dojo {
namespace {

using nlohmann::json;

constexpr double kPatience = 300;  // seconds, on a busy machine, for what should take a few
constexpr size_t kMaxAnswer = 1 << 20;
constexpr int kPictures = 3;  // the descriptor that the process has the exact pictures in

[[noreturn]] void fail(const std::string& why, const std::string& name) {
  throw PeerError(Category::kIo, why, "peer " + name);
}

// What `read` makes of an answer, which is JSON unless something has gone wrong.
template <typename Read>
auto understood(const std::string& text, const std::string& name, const Read& read) {
  try {
    const json answer = json::parse(text);
    if (answer.contains("failed")) fail(answer.at("failed").get<std::string>(), name);
    return read(answer);
  } catch (const json::exception& e) {
    fail("its answer makes no sense: " + json_problem(e, text), name);
  }
}

json request(const bench::Workload& w, const std::vector<ClipRef>& clips, const char* what) {
  json list = json::array();
  for (const ClipRef& clip : clips) {
    const Recording& r = w.parts[static_cast<size_t>(clip.recording)];
    std::vector<double> seconds;
    for (int64_t f : clip.frames) seconds.push_back(r.pts_seconds[static_cast<size_t>(f)]);
    list.push_back({{"uri", file_uri(r.path)}, {"frames", clip.frames}, {"seconds", seconds}});
  }
  return {{"do", what},
          {"height", w.options.height},
          {"width", w.options.width},
          {"clips", std::move(list)}};
}

}  // namespace

const std::vector<std::string>& peer_names() {
  static const std::vector<std::string> names = {"torchcodec", "decord", "pyav", "opencv"};
  return names;
}

struct Peer::Process {
  int pid = -1, to = -1, from = -1;
  int pictures = -1;  // memory; a file would have a name, and could stay behind

  explicit Process(const std::string& name) {
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    const bool good = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0;
    to = in[1];
    from = out[0];
    pictures = memfd_create("dojo-exact-pictures", MFD_CLOEXEC);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pictures, kPictures);
    std::string program = "python3", quiet = "-B", script = DOJO_BENCHMARKS "/peer_video.py",
                argument = name;
    char* arguments[] = {program.data(), quiet.data(), script.data(), argument.data(), nullptr};
    int failed = good && pictures >= 0 ? 0 : errno;
    if (!failed)
      failed = posix_spawnp(&pid, program.c_str(), &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    for (int theirs : {in[0], out[1]})
      if (theirs >= 0) close(theirs);
    if (to >= 0) fcntl(to, F_SETFL, O_NONBLOCK);  // one that does not listen must not hold us up
    if (!failed) return;
    pid = -1;
    end();
    fail(fmt::format("python3 cannot be started: {}", std::strerror(failed)), name);
  }
  ~Process() { end(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Ends it, and says how it had ended before, once it has no more to say.
  std::string end() {
    for (int* ours : {&to, &from, &pictures})
      if (*ours >= 0) close(std::exchange(*ours, -1));
    if (pid <= 0) return "it is not there";
    int status = 0, ended = 0;
    for (int i = 0; i < 200 && !ended; ++i) {
      ended = waitpid(pid, &status, WNOHANG);
      if (!ended) usleep(5000);
    }
    if (!ended) {
      kill(pid, SIGKILL);
      while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
      }
    }
    pid = -1;
    if (!ended) return "it closed its end of the connection";
    if (!WIFSIGNALED(status))
      return fmt::format("its process ended with code {}", WEXITSTATUS(status));
    const char* signal = sigabbrev_np(WTERMSIG(status));
    return std::string("its process was ended by SIG") + (signal ? signal : "?");
  }
};

Peer::Peer(const std::string& name) : name_(name) {
  try {
    process_ = std::make_unique<Process>(name);
    understood(ask("", kPatience), name, [&](const json& hello) {
      if (hello.contains("missing"))
        missing_ = fmt::format("{}; install it with: {}", hello.at("missing").get<std::string>(),
                               hello.at("install").get<std::string>());
      else
        version_ = hello.at("ready");
    });
  } catch (const PeerError& e) {
    missing_ = e.message();
  }
}

Peer::~Peer() = default;

// Writes a line, if there is one, and waits for the answer's.
std::string Peer::ask(const std::string& line, double seconds) {
  const std::string text = line.empty() ? "" : line + "\n";
  const double begin = steady_seconds();
  buffer_.clear();
  for (std::string_view unsent = text;;) {
    if (const size_t end = buffer_.find('\n'); end != std::string::npos)
      return buffer_.substr(0, end);
    const double left = seconds - (steady_seconds() - begin);
    if (left <= 0) fail(fmt::format("no answer within {:.0f} s", seconds), name_);
    pollfd waits[] = {{process_->from, POLLIN, 0},
                      {unsent.empty() ? -1 : process_->to, POLLOUT, 0}};
    // At most a second: a signal that comes just before poll() does not end it.
    poll(waits, 2, static_cast<int>(std::min(left, 1.0) * 1000) + 1);
    throw_if_interrupted();
    if (waits[1].revents != 0) {
      const ssize_t n = write(process_->to, unsent.data(), unsent.size());
      if (n < 0 && errno != EINTR && errno != EAGAIN) fail(process_->end(), name_);
      unsent.remove_prefix(static_cast<size_t>(std::max<ssize_t>(n, 0)));
    }
    if (waits[0].revents == 0) continue;
    char chunk[4096];
    const ssize_t n = read(process_->from, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail(process_->end(), name_);
    buffer_.append(chunk, static_cast<size_t>(n));
    if (buffer_.size() > kMaxAnswer) fail("it says more than was asked", name_);
  }
}

bench::Measured Peer::time(const bench::Workload& w, const std::vector<ClipRef>& clips,
                           bool keep_open, double seconds) {
  json line = request(w, clips, "time");
  line["seconds"] = seconds;
  line["keep_open"] = keep_open;
  bench::Measured m;
  understood(ask(dump(line), 20 * seconds + kPatience), name_, [&](const json& answer) {
    answer.at("cpu_seconds").get_to(m.cpu_seconds);
    answer.at("wall_seconds").get_to(m.wall_seconds);
    answer.at("clips").get_to(m.clips);
  });
  if (!(m.cpu_seconds > 0 && m.wall_seconds > 0 && m.clips > 0))
    fail("it says that it has taken no clip, or no time", name_);
  return m;
}

bench::Measured Peer::check(const bench::Workload& w, const std::vector<bench::ExactClip>& before,
                            const std::vector<bench::ExactClip>& exact,
                            const std::vector<bench::ExactClip>& after) {
  if (ftruncate(process_->pictures, 0) != 0 || lseek(process_->pictures, 0, SEEK_SET) != 0)
    fail(std::string("there is no memory for pictures: ") + std::strerror(errno), name_);
  std::vector<ClipRef> clips;
  for (size_t i = 0; i < exact.size(); ++i) {
    clips.push_back(exact[i].clip);
    for (const auto* clip : {&before[i], &exact[i], &after[i]})
      write_all(process_->pictures, std::as_bytes(std::span(clip->pixels)), "peer " + name_);
  }
  json line = request(w, clips, "check");
  line["exact"] = fmt::format("/dev/fd/{}", kPictures);
  bench::Measured m;
  understood(ask(dump(line), kPatience), name_, [&](const json& answer) {
    answer.at("checked").get_to(m.checked);
    answer.at("wrong").get_to(m.wrong);
  });
  if (!(m.checked > 0 && m.wrong >= 0 && m.wrong <= m.checked))
    fail(fmt::format("it says that {} of {} frames are wrong", m.wrong, m.checked), name_);
  return m;
}

}  // namespace dojo
