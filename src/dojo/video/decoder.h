// Reads frames of one file by number, each with exactly the bytes that a sequential decode gives
// for that number, or says that the frame is damaged. Seeks to the key before, decodes forward, and
// knows a frame by its time stamp; files without usable time stamps are decoded from the start and
// counted. Each packet is compared with the index before it is decoded. In a worker process only
// (see media_file.h). Not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dojo/video/frame_index.h"
#include "dojo/video/media_file.h"
#include "dojo/video/packet_table.h"

namespace dojo {

class Decoder {
 public:
  // `progress` is called after each packet and each picture.
  explicit Decoder(MediaSource source, std::function<void()> progress = {});  // builds the index
  Decoder(MediaSource source, FrameIndex index,
          std::function<void()> progress = {});  // trusts an index built before

  const FrameIndex& index() const { return index_; }

  // Calls visit(i, frame, "") for each i of `frames` in order, or visit(i, nullptr, reason) where
  // the frame cannot be decoded exactly; with `keep_damaged`, visit(i, frame, reason) where some
  // picture comes out for it all the same. Whether a frame is damaged does not depend on what was
  // read before. REQUIRES: `frames` ascending, in [0, num_frames).
  void read(std::span<const int64_t> frames,
            const std::function<void(int64_t frame, const AVFrame* picture,
                                     const std::string& damage)>& visit,
            bool keep_damaged = false);

  int64_t frames_decoded() const { return frames_decoded_; }

 private:
  void know_packets();
  int64_t number(int64_t pts) const;
  void go_to(const FrameIndex::Key& key);
  const AVFrame* next_shown(int64_t* number);
  void note_damage(const std::string& complaint);
  void note_damage(int64_t begin, int64_t end, const std::string& why);
  const std::string* damage_of(int64_t frame) const;
  void check_packet();
  void note_change(size_t packet);

  // Frames [begin, end) that come out now are damaged.
  struct Damage {
    int64_t begin, end;
    std::string why;
  };

  MediaFile file_;
  FrameIndex index_;
  std::vector<Packet> packets_;     // of the index
  std::vector<size_t> key_packet_;  // [keys] number of each key's packet
  size_t next_packet_ = 0;          // number of the packet that is read next
  int64_t next_ = 0;                // number of the frame that comes out next
  int64_t fed_key_ = 0;             // index into keys of the last key packet that the decoder got
  bool waiting_for_key_ = false, draining_ = false, ended_ = false;
  std::vector<Damage> damage_;
  std::string missing_;  // why frames do not come out at all
  int64_t frames_decoded_ = 0;
};

}  // namespace dojo
