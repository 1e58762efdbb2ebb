#include "dojo/video/decode_worker.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <list>
#include <memory>
#include <new>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/video/decoder.h"
#include "dojo/video/picture.h"
#include "dojo/video/recent.h"
#include "dojo/video/sandbox.h"
#include "dojo/video/telemetry/read_states.h"
#include "dojo/video/worker_channel.h"
#include "dojo/video/worker_protocol.h"

extern "C" {
#include <libavutil/frame.h>
}

namespace dojo {
namespace {

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

// The shared memory, mapped as far as a request needs.
class Memory {
 public:
  std::span<uint8_t> map(size_t bytes) {
    if (bytes > size_) {
      if (data_) munmap(data_, size_);
      data_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, kWorkerMemory, 0);
      size_ = data_ == MAP_FAILED ? 0 : bytes;
      if (data_ == MAP_FAILED) data_ = nullptr;
      if (!data_) throw std::bad_alloc();
    }
    return {static_cast<uint8_t*>(data_), bytes};
  }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

// Tells the main process now and then that the work goes on: every second, or often enough for a
// shorter deadline. Where FFmpeg hangs nothing is told.
class SignsOfLife {
 public:
  SignsOfLife(WorkerChannel* channel, double deadline_seconds)
      : channel_(*channel),
        deadline_(static_cast<unsigned>(deadline_seconds) + 10),
        pause_(std::min(1.0, deadline_seconds / 8)) {}

  void begin() {
    progress_ = 0;
    last_ = Clock::now();
    alarm(deadline_);  // ends this process if the main one forgets it
  }
  void end() { alarm(0); }
  void progress() {
    ++progress_;
    const Clock::time_point now = Clock::now();
    if (std::chrono::duration<double>(now - last_).count() < pause_) return;
    last_ = now;
    alarm(deadline_);
    channel_.send(encode(WorkerProgress{progress_}));
  }

 private:
  using Clock = std::chrono::steady_clock;
  WorkerChannel& channel_;
  unsigned deadline_;
  double pause_;
  int64_t progress_ = 0;
  Clock::time_point last_;
};

class Server {
 public:
  Server(WorkerChannel* channel, std::function<void()> progress)
      : channel_(*channel), progress_(std::move(progress)) {}

  WorkerReply answer(const WorkerRequest& request) {
    if (request.states) return states(request);
    if (!request.probe) return read(request);
    WorkerReply reply;
    reply.index = Decoder(channel_.source(request, request.picture_times), progress_).index();
    reply.ok = true;
    return reply;
  }

 private:
  static constexpr size_t kOpenFiles = 2;  // a decoder of a large picture holds hundreds of MB
  struct Open {
    std::string path;
    std::unique_ptr<Decoder> decoder;
    std::unique_ptr<RgbConverter> converter;
  };

  // What the main process told about a file.
  struct Known {
    std::shared_ptr<const FrameIndex> index;  // null: it has to be built
    std::vector<int64_t> picture_times;
  };

  const Known& known(const WorkerRequest& request) {
    const bool news = request.index || !request.picture_times.empty();
    if (news) open_.remove_if([&](const Open& o) { return o.path == request.path; });
    const Known* found = known_.find(request.path);
    if (!news && found) return *found;
    return known_.put(request.path, {request.index, request.picture_times});
  }

  Open& open(const WorkerRequest& request, const Known& facts) {
    for (auto at = open_.begin(); at != open_.end(); ++at) {
      if (at->path != request.path) continue;
      open_.splice(open_.begin(), open_, at);
      return open_.front();
    }
    while (open_.size() >= kOpenFiles) open_.pop_back();
    MediaSource source = channel_.source(request, facts.picture_times);
    auto decoder = facts.index
                       ? std::make_unique<Decoder>(std::move(source), *facts.index, progress_)
                       : std::make_unique<Decoder>(std::move(source), progress_);
    open_.push_front({request.path, std::move(decoder), std::make_unique<RgbConverter>()});
    return open_.front();
  }

  WorkerReply states(const WorkerRequest& request) {
    const Known& facts = known(request);
    WorkerReply reply;
    MediaFile file(channel_.source(request, facts.picture_times), progress_);
    reply.states = read_states(file, open(request, facts).decoder->index());
    reply.ok = true;
    return reply;
  }

  WorkerReply read(const WorkerRequest& request) {
    const std::string& path = request.path;
    Open& file = open(request, known(request));
    const auto& [frames, height, width, md5, keep_damaged] = request.read;
    const FrameIndex& index = file.decoder->index();
    for (size_t i = 0; i < frames.size(); ++i)
      if (frames[i] < 0 || frames[i] >= index.num_frames() || (i && frames[i] <= frames[i - 1]))
        throw Error(
            Category::kInput,
            fmt::format("there is no frame {}: the file shows {}", frames[i], index.num_frames()),
            path);
    const size_t frame_bytes = md5 ? 0 : static_cast<size_t>(height * width * 3);
    const std::span<uint8_t> out =
        md5 ? std::span<uint8_t>() : memory_.map(frame_bytes * frames.size());
    const int64_t decoded_before = file.decoder->frames_decoded();
    WorkerReply reply;
    size_t slot = 0;
    const auto visit = [&](int64_t frame, const AVFrame* picture, const std::string& damage) {
      std::string problem = damage;
      const bool other_size = picture && (picture->width != index.stored_width ||
                                          picture->height != index.stored_height);
      if (other_size)
        problem = fmt::format("frame {} ({:.3f} s) has {}x{} pixels, the file said {}x{}", frame,
                              index.seconds(frame), picture->width, picture->height,
                              index.stored_width, index.stored_height);
      const bool use = problem.empty() || (keep_damaged && picture && !other_size);
      if (!problem.empty()) reply.damaged.emplace_back(frame, problem);
      if (!problem.empty() && use) reply.kept.push_back(frame);
      if (use && !md5)
        file.converter->convert(*picture, index.rotation, height, width,
                                out.subspan(slot * frame_bytes, frame_bytes));
      if (md5) reply.md5.push_back(use ? picture_md5(*picture) : "");
      ++slot;
    };
    try {
      file.decoder->read(frames, visit, keep_damaged);
    } catch (...) {
      open_.remove_if([&](const Open& o) { return o.path == path; });
      throw;
    }
    reply.ok = true;
    reply.frames_decoded = file.decoder->frames_decoded() - decoded_before;
    return reply;
  }

  WorkerChannel& channel_;
  std::function<void()> progress_;
  Recent<Known> known_{kKnownFiles};
  std::list<Open> open_;  // the last used first
  Memory memory_;
};

}  // namespace

int decode_worker_main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "dojo-decode-worker is started by dojo; it is of no use alone\n");
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGINT, SIG_IGN);   // Ctrl-C is the main process's business,
  signal(SIGTERM, SIG_IGN);  // and so is the end of its process group
  signal(SIGPIPE, SIG_IGN);
  capture_ffmpeg_log();
  const std::string unguarded =
      enter_sandbox(std::strtoll(argv[1], nullptr, 10), kWorkerSocket, kWorkerMemory);

  WorkerChannel channel;
  SignsOfLife life(&channel, std::strtod(argv[2], nullptr));
  Server server(&channel, [&] { life.progress(); });
  for (;;) {
    double before = 0;
    WorkerReply reply;
    const auto failed = [&](std::string_view category, const std::string& reason) {
      reply = {};
      reply.category = category;
      reply.reason = reason;
    };
    try {
      WorkerRequest request;
      if (!channel.receive(&request)) return 0;  // the main process is done, or gone
      life.begin();
      before = cpu_seconds();
      reply = server.answer(request);
    } catch (const Error& e) {
      failed(name(e.category()), e.message());
    } catch (const std::bad_alloc&) {
      failed("input", "decoding needs more memory than a worker may have");
    } catch (const std::exception& e) {
      failed("io", std::string("the decoding process failed: ") + e.what());
    }
    life.end();
    reply.cpu_seconds = cpu_seconds() - before;
    reply.unguarded = unguarded;
    if (!channel.send(encode(reply))) return 0;
  }
}

}  // namespace dojo
