// Somebody else's work beside a measurement: a process that keeps one processor busy while it is
// asked to. Make it early: it shares the memory that its maker had then.
#pragma once

#include <sys/types.h>

namespace dojo {

class Neighbour {
 public:
  Neighbour();  // idle; throws Error(kIo) where no process can be started
  ~Neighbour();
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;

  void work();
  void rest();

 private:
  pid_t pid_;
};

}  // namespace dojo
