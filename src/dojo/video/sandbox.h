// Takes from a decoding process, for good, what decoding does not need, so that a file that takes
// the process over gains nothing: no file can be opened (those to read come as open descriptors),
// no network, no other program, process or thread, no signal to others, no memory that can be
// executed, no writing but of the answer. Two barriers, one behind the other: limits of resources,
// and a filter of system calls (seccomp) that allows a short list; sandbox.cc has it, with the
// reasons.
//
// Once, from the only thread of the process.
#pragma once

#include <cstdint>
#include <string>

namespace dojo {

// Sanitizers map terabytes, start threads and read files of their own: under them nothing is taken.
// GCC tells by macros, Clang by features.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DOJO_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define DOJO_SANITIZED
#endif
#endif
#ifdef DOJO_SANITIZED
inline constexpr bool kSandboxWorks = false;
#else
inline constexpr bool kSandboxWorks = true;
#endif

// `max_bytes`: of address space. The process may talk through `socket` only, and after a call that
// the filter refuses it says so there (RefusedCall of worker_protocol.h) and ends by SIGSYS. Closes
// descriptors above `last_descriptor`. Returns what could not be taken away, for a person; empty if
// all of it was: a container may have no seccomp, and work goes on.
std::string enter_sandbox(int64_t max_bytes, int socket, int last_descriptor);

// "41 (socket)"; the number alone where the name is not known.
std::string system_call_name(int number);

}  // namespace dojo
