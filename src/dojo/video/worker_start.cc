#include "dojo/video/worker_start.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/video/worker_protocol.h"

extern char** environ;

namespace dojo {
namespace {

std::string find_program(const std::string& given) {
  if (!given.empty()) return given;
  if (const char* set = std::getenv("DOJO_WORKER")) return set;
  char self[4096];
  const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  const std::string path(self, n > 0 ? static_cast<size_t>(n) : 0);
  return path.substr(0, path.rfind('/') + 1) + "dojo-decode-worker";
}

}  // namespace

StartedWorker start_worker(const WorkerOptions& options, int memory) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw Error(Category::kIo, std::string("no decoding process can be started: socketpair: ") +
                                   std::strerror(errno));
  // Above the numbers that the child gets, so that no dup2() overwrites the other.
  const int theirs = fcntl(ends[1], F_DUPFD_CLOEXEC, 10),
            pictures = fcntl(memory, F_DUPFD_CLOEXEC, 10);
  if (theirs < 0 || pictures < 0) {
    const int why = errno;
    for (int descriptor : {theirs, pictures, ends[0], ends[1]})
      if (descriptor >= 0) close(descriptor);
    throw Error(Category::kIo,
                std::string("no decoding process can be started: ") + std::strerror(why));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  if (!std::getenv("DOJO_WORKER_STDERR"))
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, theirs, kWorkerSocket);
  posix_spawn_file_actions_adddup2(&actions, pictures, kWorkerMemory);
  // Signals that the program blocks or ignores must work in the worker.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigfillset(&defaults);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string program = find_program(options.program);
  std::string bytes = std::to_string(options.max_bytes),
              seconds = std::to_string(options.deadline_seconds);
  char* arguments[] = {program.data(), bytes.data(), seconds.data(), nullptr};
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(theirs);
  close(pictures);
  close(ends[1]);
  if (failed) {
    close(ends[0]);
    throw Error(Category::kIo,
                std::string("no decoding process can be started: ") + std::strerror(failed),
                program, "build the target dojo-decode-worker, or set DOJO_WORKER to its path");
  }
  if (options.low_priority) setpriority(PRIO_PROCESS, static_cast<id_t>(pid), 10);
  // One that takes no messages must not hold up this side for longer than one that gives none.
  const double patience = std::min(options.deadline_seconds, 1e6);
  const timeval timeout{static_cast<time_t>(patience),
                        static_cast<suseconds_t>(1e6 * (patience - std::floor(patience)))};
  setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  return {pid, ends[0]};
}

bool send_message(int socket, const std::string& message, std::span<const SharedFile> files) {
  DOJO_CHECK(files.size() <= kPicturesAtOnce);
  alignas(cmsghdr) char control[CMSG_SPACE(kPicturesAtOnce * sizeof(int))] = {};
  for (size_t sent = 0; sent < message.size();) {
    iovec piece{const_cast<char*>(message.data()) + sent, message.size() - sent};
    msghdr header{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    if (sent == 0 && !files.empty()) {  // descriptors go with the first bytes
      header.msg_control = control;
      header.msg_controllen = CMSG_SPACE(files.size() * sizeof(int));
      cmsghdr* c = CMSG_FIRSTHDR(&header);
      c->cmsg_level = SOL_SOCKET;
      c->cmsg_type = SCM_RIGHTS;
      c->cmsg_len = CMSG_LEN(files.size() * sizeof(int));
      for (size_t i = 0; i < files.size(); ++i) {
        const int descriptor = files[i]->descriptor();
        std::memcpy(CMSG_DATA(c) + i * sizeof descriptor, &descriptor, sizeof descriptor);
      }
    }
    const ssize_t n = sendmsg(socket, &header, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR && !interrupted()) continue;
    if (n <= 0) return false;
    sent += static_cast<size_t>(n);
  }
  return true;
}

}  // namespace dojo
