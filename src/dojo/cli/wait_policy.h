// How OpenMP's threads wait for each other. By default they spin, for up to milliseconds: a decoding
// process, another program or a second run that wants the processor then slows a training step by
// ten times and more, because a step has a thousand short parallel loops. libgomp reads its settings
// before main(), so they can only be set for a new program image.
#pragma once

namespace dojo {

// Unless the user has chosen (OMP_WAIT_POLICY or GOMP_SPINCOUNT): sets OMP_WAIT_POLICY=passive and
// starts this program anew, in the same process, with the same arguments. Call it first in main().
void sleep_while_waiting(char** argv);

}  // namespace dojo
