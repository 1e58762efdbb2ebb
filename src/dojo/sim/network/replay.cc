#include "dojo/sim/network/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "dojo/base/error.h"
#include "dojo/base/text.h"

namespace dojo::sim {
namespace {

constexpr std::array<const char*, 7> kColumns = {"id",     "source",  "destination", "created",
                                                 "issued", "arrived", "hops"};
constexpr Cycle kMostCycles = int64_t{1} << 40;

class TraceReader {
 public:
  TraceReader(const Topology& topology, const std::string& file)
      : topology_(topology), file_(file), last_created_(topology.nodes(), 0) {}

  TracedPacket read(std::string_view line) {
    ++line_;
    std::array<int64_t, kColumns.size()> x{};
    for (size_t i = 0; i < x.size(); ++i) x[i] = number(line, kColumns[i]);
    if (line.find_first_not_of(" \t\r") != line.npos)
      wrong(fmt::format("there is more than {} numbers", x.size()));
    TracedPacket p{.id = x[0],
                   .source = node(x[1], "source"),
                   .destination = node(x[2], "destination"),
                   .created = x[3],
                   .issued = x[4],
                   .arrived = x[5],
                   .hops = static_cast<int32_t>(std::min<int64_t>(x[6], INT32_MAX))};
    if (p.created > p.issued || p.issued > p.arrived || p.arrived > kMostCycles)
      wrong(fmt::format("created in cycle {}, issued in {}, arrived in {}", p.created, p.issued,
                        p.arrived));
    if (p.created < last_created_[p.source])
      wrong(fmt::format("created in cycle {}, before the last packet of node {}", p.created,
                        p.source));
    last_created_[p.source] = p.created;
    return p;
  }

 private:
  int64_t number(std::string_view& line, const char* column) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(" \t\r"));
    line.remove_prefix(word.size());
    int64_t value = -1;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || value < 0)
      wrong(word.empty() ? fmt::format("the {} is missing", column)
                         : fmt::format("the {} is \"{}\", no number from 0 on", column,
                                       one_line(word.substr(0, 40))));
    return value;
  }

  NodeId node(int64_t n, const char* column) {
    if (n >= topology_.nodes() || !topology_.live[static_cast<size_t>(n)])
      wrong(fmt::format("the {} is {}, which is no live node of {}x{}", column, n,
                        topology_.columns, topology_.rows));
    return static_cast<NodeId>(n);
  }

  [[noreturn]] void wrong(std::string message) const {
    throw Error(Category::kInput, std::move(message), fmt::format("{}:{}", file_, line_),
                "a line has: id source destination created issued arrived hops");
  }

  const Topology& topology_;
  const std::string& file_;
  std::vector<Cycle> last_created_;
  int64_t line_ = 0;
};

}  // namespace

std::vector<TracedPacket> parse_trace(std::string_view text, const Topology& topology,
                                      const std::string& file) {
  TraceReader reader(topology, file);
  std::vector<TracedPacket> trace;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    trace.push_back(reader.read(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (trace.empty()) throw Error(Category::kInput, "there is no packet in it", file);
  return trace;
}

ReplayResult replay(const std::vector<TracedPacket>& trace, int32_t flits, Network& network) {
  Cycle last = 0;
  for (size_t i = 0; i < trace.size(); ++i) {
    const TracedPacket& p = trace[i];
    network.send({p.source, p.destination, flits, p.created, static_cast<uint32_t>(i)});
    last = std::max(last, p.arrived);
  }
  ReplayResult result{.packets = std::ssize(trace),
                      .mismatches = 0,
                      .issue_mismatches = 0,
                      .cycles = 0,
                      .flit_hops = 0,
                      .first_mismatch = ""};
  // A packet that is late counts as soon as the trace is over; the others are waited for.
  network.run_until(last + 1);
  size_t met = 0;
  for (const ArrivedPacket& a : network.take_arrived()) {
    const TracedPacket& p = trace[a.tag];
    ++met;
    result.flit_hops += int64_t{a.hops} * flits;
    result.cycles = std::max(result.cycles, a.arrived + 1);
    if (a.issued != p.issued) ++result.issue_mismatches;
    if (a.arrived == p.arrived) continue;
    ++result.mismatches;
    if (result.first_mismatch.empty())
      result.first_mismatch =
          fmt::format("packet {} from {} to {}, created {}: arrived {}, in the trace {}", p.id,
                      p.source, p.destination, p.created, a.arrived, p.arrived);
  }
  result.mismatches += std::ssize(trace) - static_cast<int64_t>(met);
  if (met < trace.size() && result.first_mismatch.empty())
    result.first_mismatch = fmt::format(
        "{} packets had not arrived in cycle {}, when the trace ends", trace.size() - met, last);
  return result;
}

}  // namespace dojo::sim
