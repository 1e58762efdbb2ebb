#include "dojo/video/packet_table.h"

#include <gtest/gtest.h>

#include <limits>

#include "dojo/base/error.h"
#include "dojo/base/random.h"

namespace dojo {
namespace {

TEST(PacketTable, GivesBackWhatWasPutIn) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min(),
                    kMost = std::numeric_limits<int64_t>::max();
  std::vector<Packet> packets = {{.pts = 0, .offset = 48, .size = 1000, .crc = 1, .key = true},
                                 {.pts = kLeast, .offset = -1, .size = 0, .crc = ~0u},
                                 {.pts = kMost, .offset = kMost, .size = kMost, .shown = false},
                                 {.pts = -5, .offset = 7, .size = 3, .crc = 0x80000000u}};
  Random random(1);
  for (int i = 0; i < 500; ++i)
    packets.push_back({.pts = static_cast<int64_t>(random.next_u64() >> random.below(64)),
                       .offset = static_cast<int64_t>(random.next_u64() >> random.below(64)),
                       .size = static_cast<int64_t>(random.next_u64() >> (1 + random.below(63))),
                       .crc = random.next_u32(),
                       .key = random.chance(0.5),
                       .shown = random.chance(0.5)});
  EXPECT_EQ(decode_packets(encode_packets(packets)), packets);
  EXPECT_TRUE(decode_packets(encode_packets({})).empty());
}

TEST(PacketTable, TakesTwelveBytesForAnOrdinaryPacket) {
  std::vector<Packet> packets;
  for (int64_t i = 0; i < 1000; ++i)
    packets.push_back({.pts = 512 * i, .offset = 50'000 * i, .size = 20'000, .crc = 0xABCDEF01u});
  EXPECT_LE(encode_packets(packets).size(), 12'000u);
}

TEST(PacketTable, BytesThatAreNoTableAreAnError) {
  const std::string good = encode_packets(std::vector<Packet>(20, {.pts = 7, .size = 9}));
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_THROW(decode_packets(good.substr(0, size)), Error) << size;
  EXPECT_THROW(decode_packets(good + "x"), Error);
  EXPECT_THROW(decode_packets(std::string(11, '\xff')), Error);
  EXPECT_THROW(decode_packets("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
               Error);  // 2^64-1 of them
}

TEST(PacketTable, KnowsWhichPacketsAreStillInTheirPlaces) {
  const std::vector<Packet> before = {{.offset = 10, .size = 5, .crc = 1},
                                      {.offset = 15, .size = 5, .crc = 2},
                                      {.offset = 20, .size = 5, .crc = 3}};
  std::vector<Packet> now = before;
  EXPECT_EQ(packets_kept(before, now), (std::vector<bool>{true, true, true}));
  now[1].crc = 9;
  now.erase(now.begin());
  EXPECT_EQ(packets_kept(before, now), (std::vector<bool>{false, false, true}));
}

}  // namespace
}  // namespace dojo
