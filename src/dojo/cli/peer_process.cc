#include "dojo/cli/peer_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
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
#include "dojo/base/interrupt.h"
#include "dojo/base/json.h"
#include "dojo/cli/short_spinning.h"

namespace dojo {
namespace {

using nlohmann::json;

constexpr size_t kMaxAnswer = 1 << 20;

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

struct PeerProcess::Process {
  int pid = -1, to = -1, from = -1;

  explicit Process(const Options& o) {
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    const bool good = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0;
    to = in[1];
    from = out[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    if (o.handed >= 0) posix_spawn_file_actions_adddup2(&actions, o.handed, kHanded);
    posix_spawnattr_t attributes;  // a group of its own: compilers that it starts end with it
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    std::vector<std::string> words = {"python3", "-B", DOJO_BENCHMARKS "/" + o.script};
    words.insert(words.end(), o.arguments.begin(), o.arguments.end());
    std::vector<std::string> environment = environment_of_user();
    int failed = good ? 0 : errno;
    if (!failed)
      failed = posix_spawnp(&pid, words[0].c_str(), &actions, &attributes,
                            pointers_to(words).data(), pointers_to(environment).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    for (int theirs : {in[0], out[1]})
      if (theirs >= 0) close(theirs);
    if (to >= 0) fcntl(to, F_SETFL, O_NONBLOCK);  // one that does not listen must not hold us up
    if (!failed) return;
    pid = -1;
    end();
    throw PeerError(Category::kIo,
                    fmt::format("python3 cannot be started: {}", std::strerror(failed)),
                    "peer " + o.name);
  }
  ~Process() { end(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Ends it, and says how it had ended before, once it has no more to say.
  std::string end() {
    for (int* ours : {&to, &from})
      if (*ours >= 0) close(std::exchange(*ours, -1));
    if (pid <= 0) return "it is not there";
    bool ended = false;
    for (int i = 0; i < 200 && !ended; ++i) {
      siginfo_t info{};
      waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
      ended = info.si_pid == pid;
      if (!ended) usleep(5000);
    }
    kill(-pid, SIGKILL);  // all of its group, which may have outlived it
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    pid = -1;
    if (!ended) return "it closed its end of the connection";
    if (!WIFSIGNALED(status))
      return fmt::format("its process ended with code {}", WEXITSTATUS(status));
    const char* signal = sigabbrev_np(WTERMSIG(status));
    return std::string("its process was ended by SIG") + (signal ? signal : "?");
  }
};

PeerProcess::PeerProcess(Options options) : name_(options.name) {
  try {
    process_ = std::make_unique<Process>(options);
    understand(exchange("", kPeerPatience), [&](const std::string& answer) {
      const json hello = json::parse(answer);
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

PeerProcess::~PeerProcess() = default;

void PeerProcess::fail(const std::string& why) const {
  throw PeerError(Category::kIo, why, "peer " + name_);
}

void PeerProcess::ask(const std::string& line, double seconds,
                      const std::function<void(const std::string& answer)>& read) {
  understand(exchange(line, seconds), read);
}

void PeerProcess::understand(const std::string& answer,
                             const std::function<void(const std::string& answer)>& read) const {
  try {
    const json parsed = json::parse(answer);
    if (parsed.contains("failed")) fail(parsed.at("failed").get<std::string>());
    read(answer);
  } catch (const PeerError&) {
    throw;
  } catch (const std::exception& e) {
    fail("its answer makes no sense: " + json_problem(e, answer));
  }
}

// Writes a line, if there is one, and waits for the answer's.
std::string PeerProcess::exchange(const std::string& line, double seconds) {
  const std::string text = line.empty() ? "" : line + "\n";
  const double begin = steady_seconds();
  buffer_.clear();
  for (std::string_view unsent = text;;) {
    if (const size_t end = buffer_.find('\n'); end != std::string::npos)
      return buffer_.substr(0, end);
    const double left = seconds - (steady_seconds() - begin);
    if (left <= 0) fail(fmt::format("no answer within {:.0f} s", seconds));
    pollfd waits[] = {{process_->from, POLLIN, 0},
                      {unsent.empty() ? -1 : process_->to, POLLOUT, 0}};
    // At most a second: a signal that comes just before poll() does not end it.
    poll(waits, 2, static_cast<int>(std::min(left, 1.0) * 1000) + 1);
    throw_if_interrupted();
    if (waits[1].revents != 0) {
      const ssize_t n = write(process_->to, unsent.data(), unsent.size());
      if (n < 0 && errno != EINTR && errno != EAGAIN) fail(process_->end());
      unsent.remove_prefix(static_cast<size_t>(std::max<ssize_t>(n, 0)));
    }
    if (waits[0].revents == 0) continue;
    char chunk[4096];
    const ssize_t n = read(process_->from, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail(process_->end());
    buffer_.append(chunk, static_cast<size_t>(n));
    if (buffer_.size() > kMaxAnswer) fail("it says more than was asked");
  }
}

}  // namespace dojo
