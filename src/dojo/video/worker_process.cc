#include "dojo/video/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/video/packet_table.h"
#include "dojo/video/worker_protocol.h"

extern char** environ;

namespace dojo {
namespace {

using Clock = std::chrono::steady_clock;

std::string find_program(const std::string& given) {
  if (!given.empty()) return given;
  if (const char* set = std::getenv("DOJO_WORKER")) return set;
  char self[4096];
  const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  const std::string path(self, n > 0 ? static_cast<size_t>(n) : 0);
  return path.substr(0, path.rfind('/') + 1) + "dojo-decode-worker";
}

Error system_error(const std::string& what) {
  return Error(Category::kIo,
               "no decoding process can be started: " + what + ": " + std::strerror(errno));
}

}  // namespace

WorkerProcess::WorkerProcess(WorkerOptions options) : options_(std::move(options)) {}

WorkerProcess::~WorkerProcess() {
  stop();
  if (map_) munmap(map_, map_bytes_);
  if (memory_ >= 0) close(memory_);
}

void WorkerProcess::start() {
  if (memory_ < 0) {
    memory_ = memfd_create("dojo-frames", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory_ < 0) throw system_error("memfd_create");
    fcntl(memory_, F_ADD_SEALS, F_SEAL_SHRINK);  // a worker cannot take pages away under us
  }
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw system_error("socketpair");
  // Above the numbers that the child gets, so that no dup2() overwrites the other.
  const int theirs = fcntl(ends[1], F_DUPFD_CLOEXEC, 10),
            memory = fcntl(memory_, F_DUPFD_CLOEXEC, 10);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  if (!std::getenv("DOJO_WORKER_STDERR"))
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, theirs, kWorkerSocket);
  posix_spawn_file_actions_adddup2(&actions, memory, kWorkerMemory);
  // Signals that the program blocks or ignores must work in the worker.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigfillset(&defaults);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string program = find_program(options_.program);
  std::string bytes = std::to_string(options_.max_bytes),
              seconds = std::to_string(options_.deadline_seconds);
  char* arguments[] = {program.data(), bytes.data(), seconds.data(), nullptr};
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(theirs);
  close(memory);
  close(ends[1]);
  if (failed) {
    close(ends[0]);
    throw Error(Category::kIo,
                std::string("no decoding process can be started: ") + std::strerror(failed),
                program, "build the target dojo-decode-worker, or set DOJO_WORKER to its path");
  }
  pid_ = pid;
  if (options_.low_priority) setpriority(PRIO_PROCESS, static_cast<id_t>(pid), 10);
  socket_ = ends[0];
  buffer_.clear();
  told_.clear();
}

void WorkerProcess::stop() {
  if (pid_ > 0) {
    kill(static_cast<pid_t>(pid_), SIGKILL);
    while (waitpid(static_cast<pid_t>(pid_), nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (socket_ >= 0) close(socket_);
  pid_ = -1;
  socket_ = -1;
  busy_ = false;
}

// How the process ended, after its socket closed.
std::string WorkerProcess::how_it_ended() {
  int status = 0;
  for (int i = 0; i < 200; ++i) {
    const pid_t got = waitpid(static_cast<pid_t>(pid_), &status, WNOHANG);
    if (got == static_cast<pid_t>(pid_)) {
      pid_ = -1;
      if (WIFSIGNALED(status)) {
        const char* text = sigabbrev_np(WTERMSIG(status));
        return std::string("the decoding process was ended by SIG") + (text ? text : "?");
      }
      return "the decoding process ended with code " + std::to_string(WEXITSTATUS(status));
    }
    usleep(5000);
  }
  return "the decoding process closed its socket";
}

WorkerReply WorkerProcess::lost(const std::string& reason, const std::string& category) {
  stop();
  WorkerReply reply;
  reply.category = category;
  reply.reason = reason;
  reply.process_lost = true;
  return reply;
}

void WorkerProcess::set_deadline() {
  deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(options_.deadline_seconds));
}

// The process has read a file that nobody trusts, so neither is its reply.
void WorkerProcess::check(const WorkerReply& reply) const {
  const auto insist = [](bool good) {
    if (!good) throw Error(Category::kIo, "the answer does not fit the question");
  };
  if (probe_) {
    insist(reply.index.num_frames() > 0);
    decode_packets(reply.index.packets);
    return;
  }
  for (size_t i = 0; i < reply.states.size(); ++i) {
    const int64_t frame = reply.states[i].first;
    insist(frame >= 0 && frame < states_of_);
    insist(i == 0 || reply.states[i - 1].first < frame);
  }
  insist(reply.md5.size() == (md5_ ? frames_asked_.size() : 0));
  for (size_t i = 0; i < reply.damaged.size(); ++i) {
    const int64_t frame = reply.damaged[i].first;
    insist(std::binary_search(frames_asked_.begin(), frames_asked_.end(), frame));
    insist(i == 0 || reply.damaged[i - 1].first < frame);
  }
  insist(reply.kept.empty() || keep_damaged_);
  for (size_t i = 0; i < reply.kept.size(); ++i) {
    insist(std::any_of(reply.damaged.begin(), reply.damaged.end(),
                       [&](const auto& d) { return d.first == reply.kept[i]; }));
    insist(i == 0 || reply.kept[i - 1] < reply.kept[i]);
  }
}

void WorkerProcess::ask(const WorkerRequest& request) {
  const std::string message = encode(request);
  DOJO_CHECK(!busy_);
  if (pid_ < 0) start();
  busy_ = true;
  progress_ = 0;
  set_deadline();
  for (size_t sent = 0; sent < message.size();) {
    const ssize_t n = send(socket_, message.data() + sent, message.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;  // it is gone: the answer will say how
    sent += static_cast<size_t>(n);
  }
}

void WorkerProcess::ask_probe(const std::string& path) {
  pixel_bytes_ = 0;
  probe_ = true;
  states_of_ = 0;
  ask({.path = path, .probe = true});
}

void WorkerProcess::ask_read(const Recording& recording, const ReadRequest& request) {
  if (pid_ < 0) start();
  states_of_ = 0;
  frames_asked_ = request.frames;
  md5_ = request.md5;
  keep_damaged_ = request.keep_damaged;
  pixel_bytes_ =
      request.md5 ? 0
                  : frames_asked_.size() * static_cast<size_t>(request.height * request.width * 3);
  if (pixel_bytes_ > map_bytes_) {
    if (map_) munmap(map_, map_bytes_);
    map_ = nullptr;
    map_bytes_ = 0;
    if (ftruncate(memory_, static_cast<off_t>(pixel_bytes_)) != 0) throw system_error("ftruncate");
    void* map = mmap(nullptr, pixel_bytes_, PROT_READ, MAP_SHARED, memory_, 0);
    if (map == MAP_FAILED) throw system_error("mmap");
    map_ = map;
    map_bytes_ = pixel_bytes_;
  }
  WorkerRequest whole{.path = recording.path, .read = request};
  tell_index(recording, &whole);
  probe_ = false;
  ask(whole);
}

void WorkerProcess::ask_states(const Recording& recording) {
  if (pid_ < 0) start();
  frames_asked_.clear();
  pixel_bytes_ = 0;
  probe_ = md5_ = false;
  states_of_ = recording.num_frames();
  WorkerRequest request{.path = recording.path, .states = true};
  tell_index(recording, &request);
  ask(request);
}

void WorkerProcess::tell_index(const Recording& recording, WorkerRequest* request) {
  if (recording.index && told_[recording.path] != recording.index)
    request->index = told_[recording.path] = recording.index;
}

double WorkerProcess::seconds_left() const {
  return std::chrono::duration<double>(deadline_ - Clock::now()).count();
}

std::optional<WorkerReply> WorkerProcess::try_answer() {
  DOJO_CHECK(busy_);
  char chunk[1 << 16];
  try {
    for (size_t got = 0;;) {
      const ssize_t n = recv(socket_, chunk, sizeof chunk, MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
      if (n <= 0) return lost(how_it_ended());
      buffer_.append(chunk, static_cast<size_t>(n));
      got += static_cast<size_t>(n);
      if (got > kMaxMessageBytes) return lost("the decoding process says too much", "io");
      for (std::string text; take_message(&buffer_, &text);) {
        WorkerReply reply = decode_reply(text);
        if (reply.progress > 0) {
          if (reply.progress <= progress_) throw Error(Category::kIo, "no progress");
          progress_ = reply.progress;
          set_deadline();
          continue;
        }
        if (reply.ok) check(reply);
        busy_ = false;
        reply.pixels = {static_cast<const uint8_t*>(map_), pixel_bytes_};
        return reply;
      }
    }
  } catch (const std::exception& e) {
    return lost(std::string("the decoding process makes no sense: ") + e.what(), "io");
  }
  if (seconds_left() > 0) return std::nullopt;
  return lost(fmt::format("no answer and no progress within the deadline of {:g} s",
                          options_.deadline_seconds));
}

WorkerReply WorkerProcess::answer() {
  for (;;) {
    throw_if_interrupted();
    if (std::optional<WorkerReply> reply = try_answer()) return *std::move(reply);
    pollfd wait{socket_, POLLIN, 0};
    // At most a second: a signal that comes just before poll() does not end it.
    poll(&wait, 1, static_cast<int>(std::clamp(seconds_left() * 1000 + 1, 1.0, 1000.0)));
  }
}

}  // namespace dojo
