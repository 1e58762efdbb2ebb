#include "dojo/sim/network/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "dojo/base/error.h"
#include "dojo/base/gzip.h"
#include "dojo/base/parallel_for.h"

namespace dojo::sim {
namespace {

std::string error_of(const std::string& text) {
  try {
    parse_trace(text, booksim_mesh(3, 3), "trace.txt");
  } catch (const Error& e) {
    EXPECT_EQ(e.category(), Category::kInput);
    return e.where() + ": " + e.message();
  }
  return "no error";
}

TEST(Replay, ATraceIsALineForEachPacket) {
  const auto trace = parse_trace("0 1 8 5 6 22 4\r\n 1  2 0 7 7 19 3 \n", booksim_mesh(3, 3), "x");
  ASSERT_EQ(trace.size(), 2u);
  EXPECT_EQ(trace[0].destination, 8u);
  EXPECT_EQ(trace[0].created, 5);
  EXPECT_EQ(trace[0].issued, 6);
  EXPECT_EQ(trace[0].arrived, 22);
  EXPECT_EQ(trace[1].id, 1);
  EXPECT_EQ(trace[1].hops, 3);
}

TEST(Replay, WhatIsNoPacketIsRefusedWithItsLine) {
  EXPECT_EQ(error_of(""), "trace.txt: there is no packet in it");
  EXPECT_EQ(error_of("0 1 8 5 6 22 4\n0 1 8 5 6 22\n"), "trace.txt:2: the hops is missing");
  EXPECT_EQ(error_of("\n"), "trace.txt:1: the id is missing");
  EXPECT_EQ(error_of("0 1 x 5 6 22 4"),
            "trace.txt:1: the destination is \"x\", no number from 0 on");
  EXPECT_EQ(error_of("0 1 -8 5 6 22 4"),
            "trace.txt:1: the destination is \"-8\", no number from 0 on");
  EXPECT_EQ(error_of("0 1 99999999999999999999 5 6 22 4"),
            "trace.txt:1: the destination is \"99999999999999999999\", no number from 0 on");
  EXPECT_EQ(error_of("0 9 8 5 6 22 4"),
            "trace.txt:1: the source is 9, which is no live node of 3x3");
  EXPECT_EQ(error_of("0 1 8 5 6 22 4 4"), "trace.txt:1: there is more than 7 numbers");
  EXPECT_EQ(error_of("0 1 8 7 6 22 4"),
            "trace.txt:1: created in cycle 7, issued in 6, arrived in 22");
  EXPECT_EQ(error_of("0 1 8 7 7 22 4\n1 1 8 6 7 22 4"),
            "trace.txt:2: created in cycle 6, before the last packet of node 1");
}

TEST(Replay, APacketThatArrivesInAnotherCycleIsAMismatch) {
  // 2 cycles and 4 for each router; then one too early, one too late, one later than the trace.
  const auto mismatches = [](const std::string& text) {
    const auto trace = parse_trace(text, booksim_mesh(3, 3), "x");
    return replay(trace, 1, *make_reference_network(booksim_mesh(3, 3), {})).mismatches;
  };
  EXPECT_EQ(mismatches("0 0 8 5 5 27 5\n1 4 5 50 50 60 2\n"), 0);
  EXPECT_EQ(mismatches("0 0 8 5 5 26 5\n1 4 5 50 50 60 2\n"), 1);
  EXPECT_EQ(mismatches("0 0 8 5 5 28 5\n1 4 5 50 50 60 2\n"), 1);
  EXPECT_EQ(mismatches("0 0 8 5 5 27 5\n1 4 5 50 50 59 2\n"), 1);
}

// What the names of tests/golden/network say: words of a letter or more and a number.
int value_in(const std::string& name, const std::string& word, int otherwise) {
  const size_t at = name.find("_" + word);
  if (at == name.npos) return otherwise;
  return std::stoi(name.substr(at + 1 + word.size()));
}

struct TraceFile {
  std::filesystem::path path;
  Topology topology;
  RouterParameters parameters;
  int flits = 1;
};

TraceFile trace_file(const std::filesystem::path& path) {
  const std::string name = "_" + path.filename().string();
  TraceFile f{.path = path, .topology = {}, .parameters = {}, .flits = value_in(name, "size", 1)};
  RouterParameters& p = f.parameters;
  p.virtual_channels = value_in(name, "vcs", p.virtual_channels);
  p.buffer_flits = value_in(name, "buffer", p.buffer_flits);
  p.wait_for_tail_credit = value_in(name, "tail", 1) == 1;
  p.input_speedup = value_in(name, "speedup", p.input_speedup);
  p.credit_cycles = value_in(name, "credit", p.credit_cycles);
  p.routing_cycles = value_in(name, "routing", p.routing_cycles);
  const int k = value_in(name, "k", 0);
  f.topology = mesh(k, k,
                    {.latency_cycles = value_in(name, "link", 2),
                     .buffer_flits = p.buffer_flits,
                     .flit_interval = {}});
  return f;
}

std::vector<TraceFile> trace_files(const std::filesystem::path& folder) {
  std::vector<TraceFile> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".gz") files.push_back(trace_file(entry.path()));
  return files;
}

template <typename Make>
void expect_same_arrivals(const std::vector<TraceFile>& files, const Make& make) {
  for (const TraceFile& f : files) {
    const auto trace =
        parse_trace(read_file_or_gzip(f.path, 1 << 28), f.topology, f.path.filename());
    const auto network = make(f.topology, f.parameters);
    const ReplayResult result = replay(trace, f.flits, *network);
    EXPECT_EQ(result.mismatches, 0) << f.path << ": " << result.first_mismatch;
    EXPECT_EQ(result.issue_mismatches, 0) << f.path;
    EXPECT_EQ(result.packets, std::ssize(trace));
    EXPECT_EQ(network->in_flight(), 0);
  }
}

void expect_same_arrivals_in_fast_networks(const std::vector<TraceFile>& files) {
  const int before = num_threads();
  set_num_threads(2);
  for (const int threads : {1, 2, 3})
    expect_same_arrivals(files, [&](const Topology& t, const RouterParameters& p) {
      return make_network(t, p, {.threads = threads});
    });
  set_num_threads(before);
}

const auto kGolden = std::filesystem::path(DOJO_SOURCE_DIR) / "tests/golden/network";

TEST(BookSimPackets, ArriveInTheSameCycleInTheReferenceNetwork) {
  const auto files = trace_files(kGolden);
  EXPECT_EQ(files.size(), 10u);
  expect_same_arrivals(files, make_reference_network);
}

TEST(BookSimPackets, ArriveInTheSameCycleInTheFastNetwork) {
  expect_same_arrivals_in_fast_networks(trace_files(kGolden));
}

// Many more of them, in a folder that is not part of the sources.
class BookSimTraces : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("DOJO_NOC_DATA");
    if (folder == nullptr) GTEST_SKIP() << "DOJO_NOC_DATA names no folder of traces";
    files_ = trace_files(folder);
    ASSERT_FALSE(files_.empty()) << folder;
  }
  std::vector<TraceFile> files_;
};

TEST_F(BookSimTraces, ArriveInTheSameCycleInTheReferenceNetwork) {
  expect_same_arrivals(files_, make_reference_network);
}

TEST_F(BookSimTraces, ArriveInTheSameCycleInTheFastNetwork) {
  expect_same_arrivals_in_fast_networks(files_);
}

}  // namespace
}  // namespace dojo::sim
