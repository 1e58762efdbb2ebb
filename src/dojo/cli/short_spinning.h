// How long threads spin while they wait for each other. OpenMP's default is to spin for long, which
// wins little on an idle machine and is ruinous on a shared one: with other processes on the same
// cores a training step was 14 times slower.
#pragma once

#include <string>
#include <vector>

namespace dojo {

// Makes threads that wait at the end of a parallel region sleep after about 0.1 ms. The runtime
// reads this once, before main(), so the program is started again (execv) with GOMP_SPINCOUNT set,
// under the name `dojo` for ps, top and killall. Nothing happens where the user has set that or
// OMP_WAIT_POLICY. Call it first thing in main().
void restart_with_short_spinning(char** argv);

// The environment of this process as the user made it, "NAME=VALUE": for programs of others, which
// are measured with their own spinning.
std::vector<std::string> environment_of_user();

}  // namespace dojo
