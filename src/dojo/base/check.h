// DOJO_CHECK is for our own bugs: it prints both values and the place, and stops the run. What a
// user can cause is an Error.
#pragma once

#include <fmt/format.h>

#include <string>

namespace dojo {

[[noreturn]] void check_failed(const char* file, int line, const std::string& what);

}  // namespace dojo

#define DOJO_CHECK(condition)                               \
  do {                                                      \
    if (!(condition)) [[unlikely]]                          \
      ::dojo::check_failed(__FILE__, __LINE__, #condition); \
  } while (false)

#define DOJO_CHECK_OP(a, op, b)                                                               \
  do {                                                                                        \
    const auto& dojo_check_a = (a);                                                           \
    const auto& dojo_check_b = (b);                                                           \
    if (!(dojo_check_a op dojo_check_b)) [[unlikely]]                                         \
      ::dojo::check_failed(                                                                   \
          __FILE__, __LINE__,                                                                 \
          fmt::format("{} {} {} (seen {} and {})", #a, #op, #b, dojo_check_a, dojo_check_b)); \
  } while (false)

#define DOJO_CHECK_EQ(a, b) DOJO_CHECK_OP(a, ==, b)
#define DOJO_CHECK_LT(a, b) DOJO_CHECK_OP(a, <, b)
#define DOJO_CHECK_LE(a, b) DOJO_CHECK_OP(a, <=, b)
