// The body of a decoding process: answers requests from the main process until it closes the
// socket. This is the only place where files that nobody has checked meet FFmpeg, and it may do
// nothing but decode them (sandbox.h). Messages: worker_protocol.h. Its other end:
// worker_process.h.
#pragma once

namespace dojo {

// `dojo-decode-worker MAX_BYTES DEADLINE_SECONDS`: shuts itself in, dies with its parent, serves.
// Returns the exit code.
int decode_worker_main(int argc, char** argv);

}  // namespace dojo
