#include "dojo/sim/network/topology.h"

#include <fmt/format.h>

#include <algorithm>

#include "dojo/base/check.h"
#include "dojo/base/error.h"

namespace dojo::sim {
namespace {

constexpr int32_t kMostColumns = 32768;
constexpr int64_t kMostNodes = int64_t{1} << 25;

bool inside(const Topology& t, NodeId n, int port) {
  switch (port) {
    case kEast:
      return t.x(n) + 1 < t.columns;
    case kWest:
      return t.x(n) > 0;
    case kSouth:
      return t.y(n) + 1 < t.rows;
    default:
      return t.y(n) > 0;
  }
}

[[noreturn]] void wrong(std::string message, std::string where) {
  throw Error(Category::kConfig, std::move(message), std::move(where));
}

void check_link(const Topology& t, NodeId n, int port) {
  const Link& link = t.link(n, port);
  const std::string where = fmt::format("the link from ({},{}) by port {}", t.x(n), t.y(n), port);
  if (link.latency_cycles < 0 || link.latency_cycles > 1 << 15)
    wrong(fmt::format("a latency of {} cycles", link.latency_cycles), where);
  if (!link) return;
  if (!inside(t, n, port)) wrong("it leads out of the grid", where);
  const NodeId to = t.neighbour(n, port);
  if (!t.live[n] || !t.live[to]) wrong("one of its ends is dead", where);
  if (!t.link(to, opposite(port))) wrong("there is no link back", where);
  if (link.buffer_flits < 1 || link.buffer_flits > 65535)
    wrong(fmt::format("a buffer of {} flits", link.buffer_flits), where);
  const auto [numerator, denominator] = link.flit_interval;
  if (denominator < 1 || numerator < denominator || numerator > 1 << 20)
    wrong(fmt::format("a flit each {}/{} cycles", numerator, denominator), where);
}

}  // namespace

int64_t Topology::num_live() const { return std::count(live.begin(), live.end(), 1); }

Topology mesh(int32_t columns, int32_t rows, const Link& link) {
  DOJO_CHECK(columns > 0 && rows > 0 && link.latency_cycles > 0);
  Topology t{.columns = columns, .rows = rows, .live = {}, .links = {}};
  t.live.assign(t.nodes(), 1);
  t.links.resize(size_t{t.nodes()} * 4);
  for (NodeId n = 0; n < t.nodes(); ++n)
    for (int port = 0; port < 4; ++port)
      if (inside(t, n, port)) t.link(n, port) = link;
  return t;
}

Topology booksim_mesh(int32_t columns, int32_t rows) {
  return mesh(columns, rows, {.latency_cycles = 2, .buffer_flits = 8, .flit_interval = {}});
}

void kill(Topology& t, NodeId node) {
  DOJO_CHECK_LT(node, t.nodes());
  t.live[node] = 0;
  for (int port = 0; port < 4; ++port) {
    if (t.link(node, port)) t.link(t.neighbour(node, port), opposite(port)) = {};
    t.link(node, port) = {};
  }
}

void check(const Topology& t) {
  if (t.columns < 1 || t.rows < 1 || t.columns > kMostColumns || t.rows > kMostColumns ||
      int64_t{t.columns} * t.rows > kMostNodes)
    wrong(fmt::format("a grid of {}x{} nodes", t.columns, t.rows), "");
  DOJO_CHECK_EQ(t.live.size(), size_t{t.nodes()});
  DOJO_CHECK_EQ(t.links.size(), size_t{t.nodes()} * 4);
  for (NodeId n = 0; n < t.nodes(); ++n)
    for (int port = 0; port < 4; ++port) check_link(t, n, port);
}

}  // namespace dojo::sim
