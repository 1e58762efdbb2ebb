#include "dojo/video/worker_channel.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "dojo/base/error.h"

namespace dojo {

bool WorkerChannel::receive_text(std::string* text) {
  while (!take_message(&buffer_, text)) {
    char bytes[1 << 16];
    alignas(cmsghdr) char control[CMSG_SPACE(kPicturesAtOnce * sizeof(int))];
    iovec piece{bytes, sizeof bytes};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t n = recvmsg(kWorkerSocket, &message, MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
      for (size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
        int descriptor = -1;
        std::memcpy(&descriptor, CMSG_DATA(c) + at, sizeof descriptor);
        files_.push_back(std::make_shared<const OpenFile>(descriptor));
      }
    }
    buffer_.append(bytes, static_cast<size_t>(n));
  }
  return true;
}

SharedFile WorkerChannel::take_file() {
  if (files_.empty())
    throw Error(Category::kIo, "the decoding process cannot take the file: too many are open");
  SharedFile file = std::move(files_.front());
  files_.pop_front();
  return file;
}

bool WorkerChannel::receive(WorkerRequest* request) {
  std::string text;
  if (!receive_text(&text)) return false;
  *request = decode_request(text);
  pictures_.clear();
  problems_.clear();
  file_ = nullptr;
  if (!request->pictures) file_ = take_file();
  files_.clear();
  return true;
}

MediaSource WorkerChannel::source(const WorkerRequest& request,
                                  const std::vector<int64_t>& picture_times) {
  MediaSource source{.path = request.path, .file = file_};
  if (!request.pictures) return source;
  source.picture_times = picture_times;
  source.open_picture = [this](size_t i) { return picture(i); };
  return source;
}

// Asks for several at a time: mostly they are read one after the other.
SharedFile WorkerChannel::picture(size_t i) {
  if (i < first_picture_ || i >= first_picture_ + problems_.size()) {
    std::string text;
    if (!send(encode(WantedPictures{static_cast<int64_t>(i)})) || !receive_text(&text))
      throw Error(Category::kIo, "the main process is gone");
    first_picture_ = i;
    problems_ = decode_granted(text).problems;
    pictures_.clear();
    for (const std::string& problem : problems_)
      pictures_.push_back(problem.empty() ? take_file() : nullptr);
    files_.clear();
    if (problems_.empty()) throw Error(Category::kIo, "a picture was asked for in vain");
  }
  const size_t at = i - first_picture_;
  if (!problems_[at].empty()) throw Error(Category::kIo, problems_[at]);
  return pictures_[at];
}

bool WorkerChannel::send(std::string_view message) {
  while (!message.empty()) {
    const ssize_t n = ::send(kWorkerSocket, message.data(), message.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    message.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace dojo
