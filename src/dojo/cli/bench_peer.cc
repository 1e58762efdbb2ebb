#include "dojo/cli/bench_peer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "dojo/base/error.h"
#include "dojo/base/file.h"
#include "dojo/base/interrupt.h"

extern char** environ;

namespace dojo {
namespace {

using nlohmann::json;

constexpr double kPatience = 300;  // seconds, on a busy machine, for what should take a few

json request(const bench::Workload& w, const std::vector<ClipRef>& clips, const char* what) {
  json list = json::array();
  for (const ClipRef& clip : clips) {
    const Recording& r = w.parts[static_cast<size_t>(clip.recording)];
    std::vector<double> seconds;
    for (int64_t f : clip.frames) seconds.push_back(r.pts_seconds[static_cast<size_t>(f)]);
    list.push_back({{"path", std::filesystem::absolute(r.path).string()},
                    {"frames", clip.frames},
                    {"seconds", seconds}});
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

Peer::Peer(const std::string& name) : name_(name) {
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
    throw Error(Category::kIo, std::string("no pipe: ") + std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  std::string program = "python3", quiet = "-B", script = DOJO_BENCHMARKS "/peer_video.py",
              argument = name;
  char* arguments[] = {program.data(), quiet.data(), script.data(), argument.data(), nullptr};
  pid_t pid = -1;
  const int failed = posix_spawnp(&pid, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  to_ = in[1];
  from_ = out[0];
  if (failed) {
    missing_ = fmt::format("python3 cannot be started: {}", std::strerror(failed));
    return;
  }
  pid_ = pid;
  const json hello = json::parse(ask("", kPatience));
  if (hello.contains("missing"))
    missing_ = fmt::format("{}; install it with: {}", hello.at("missing").get<std::string>(),
                           hello.at("install").get<std::string>());
  else
    version_ = hello.at("ready");
}

Peer::~Peer() {
  close(to_);
  close(from_);
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

// Writes a line, if there is one, and waits for the answer's.
std::string Peer::ask(const std::string& line, double seconds) {
  using Clock = std::chrono::steady_clock;
  if (!line.empty()) write_all(to_, line + "\n", "peer_video.py " + name_);
  const Clock::time_point begin = Clock::now();
  for (;;) {
    if (const size_t end = buffer_.find('\n'); end != std::string::npos) {
      std::string answer = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return answer;
    }
    const double left = seconds - std::chrono::duration<double>(Clock::now() - begin).count();
    pollfd wait{from_, POLLIN, 0};
    const int ready = left > 0 ? poll(&wait, 1, static_cast<int>(left * 1000) + 1) : 0;
    throw_if_interrupted();
    if (ready < 0 && errno == EINTR) continue;
    char chunk[4096];
    const ssize_t n = ready > 0 ? read(from_, chunk, sizeof chunk) : 0;
    if (n <= 0)
      throw Error(Category::kIo, ready > 0 ? "it ended without an answer" : "no answer in time",
                  "peer " + name_, "leave out --peers");
    buffer_.append(chunk, static_cast<size_t>(n));
  }
}

namespace {

json parsed(const std::string& text, const std::string& name) {
  json answer = json::parse(text);
  if (answer.contains("failed"))
    throw Error(Category::kIo, answer.at("failed").get<std::string>(), "peer " + name,
                "leave out --peers");
  return answer;
}

}  // namespace

bench::Measured Peer::time(const bench::Workload& w, const std::vector<ClipRef>& clips,
                           bool keep_open, double seconds) {
  json line = request(w, clips, "time");
  line["seconds"] = seconds;
  line["keep_open"] = keep_open;
  const json answer = parsed(ask(line.dump(), 20 * seconds + kPatience), name_);
  bench::Measured m;
  answer.at("cpu_seconds").get_to(m.cpu_seconds);
  answer.at("wall_seconds").get_to(m.wall_seconds);
  answer.at("clips").get_to(m.clips);
  return m;
}

bench::Measured Peer::check(const bench::Workload& w, const std::vector<bench::ExactClip>& before,
                            const std::vector<bench::ExactClip>& exact,
                            const std::vector<bench::ExactClip>& after) {
  const std::string file =
      (std::filesystem::temp_directory_path() / fmt::format("dojo-bench-{}.rgb", getpid()))
          .string();
  std::vector<ClipRef> clips;
  bench::Measured m;
  try {
    AtomicFile pictures(file);
    for (size_t i = 0; i < exact.size(); ++i) {
      clips.push_back(exact[i].clip);
      for (const auto* clip : {&before[i], &exact[i], &after[i]})
        pictures.write(std::as_bytes(std::span(clip->pixels)));
    }
    pictures.commit();
    json line = request(w, clips, "check");
    line["exact"] = file;
    const json answer = parsed(ask(line.dump(), kPatience), name_);
    answer.at("checked").get_to(m.checked);
    answer.at("wrong").get_to(m.wrong);
  } catch (...) {
    std::filesystem::remove(file);
    throw;
  }
  std::filesystem::remove(file);
  return m;
}

}  // namespace dojo
