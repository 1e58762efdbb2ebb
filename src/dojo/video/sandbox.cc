#include "dojo/video/sandbox.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <vector>

#include "dojo/video/worker_protocol.h"

namespace dojo {
namespace {

// A condition on an argument of a system call: (half & mask) == value.
struct Check {
  int argument;
  uint32_t mask, value;
  bool upper =
      false;  // the upper 32 bits; the kernel looks at the lower ones of a descriptor or flag
};

// What happens to a system call whose arguments pass all checks. The first rule that fits counts.
struct Rule {
  int call;
  uint32_t action;
  std::vector<Check> checks = {};
};

constexpr uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr uint32_t failing(int error) {
  return SECCOMP_RET_ERRNO | (static_cast<uint32_t>(error) & SECCOMP_RET_DATA);
}
constexpr uint32_t kAll = ~uint32_t{0};

// By hand, and not through libseccomp: this table is all there is to it, and it needs no package.
std::vector<Rule> rules(int socket) {
  const auto channel = static_cast<uint32_t>(socket), self = static_cast<uint32_t>(getpid());
  constexpr uint32_t kWrites = O_ACCMODE | O_CREAT | O_TRUNC;
  return {
      // The files and the main process. Descriptors come in, none goes out; no address but the
      // peer's.
      {SYS_pread64, kAllow},
      {SYS_lseek, kAllow},
      {SYS_close, kAllow},
      {SYS_recvmsg, kAllow, {{0, kAll, channel}}},
      {SYS_sendto, kAllow, {{0, kAll, channel}, {4, kAll, 0}, {4, kAll, 0, true}}},
      // Memory that is not executed.
      {SYS_mmap, kAllow, {{2, PROT_EXEC, 0}}},
      {SYS_mprotect, kAllow, {{2, PROT_EXEC, 0}}},
      {SYS_munmap, kAllow},
      {SYS_mremap, kAllow},
      {SYS_brk, kAllow},
      {SYS_madvise, kAllow},
      // Locks, clocks, and what one may know of oneself.
      {SYS_futex, kAllow},
      {SYS_clock_gettime, kAllow},
      {SYS_gettimeofday, kAllow},
      {SYS_getrusage, kAllow},
      {SYS_getrandom, kAllow},
      {SYS_getpid, kAllow},
      {SYS_gettid, kAllow},
      {SYS_sched_yield, kAllow},
      {SYS_sched_getaffinity, kAllow},
      {SYS_sysinfo, kAllow},
#ifdef SYS_time
      {SYS_time, kAllow},
#endif
      // The end: exit, the alarm clock, abort() and its message to stderr.
      {SYS_exit, kAllow},
      {SYS_exit_group, kAllow},
#ifdef SYS_alarm
      {SYS_alarm, kAllow},
#endif
      {SYS_setitimer, kAllow},
      {SYS_restart_syscall, kAllow},
      {SYS_rt_sigaction, kAllow},
      {SYS_rt_sigprocmask, kAllow},
      {SYS_rt_sigreturn, kAllow},
      {SYS_tgkill, kAllow, {{0, kAll, self}}},
      {SYS_write, kAllow, {{0, kAll, 2}}},
      {SYS_writev, kAllow, {{0, kAll, 2}}},
      // A library that looks for a configuration file, a terminal or a second thread is told that
      // there is none, and goes on without. To open for writing is not among these.
      {SYS_openat, failing(EACCES), {{2, kWrites, O_RDONLY}}},
#ifdef SYS_open
      {SYS_open, failing(EACCES), {{1, kWrites, O_RDONLY}}},
      {SYS_stat, failing(EACCES)},
      {SYS_lstat, failing(EACCES)},
      {SYS_access, failing(EACCES)},
      {SYS_readlink, failing(EACCES)},
#endif
      {SYS_newfstatat, failing(EACCES)},
      {SYS_fstat, failing(EACCES)},
      {SYS_statx, failing(EACCES)},
      {SYS_faccessat, failing(EACCES)},
      {SYS_readlinkat, failing(EACCES)},
      {SYS_getcwd, failing(EACCES)},
      {SYS_ioctl, failing(ENOTTY)},
      {SYS_prctl, failing(EINVAL)},
      {SYS_clone, failing(EAGAIN), {{0, CLONE_THREAD, CLONE_THREAD}}},
#ifdef SYS_clone3
      {SYS_clone3, failing(ENOSYS)},  // its flags lie in memory; the C library takes clone() then
#endif
  };
}

#if defined(__x86_64__)
constexpr uint32_t kProcessor = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kProcessor = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kProcessor = 0;
#endif

// The rules as a program for the kernel (classic BPF over seccomp_data). What no rule fits is
// refused with a signal.
std::vector<sock_filter> compile(const std::vector<Rule>& table) {
  std::vector<sock_filter> code;
  const auto load = [&](size_t offset) {
    code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)));
  };
  const auto jump = [&](uint16_t condition, uint32_t value, size_t if_true, size_t if_false) {
    code.push_back(BPF_JUMP(static_cast<uint16_t>(BPF_JMP | condition | BPF_K), value,
                            static_cast<uint8_t>(if_true), static_cast<uint8_t>(if_false)));
  };
  const auto end = [&](uint32_t action) { code.push_back(BPF_STMT(BPF_RET | BPF_K, action)); };

  load(offsetof(seccomp_data, arch));
  jump(BPF_JEQ, kProcessor, 1, 0);
  end(SECCOMP_RET_KILL_PROCESS);
#if defined(__x86_64__)  // the same processor's other numbering (x32)
  load(offsetof(seccomp_data, nr));
  jump(BPF_JGE, 0x40000000, 0, 1);
  end(SECCOMP_RET_KILL_PROCESS);
#endif
  for (const Rule& rule : table) {
    size_t left = 3 * rule.checks.size() + 1;  // instructions of this rule that follow
    load(offsetof(seccomp_data, nr));
    jump(BPF_JEQ, static_cast<uint32_t>(rule.call), 0, left);
    for (const Check& check : rule.checks) {
      constexpr bool kLowFirst = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
      load(offsetof(seccomp_data, args) + 8 * static_cast<size_t>(check.argument) +
           (check.upper == kLowFirst ? 4 : 0));
      code.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, check.mask));
      left -= 3;
      jump(BPF_JEQ, check.value, 0, left);
    }
    end(rule.action);
  }
  end(SECCOMP_RET_TRAP);
  return code;
}

// For the handler, which nothing can be handed to.
std::atomic<int> g_socket = -1;
static_assert(std::atomic<int>::is_always_lock_free);

void on_refused_call(int, siginfo_t* info, void*) {
  const auto message = encode(RefusedCall{info->si_syscall});
  (void)!send(g_socket, message.data(), message.size(), MSG_NOSIGNAL);
  raise(SIGSYS);  // SA_RESETHAND: now it ends the process
}

std::string filter_calls(int socket) {
  if (kProcessor == 0) return "no filter of system calls is made for this processor";
  g_socket = socket;
  struct sigaction action = {};
  action.sa_sigaction = on_refused_call;
  action.sa_flags = static_cast<int>(SA_SIGINFO | SA_RESETHAND | SA_NODEFER);
  sigaction(SIGSYS, &action, nullptr);
  std::vector<sock_filter> code = compile(rules(socket));
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    return fmt::format("the system allows no filter of system calls (seccomp: {})",
                       std::strerror(errno));
  return {};
}

template <typename Resource>
void limit(Resource resource, int64_t most) {
  const rlimit both{static_cast<rlim_t>(most), static_cast<rlim_t>(most)};
  setrlimit(resource, &both);
}

}  // namespace

std::string enter_sandbox(int64_t max_bytes, int socket, int last_descriptor) {
  limit(RLIMIT_CORE, 0);
  std::string lacks;
  if (syscall(SYS_close_range, static_cast<unsigned>(last_descriptor) + 1, ~0u, 0u) != 0)
    lacks = fmt::format("descriptors that it inherited may be open (close_range: {})",
                        std::strerror(errno));
  if (!kSandboxWorks) return lacks;
  limit(RLIMIT_AS, max_bytes);
  limit(RLIMIT_NOFILE, last_descriptor + 60);
  limit(RLIMIT_NPROC, 0);  // no fork() either where there is no filter, but for the superuser
  limit(RLIMIT_FSIZE, 0);
  signal(SIGXFSZ, SIG_IGN);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fmt::format("it could gain privileges (no_new_privs: {})", std::strerror(errno));
  // Landlock would add nothing: no file can be opened at all.
  const std::string unfiltered = filter_calls(socket);
  return lacks + (lacks.empty() || unfiltered.empty() ? "" : "; ") + unfiltered;
}

std::string system_call_name(int number) {
  struct Named {
    int number;
    const char* name;
  };
  static constexpr Named kNames[] = {
#define DOJO_CALL(name) {SYS_##name, #name}
      DOJO_CALL(read),
      DOJO_CALL(write),
      DOJO_CALL(openat),
      DOJO_CALL(socket),
      DOJO_CALL(connect),
      DOJO_CALL(sendto),
      DOJO_CALL(sendmsg),
      DOJO_CALL(recvmsg),
      DOJO_CALL(recvfrom),
      DOJO_CALL(bind),
      DOJO_CALL(execve),
      DOJO_CALL(clone),
      DOJO_CALL(kill),
      DOJO_CALL(tkill),
      DOJO_CALL(tgkill),
      DOJO_CALL(ptrace),
      DOJO_CALL(mmap),
      DOJO_CALL(mprotect),
      DOJO_CALL(prlimit64),
      DOJO_CALL(memfd_create),
      DOJO_CALL(ftruncate),
      DOJO_CALL(unlinkat),
      DOJO_CALL(renameat),
      DOJO_CALL(mkdirat),
      DOJO_CALL(fcntl),
      DOJO_CALL(dup),
      DOJO_CALL(process_vm_readv),
      DOJO_CALL(nanosleep),
      DOJO_CALL(clock_nanosleep),
#ifdef SYS_open
      DOJO_CALL(open),
      DOJO_CALL(fork),
      DOJO_CALL(vfork),
      DOJO_CALL(poll),
      DOJO_CALL(unlink),
      DOJO_CALL(rename),
#endif
#undef DOJO_CALL
  };
  for (const Named& named : kNames)
    if (named.number == number) return fmt::format("{} ({})", number, named.name);
  return std::to_string(number);
}

}  // namespace dojo
