#include "dojo/video/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <utility>
#include <variant>
#include <vector>

#include "dojo/base/check.h"
#include "dojo/base/error.h"
#include "dojo/base/interrupt.h"
#include "dojo/video/image_folder.h"
#include "dojo/video/media_file.h"
#include "dojo/video/packet_table.h"
#include "dojo/video/sandbox.h"
#include "dojo/video/worker_protocol.h"

namespace dojo {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kAnotherMoment = 2;          // seconds, after the deadline
constexpr int64_t kMaxIndexBytes = 64 << 20;  // four million frames

Error system_error(const std::string& what) {
  return Error(Category::kIo,
               "no decoding process can be started: " + what + ": " + std::strerror(errno));
}

}  // namespace

WorkerProcess::WorkerProcess(WorkerOptions options) : options_(std::move(options)) {}

WorkerProcess::~WorkerProcess() {
  stop();
  if (map_) munmap(map_, map_bytes_);
  if (memory_ >= 0) close(memory_);
}

void WorkerProcess::start() {
  if (memory_ < 0) {
    memory_ = memfd_create("dojo-frames", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory_ < 0) throw system_error("memfd_create");
    fcntl(memory_, F_ADD_SEALS, F_SEAL_SHRINK);  // a worker cannot take pages away under us
  }
  const StartedWorker started = start_worker(options_, memory_);
  pid_ = started.pid;
  socket_ = started.socket;
  buffer_.clear();
  told_.clear();
}

void WorkerProcess::stop() {
  if (pid_ > 0) {
    kill(static_cast<pid_t>(pid_), SIGKILL);
    while (waitpid(static_cast<pid_t>(pid_), nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (socket_ >= 0) close(socket_);
  pid_ = -1;
  socket_ = -1;
  busy_ = false;
}

void WorkerProcess::lose(const std::string& reason, const std::string& category) {
  stop();
  WorkerReply reply;
  reply.category = category;
  reply.reason = reason;
  reply.process_lost = true;
  answer_ = std::move(reply);
}

// After the socket closed.
void WorkerProcess::lose_or_ask_again() {
  int status = 0;
  bool ended = false;
  for (int i = 0; i < 200 && !ended; ++i) {
    ended = waitpid(static_cast<pid_t>(pid_), &status, WNOHANG) == static_cast<pid_t>(pid_);
    if (!ended) usleep(5000);
  }
  if (!ended) return lose("the decoding process closed its socket");
  pid_ = -1;
  if (!WIFSIGNALED(status))
    return lose(fmt::format("the decoding process ended with code {}", WEXITSTATUS(status)));
  const char* text = sigabbrev_np(WTERMSIG(status));
  const std::string reason =
      std::string("the decoding process was ended by SIG") + (text ? text : "?");
  // Not by this side, which takes the answer away from a process before it kills it.
  const bool killed = WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGALRM;
  if (!killed) return lose(reason);
  if (second_try_) return lose(reason + ", and so was a fresh one", "io");
  stop();
  second_try_ = true;
  put_question();  // may throw: then nothing is asked any more
  busy_ = true;
}

void WorkerProcess::set_deadline() {
  overdue_ = false;
  deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(options_.deadline_seconds));
}

// The process has read a file that nobody trusts, so neither is its reply.
void WorkerProcess::check(const WorkerReply& reply) const {
  const auto insist = [](bool good) {
    if (!good) throw Error(Category::kIo, "the answer does not fit the question");
  };
  const std::vector<int64_t>& asked = request_.read.frames;
  if (request_.probe) {
    const FrameIndex& index = reply.index;
    insist(index.num_frames() > 0 && index.num_frames() <= file_bytes_);
    insist(index.width * index.height <= kMaxPixels);
    insist(std::ssize(decode_packets(index.packets)) <= file_bytes_);
    return;
  }
  insist(reply.index.num_frames() == 0);
  for (size_t i = 0; i < reply.states.size(); ++i) {
    const int64_t frame = reply.states[i].first;
    insist(request_.states && frame >= 0 && frame < static_cast<int64_t>(most_frames_));
    insist(i == 0 || reply.states[i - 1].first < frame);
  }
  insist(reply.md5.size() == (request_.read.md5 ? asked.size() : 0));
  for (size_t i = 0; i < reply.damaged.size(); ++i) {
    const int64_t frame = reply.damaged[i].first;
    insist(std::binary_search(asked.begin(), asked.end(), frame));
    insist(i == 0 || reply.damaged[i - 1].first < frame);
  }
  insist(reply.kept.empty() || request_.read.keep_damaged);
  for (size_t i = 0; i < reply.kept.size(); ++i) {
    insist(std::any_of(reply.damaged.begin(), reply.damaged.end(),
                       [&](const auto& d) { return d.first == reply.kept[i]; }));
    insist(i == 0 || reply.kept[i - 1] < reply.kept[i]);
  }
}

void WorkerProcess::ask_probe(const std::string& path) {
  pixel_bytes_ = 0;
  most_frames_ = 0;
  ask({.path = path, .probe = true}, nullptr);
  // A frame takes at most 16 bytes of the answer, and seldom less than that in the file; there is
  // room for frames of 8. Pictures of a folder are counted, and are key frames, which take more.
  most_bytes_ = static_cast<uint32_t>(
      std::min((int64_t{1} << 20) + (request_.pictures ? 48 : 2) * file_bytes_, kMaxIndexBytes));
}

void WorkerProcess::ask_read(const Recording& recording, const ReadRequest& request) {
  most_frames_ = request.frames.size();
  pixel_bytes_ =
      request.md5 ? 0 : most_frames_ * static_cast<size_t>(request.height * request.width * 3);
  if (memory_ < 0) start();
  if (pixel_bytes_ > map_bytes_) {
    if (map_) munmap(map_, map_bytes_);
    map_ = nullptr;
    map_bytes_ = 0;
    if (ftruncate(memory_, static_cast<off_t>(pixel_bytes_)) != 0) throw system_error("ftruncate");
    void* map = mmap(nullptr, pixel_bytes_, PROT_READ, MAP_SHARED, memory_, 0);
    if (map == MAP_FAILED) throw system_error("mmap");
    map_ = map;
    map_bytes_ = pixel_bytes_;
  }
  ask({.path = recording.path, .read = request}, recording.index);
  most_bytes_ = static_cast<uint32_t>(
      std::min<size_t>((size_t{1} << 20) + 4200 * most_frames_, kMaxMessageBytes));
}

void WorkerProcess::ask_states(const Recording& recording) {
  most_frames_ = static_cast<size_t>(recording.num_frames());
  pixel_bytes_ = 0;
  ask({.path = recording.path, .states = true}, recording.index);
  most_bytes_ = static_cast<uint32_t>(
      std::min<size_t>((size_t{1} << 20) + 256 * most_frames_, kMaxMessageBytes));
}

void WorkerProcess::ask(WorkerRequest request, const std::shared_ptr<const FrameIndex>& index) {
  DOJO_CHECK(!busy_);
  request_ = std::move(request);
  request_.pictures = has_picture_extension(request_.path);
  index_ = index;
  second_try_ = false;
  put_question();
  busy_ = true;
}

// Whatever is wrong with the file is the answer.
void WorkerProcess::put_question() {
  answer_.reset();
  progress_ = grants_ = 0;
  set_deadline();
  const std::string& path = request_.path;
  std::vector<SharedFile> files;
  try {
    if (!request_.pictures) {
      files.push_back(open_file(path));
      file_bytes_ = files[0]->size();
    } else {
      const std::shared_ptr<const PictureSeries>* known =
          request_.probe ? nullptr : series_.find(path);
      pictures_ =
          known
              ? *known
              : series_.put(path, std::make_shared<const PictureSeries>(read_picture_series(path)));
      file_bytes_ = static_cast<int64_t>(pictures_->files.size());
    }
  } catch (const Error& e) {
    WorkerReply reply;
    reply.category = name(e.category());
    reply.reason = e.message();
    answer_ = std::move(reply);
    return;
  }
  if (pid_ < 0) start();
  request_.index = nullptr;
  request_.picture_times.clear();
  const auto* told = request_.probe ? nullptr : told_.find(path);
  if (!told || *told != index_) {
    request_.index = index_;
    if (request_.pictures) request_.picture_times = pictures_->microseconds;
    if (!request_.probe) told_.put(path, index_);
  }
  send_message(socket_, encode(request_), files);  // where it is gone the answer will say how
}

void WorkerProcess::grant_pictures(int64_t first) {
  const auto count = static_cast<int64_t>(request_.pictures ? pictures_->files.size() : 0);
  // An honest process asks for each picture a few times at most.
  if (first < 0 || first >= count || ++grants_ > 16 * (count + 16))
    throw Error(Category::kIo, fmt::format("it asks for picture {} of {}", first + 1, count));
  GrantedPictures granted;
  std::vector<SharedFile> files;
  const int64_t end = std::min(count, first + static_cast<int64_t>(kPicturesAtOnce));
  for (int64_t i = first; i < end; ++i) {
    std::string problem;
    try {
      files.push_back(open_file(pictures_->files[static_cast<size_t>(i)]));
    } catch (const Error& e) {
      problem = fmt::format("picture {}: {}", i + 1, e.message());
    }
    granted.problems.push_back(std::move(problem));
  }
  set_deadline();  // it has waited for this side
  if (!send_message(socket_, encode(granted), files))
    throw Error(Category::kIo, "it does not take what it asks for");
}

double WorkerProcess::seconds_left() const {
  if (answer_) return 0;
  return std::chrono::duration<double>(deadline_ - Clock::now()).count();
}

// These are false for what is not the last word.
bool WorkerProcess::take(WorkerReply reply) {
  if (reply.ok) check(reply);
  reply.pixels = {static_cast<const uint8_t*>(map_), pixel_bytes_};
  answer_ = std::move(reply);
  return true;
}

bool WorkerProcess::take(const WorkerProgress& progress) {
  if (progress.done <= progress_) throw Error(Category::kIo, "no progress");
  // A file has no more packets than bytes; some are read a few times.
  if (progress.done > 1'000'000 + 16 * file_bytes_)
    throw Error(Category::kIo, "more progress than there is work");
  progress_ = progress.done;
  set_deadline();
  return false;
}

bool WorkerProcess::take(const WantedPictures& wanted) {
  grant_pictures(wanted.first);
  return false;
}

bool WorkerProcess::take(const RefusedCall& call) {
  lose(fmt::format("the decoding process tried system call {}, which decoding does not need",
                   system_call_name(call.number)));
  return true;
}

void WorkerProcess::read_messages() {
  char chunk[1 << 16];
  for (size_t got = 0; !answer_;) {
    const ssize_t n = recv(socket_, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (n <= 0) {
      closed_ = true;
      return;
    }
    buffer_.append(chunk, static_cast<size_t>(n));
    got += static_cast<size_t>(n);
    if (got > size_t{2} * most_bytes_) return lose("the decoding process says too much", "io");
    for (std::string text; take_message(&buffer_, &text, most_bytes_);)
      if (std::visit([this](auto&& message) { return take(std::move(message)); },
                     decode_worker_message(text, most_frames_))) {
        if (!buffer_.empty()) lose("the decoding process says more than was asked", "io");
        return;
      }
  }
}

std::optional<WorkerReply> WorkerProcess::try_answer() {
  DOJO_CHECK(busy_);
  try {
    if (!answer_) read_messages();
  } catch (const Error& e) {
    lose("the decoding process makes no sense: " + e.message(), "io");
  } catch (const std::bad_alloc&) {
    lose("the decoding process says more than fits into memory", "io");
  }
  // A process that cannot be started is no fault of the file: that error is the caller's.
  if (!answer_ && std::exchange(closed_, false)) lose_or_ask_again();
  // This side may have been stopped (Ctrl-Z), and the worker with it: it gets another moment.
  if (!answer_ && seconds_left() <= 0 && !std::exchange(overdue_, true))
    deadline_ =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                           std::min(kAnotherMoment, options_.deadline_seconds)));
  if (!answer_ && seconds_left() <= 0)
    lose(fmt::format("no answer and no progress within the deadline of {:g} s",
                     options_.deadline_seconds));
  if (!answer_) return std::nullopt;
  busy_ = false;
  return std::exchange(answer_, std::nullopt);
}

WorkerReply WorkerProcess::answer() {
  for (;;) {
    throw_if_interrupted();
    if (options_.stop && options_.stop()) throw Interrupted{};
    if (std::optional<WorkerReply> reply = try_answer()) return *std::move(reply);
    pollfd wait{socket_, POLLIN, 0};
    // At most a second: a signal that comes just before poll() does not end it.
    poll(&wait, 1, static_cast<int>(std::clamp(seconds_left() * 1000 + 1, 1.0, 1000.0)));
  }
}

}  // namespace dojo
