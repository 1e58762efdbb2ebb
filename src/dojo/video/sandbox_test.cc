// Processes that try to break out of the sandbox, and decoding inside it.
#include "dojo/video/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <thread>

#include "dojo/video/find_recordings.h"
#include "dojo/video/loader.h"
#include "dojo/video/test_clips.h"
#include "dojo/video/worker_process.h"
#include "dojo/video/worker_protocol.h"

namespace dojo {
namespace {

constexpr char kAsWorker[] = "DOJO_VIDEO_TEST_AS_INTRUDER";
constexpr int64_t kMaxBytes = int64_t{4} << 30;

// This program as a decoding process that a file has taken over.
__attribute__((constructor)) void become_worker() {
  if (!std::getenv(kAsWorker)) return;
  enter_sandbox(kMaxBytes, kWorkerSocket, kWorkerMemory);
  char byte;
  iovec piece{&byte, 1};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  recvmsg(kWorkerSocket, &message, 0);
  socket(AF_INET, SOCK_STREAM, 0);
  _exit(0);
}

// Asked of the system itself, so that a filter of ours that it refuses does not skip the tests.
bool takes_filters() {
  const sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{1, const_cast<sock_filter*>(all)};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
         syscall(SYS_close_range, 1000u, ~0u, 0u) == 0;
}

// Whether this system has what the sandbox is made of; asked of a process of its own.
bool has_sandbox() {
  if (!kSandboxWorks) return false;
  const pid_t child = fork();
  if (child == 0) _exit(takes_filters() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct Attempt {
  int refused = -1;  // the system call that ended the process
  int error = -1;    // of a call that failed; 0: it did what it must not
  int signal = 0;
};

// `act` runs in the sandbox; it returns the result of a system call, -1 with errno.
Attempt attempt(const std::function<int64_t()>& act) {
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const int memory = memfd_create("memory", 0);
    dup2(ends[1], kWorkerSocket);
    dup2(memory, kWorkerMemory);
    enter_sandbox(kMaxBytes, kWorkerSocket, kWorkerMemory);
    errno = 0;
    const bool failed = act() == -1;
    _exit(failed ? errno : 0);
  }
  close(ends[1]);
  Attempt result;
  std::string buffer, text;
  for (char bytes[256];;) {
    const ssize_t n = recv(ends[0], bytes, sizeof bytes, 0);
    if (n <= 0) break;
    buffer.append(bytes, static_cast<size_t>(n));
  }
  if (take_message(&buffer, &text))
    result.refused = std::get<RefusedCall>(decode_worker_message(text, 0)).number;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) result.error = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  return result;
}

class Sandbox : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_sandbox()) GTEST_SKIP() << "no sandbox here";
  }
};

#define EXPECT_REFUSED(name, act)                                      \
  do {                                                                 \
    const Attempt tried = attempt([&]() -> int64_t { return (act); }); \
    EXPECT_EQ(tried.refused, SYS_##name) << #act;                      \
    EXPECT_EQ(tried.signal, SIGSYS) << #act;                           \
  } while (false)

#define EXPECT_FAILS(number, act)                                      \
  do {                                                                 \
    const Attempt tried = attempt([&]() -> int64_t { return (act); }); \
    EXPECT_EQ(tried.error, number) << #act;                            \
  } while (false)

TEST_F(Sandbox, NoFileIsOpened) {
  const TestFolder folder;
  const std::string path = folder / "new";
  const char* name = path.c_str();
  EXPECT_FAILS(EACCES, open("/etc/passwd", O_RDONLY));
  EXPECT_FAILS(EACCES, open("/proc/self/mem", O_RDONLY));
  EXPECT_REFUSED(openat, open(name, O_WRONLY | O_CREAT, 0600));
  EXPECT_REFUSED(openat, open("/proc/self/mem", O_RDWR));
  EXPECT_REFUSED(openat, open(folder.path().c_str(), O_TMPFILE | O_WRONLY, 0600));
  EXPECT_REFUSED(openat2, syscall(SYS_openat2, AT_FDCWD, name, nullptr, 0));
  EXPECT_REFUSED(open_by_handle_at, syscall(SYS_open_by_handle_at, AT_FDCWD, nullptr, 0));
  EXPECT_REFUSED(mkdirat, mkdirat(AT_FDCWD, name, 0700));
  EXPECT_REFUSED(unlinkat, unlinkat(AT_FDCWD, name, 0));
  EXPECT_REFUSED(renameat, syscall(SYS_renameat, AT_FDCWD, name, AT_FDCWD, name));
  EXPECT_REFUSED(symlinkat, symlinkat("/etc/passwd", AT_FDCWD, name));
  EXPECT_REFUSED(fchmodat, syscall(SYS_fchmodat, AT_FDCWD, name, 0777));
  EXPECT_REFUSED(memfd_create, memfd_create("x", 0));
  EXPECT_REFUSED(mount, syscall(SYS_mount, "none", name, "tmpfs", 0, nullptr));
  EXPECT_REFUSED(io_uring_setup, syscall(SYS_io_uring_setup, 8, nullptr));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Sandbox, WhatIsOpenIsNotWritten) {
  const TestFolder folder;
  const int low = open((folder / "open").c_str(), O_RDWR | O_CREAT, 0600);
  const int file = fcntl(low, F_DUPFD, 20);
  close(low);
  EXPECT_FAILS(EBADF, pread(file, nullptr, 0, 0));  // descriptors of others are closed
  close(file);
  EXPECT_REFUSED(write, write(kWorkerMemory, "x", 1));
  EXPECT_REFUSED(write, write(1, "x", 1));
  EXPECT_REFUSED(pwrite64, pwrite(kWorkerMemory, "x", 1, 0));
  EXPECT_REFUSED(ftruncate, ftruncate(kWorkerMemory, 1 << 20));
  EXPECT_REFUSED(fallocate, fallocate(kWorkerMemory, 0, 0, 1 << 20));
  EXPECT_REFUSED(fcntl, fcntl(kWorkerMemory, F_SETFL, O_APPEND));
}

TEST_F(Sandbox, NobodyIsTalkedToButTheMainProcess) {
  EXPECT_REFUSED(socket, socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_REFUSED(socket, socket(AF_UNIX, SOCK_DGRAM, 0));
  EXPECT_REFUSED(socketpair, [] {
    int ends[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  }());
  EXPECT_REFUSED(connect, connect(kWorkerSocket, nullptr, 0));
  EXPECT_REFUSED(bind, bind(kWorkerSocket, nullptr, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  EXPECT_REFUSED(sendto, sendto(kWorkerSocket, "x", 1, 0, reinterpret_cast<sockaddr*>(&address),
                                sizeof address));
  EXPECT_REFUSED(sendto, send(kWorkerMemory, "x", 1, 0));
  msghdr message{};
  EXPECT_REFUSED(sendmsg, sendmsg(kWorkerSocket, &message, 0));  // no descriptors go out
  EXPECT_FAILS(ENOTTY, ioctl(2, TIOCSTI, "x"));
  EXPECT_REFUSED(pipe2, [] {
    int ends[2];
    return pipe2(ends, 0);
  }());
}

TEST_F(Sandbox, NoOtherProgramProcessOrThreadIsStarted) {
  EXPECT_REFUSED(clone, fork());
#ifdef SYS_vfork
  EXPECT_REFUSED(vfork, syscall(SYS_vfork));
#endif
  EXPECT_FAILS(ENOSYS, syscall(SYS_clone3, nullptr, 0));
  char* none[] = {nullptr};
  EXPECT_REFUSED(execve, execve("/bin/sh", none, none));
  EXPECT_REFUSED(execveat, syscall(SYS_execveat, AT_FDCWD, "/bin/sh", none, none, 0));
  EXPECT_FAILS(EAGAIN, [] {
    try {
      std::thread([] {}).join();
      return 0;
    } catch (const std::system_error& e) {
      errno = e.code().value();
      return -1;
    }
  }());
}

TEST_F(Sandbox, NoOtherProcessIsTouched) {
  const pid_t parent = getpid();
  EXPECT_REFUSED(kill, kill(parent, 0));
  EXPECT_REFUSED(kill, kill(-1, SIGKILL));
  EXPECT_REFUSED(tgkill, syscall(SYS_tgkill, parent, parent, 0));
  EXPECT_REFUSED(tkill, syscall(SYS_tkill, parent, 0));
  EXPECT_REFUSED(pidfd_open, syscall(SYS_pidfd_open, parent, 0));
  EXPECT_REFUSED(ptrace, ptrace(PTRACE_ATTACH, parent, nullptr, nullptr));
  EXPECT_REFUSED(process_vm_readv, process_vm_readv(parent, nullptr, 0, nullptr, 0, 0));
  EXPECT_REFUSED(process_vm_writev, process_vm_writev(parent, nullptr, 0, nullptr, 0, 0));
  EXPECT_REFUSED(setpriority, setpriority(PRIO_PROCESS, static_cast<id_t>(parent), 10));
  EXPECT_REFUSED(shmget, syscall(SYS_shmget, 1, 4096, 0600));
}

TEST_F(Sandbox, ItCannotBeLeft) {
  rlimit none{RLIM_INFINITY, RLIM_INFINITY};
  EXPECT_REFUSED(prlimit64, setrlimit(RLIMIT_AS, &none));
  EXPECT_REFUSED(setuid, syscall(SYS_setuid, 0));
  EXPECT_REFUSED(unshare, unshare(CLONE_NEWUSER));
  EXPECT_REFUSED(seccomp, syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, nullptr));
  EXPECT_FAILS(EINVAL, prctl(PR_SET_PDEATHSIG, 0));
  EXPECT_REFUSED(bpf, syscall(SYS_bpf, 0, nullptr, 0));
  // A handler of its own for the signal makes the call no more successful.
  const Attempt own_handler = attempt([]() -> int64_t {
    struct sigaction ignore = {};
    ignore.sa_handler = [](int) {};
    sigaction(SIGSYS, &ignore, nullptr);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    return lseek(fd, 0, SEEK_CUR);  // ESPIPE if it were a socket
  });
  EXPECT_EQ(own_handler.error, EBADF);
#if defined(__x86_64__)
  // The other numbering of the same calls, and the calls of 32 bits.
  const Attempt x32 = attempt([] { return syscall(0x40000000 + SYS_getpid); });
  EXPECT_EQ(x32.signal, SIGSYS);
  EXPECT_EQ(x32.refused, -1);
  const Attempt old = attempt([]() -> int64_t {
    int64_t result = 0;
    asm volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
    return result;
  });
  EXPECT_NE(old.signal, 0);
#endif
}

TEST_F(Sandbox, MemoryIsLimitedAndNotExecuted) {
  EXPECT_FAILS(ENOMEM, [] {
    void* volatile p = std::malloc(static_cast<size_t>(kMaxBytes));
    return p ? 0 : -1;
  }());
  EXPECT_FAILS(0, [] {  // but there is some
    void* volatile p = std::malloc(static_cast<size_t>(kMaxBytes / 8));
    return p ? 0 : -1;
  }());
  EXPECT_REFUSED(mmap, mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
                           ? -1
                           : 0);
  EXPECT_REFUSED(mprotect, [] {
    void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(page, 4096, PROT_READ | PROT_EXEC);
  }());
}

TEST_F(Sandbox, ACrashInsideIsStillACrash) {
  EXPECT_EQ(attempt([]() -> int64_t { std::abort(); }).signal, SIGABRT);
  const Attempt twice = attempt([]() -> int64_t {
    void* volatile p = std::malloc(40);
    std::free(p);
    std::free(p);
    return 0;
  });
  EXPECT_EQ(twice.signal, SIGABRT);
  EXPECT_EQ(twice.refused, -1);
}

TEST_F(Sandbox, AFileWhoseDecodingTriesToBreakOutIsNamedWithTheCall) {
  const TestFolder folder;
  write_bytes(folder / "evil.mp4", "never looked at");
  char self[4096] = {};
  ASSERT_GT(readlink("/proc/self/exe", self, sizeof self - 1), 0);
  setenv(kAsWorker, "1", 1);
  WorkerProcess worker({.program = self});
  worker.ask_probe(folder / "evil.mp4");
  const WorkerReply reply = worker.answer();
  unsetenv(kAsWorker);
  EXPECT_TRUE(reply.process_lost);
  EXPECT_EQ(reply.category, "input");
  EXPECT_EQ(reply.reason, "the decoding process tried system call " + system_call_name(SYS_socket) +
                              ", which decoding does not need");
}

std::string status_line(int64_t pid, const std::string& key) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind(key + ":", 0) == 0) return line.substr(line.find_last_of("\t ") + 1);
  return {};
}

// The frames of a file, each decoded in the sandbox; how many it gave.
void decode_in_sandbox(const std::string& path) {
  WorkerProcess worker;
  worker.ask_probe(path);
  WorkerReply reply = worker.answer();
  ASSERT_TRUE(reply.ok) << path << ": " << reply.reason;
  EXPECT_EQ(reply.unguarded, "");
  EXPECT_EQ(status_line(worker.pid(), "Seccomp"), "2");
  EXPECT_EQ(status_line(worker.pid(), "NoNewPrivs"), "1");
  Recording r;
  r.path = path;
  const int64_t n = reply.index.num_frames();
  r.index = std::make_shared<const FrameIndex>(std::move(reply.index));
  ReadRequest request{.frames = {0}, .height = 72, .width = 128};
  for (const int64_t f : {n / 3, n / 3 + 1, n / 2, n - 1})
    if (f > request.frames.back()) request.frames.push_back(f);
  worker.ask_read(r, request);
  reply = worker.answer();
  EXPECT_TRUE(reply.ok) << path << ": " << reply.reason;
  EXPECT_TRUE(reply.damaged.empty()) << path << ": " << reply.damaged[0].second;
  EXPECT_TRUE(std::any_of(reply.pixels.begin(), reply.pixels.end(), [](uint8_t p) { return p; }));
}

// A kernel that cannot close them, or a container that does not let it.
TEST_F(Sandbox, DescriptorsThatStayOpenAreNamed) {
  const pid_t child = fork();
  if (child == 0) {
    const sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{std::size(code), const_cast<sock_filter*>(code)};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    const std::string lacks = enter_sandbox(kMaxBytes, kWorkerSocket, 64);
    const bool filtered = open("/etc/passwd", O_RDONLY) == -1 && errno == EACCES;
    _exit(filtered && lacks ==
                          "descriptors that it inherited may be open (close_range: Operation not "
                          "permitted)"
              ? 0
              : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// As in a container that allows no seccomp.
void forbid_filters() {
  const sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(code), const_cast<sock_filter*>(code)};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

TEST_F(Sandbox, WhereItIsNotToBeHadWorkGoesOnAndThatIsSaid) {
  const TestFolder folder;
  make_clip(folder, "a.mp4", "-f lavfi -i testsrc2=s=64x48:r=10:d=1 -c:v libx264");
  const pid_t child = fork();
  if (child == 0) {
    forbid_filters();
    const FoundRecordings found = find_recordings({folder.path()});
    const bool said = found.messages.size() == 1 &&
                      found.messages[0].find("seccomp: Invalid argument") != std::string::npos;
    ClipLoader loader(found.recordings, {.frames = 2}, {.batch = 1, .transform = {}});
    loader.next();
    const bool again = loader.take_message().find("seccomp") != std::string::npos;
    loader.next();
    _exit(found.recordings.size() == 1 && said && again && loader.take_message().empty() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(Sandbox, EveryCodecAndContainerIsDecodedInside) {
  const TestFolder folder;
  for (const auto& [name, codec] :
       {std::pair("a.mp4", "libx264"), std::pair("a.mkv", "libx265 -x265-params log-level=none"),
        std::pair("a.mov", "mpeg4"), std::pair("a.h264", "libx264"),
        std::pair("a.hevc", "libx265 -x265-params log-level=none"),
        std::pair("a.webm", "libvpx-vp9"), std::pair("b.webm", "libvpx"),
        std::pair("a.avi", "mjpeg"), std::pair("a.ts", "mpeg2video"),
        std::pair("b.mkv", "libaom-av1 -cpu-used 8"), std::pair("a.ogv", "libtheora"),
        std::pair("a.wmv", "wmv2"), std::pair("a.flv", "flv")}) {
    const std::string encoder = std::string(codec).substr(0, std::string(codec).find(' '));
    if (run_program("ffmpeg -hide_banner -v error -encoders").find(" " + encoder + " ") ==
        std::string::npos)
      continue;
    decode_in_sandbox(make_clip(folder, name,
                                "-f lavfi -i testsrc2=s=192x128:r=25:d=0.6 -pix_fmt yuv420p -c:v " +
                                    std::string(codec) + " -g 6"));
  }
}

TEST_F(Sandbox, EveryRealClipIsDecodedInside) {
  const char* data = std::getenv("DOJO_DRIVING_DATA");
  if (!data) GTEST_SKIP() << "DOJO_DRIVING_DATA is not set";
  int clips = 0;
  for (const char* sub : {"open", "nc"}) {
    std::error_code error;
    for (std::filesystem::directory_iterator at(std::filesystem::path(data) / sub, error), end;
         !error && at != end; at.increment(error))
      if (at->path().extension() == ".mp4") {
        decode_in_sandbox(at->path().string());
        ++clips;
      }
  }
  EXPECT_GT(clips, 0);
}

}  // namespace
}  // namespace dojo
