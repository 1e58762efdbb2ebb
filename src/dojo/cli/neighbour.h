// Somebody else's work beside a measurement: a process that keeps one processor busy as long as the
// object lives.
#pragma once

#include <sys/types.h>

namespace dojo {

class Neighbour {
 public:
  Neighbour();  // throws Error(kIo) where no process can be started
  ~Neighbour();
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;

 private:
  pid_t pid_;
};

}  // namespace dojo
