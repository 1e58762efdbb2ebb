#include "dojo/host/memory_plan.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "dojo/base/check.h"

namespace dojo::host {
namespace {

int64_t round_up(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// By root buffer; first > last where it is never used.
std::vector<Lifetime> lifetimes_of(const Program& p) {
  std::vector<Lifetime> lives(p.buffers.size(), {0, std::numeric_limits<int64_t>::max(), -1});
  for (size_t b = 0; b < p.buffers.size(); ++b) lives[b].bytes = p.buffers[b].bytes;
  for (size_t s = 0; s < p.steps.size(); ++s)
    for (const auto* list : {&p.steps[s].reads, &p.steps[s].writes})
      for (BufferId b : *list) {
        if (b == kNoBuffer) continue;
        Lifetime& life = lives[at(p.root(b).first)];
        life.first = std::min(life.first, static_cast<int64_t>(s));
        life.last = std::max(life.last, static_cast<int64_t>(s));
      }
  return lives;
}

}  // namespace

Placement place(std::span<const Lifetime> lifetimes) {
  std::vector<size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return lifetimes[a].bytes > lifetimes[b].bytes; });
  Placement result;
  result.offsets.assign(lifetimes.size(), 0);
  std::vector<size_t> placed;  // sorted by offset
  for (size_t i : order) {
    const Lifetime& life = lifetimes[i];
    int64_t offset = 0;
    for (size_t j : placed) {
      const Lifetime& other = lifetimes[j];
      if (other.last < life.first || life.last < other.first) continue;
      if (offset + life.bytes <= result.offsets[j]) break;
      offset = std::max(offset, round_up(result.offsets[j] + other.bytes));
    }
    result.offsets[i] = offset;
    result.arena_bytes = std::max(result.arena_bytes, round_up(offset + life.bytes));
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), i,
                         [&](size_t a, size_t b) { return result.offsets[a] < result.offsets[b]; }),
        i);
  }
  return result;
}

void share_memory(Program& p) {
  const std::vector<Lifetime> lives = lifetimes_of(p);
  // Sharing joins lifetimes; `last` of the joined buffer is kept at its root.
  std::vector<int64_t> last(lives.size());
  for (size_t b = 0; b < lives.size(); ++b) last[b] = lives[b].last;
  for (size_t s = 0; s < p.steps.size(); ++s)
    for (const auto& [written, read] : p.steps[s].may_share) {
      const auto [to, to_offset] = p.root(written);
      const auto [from, from_offset] = p.root(read);
      const Buffer &target = p.buffers[at(to)], &source = p.buffers[at(from)];
      if (to == from || to_offset != 0 || from_offset != 0) continue;
      if (target.kind != Buffer::Kind::kArena || source.kind != Buffer::Kind::kArena) continue;
      if (target.bytes != source.bytes || lives[at(to)].first != static_cast<int64_t>(s)) continue;
      if (last[at(from)] != static_cast<int64_t>(s)) continue;
      // No other operand of the step may lie in the memory that the step now overwrites.
      int64_t uses = 0;
      for (const auto* list : {&p.steps[s].reads, &p.steps[s].writes})
        for (BufferId b : *list) uses += b != kNoBuffer && p.root(b).first == from ? 1 : 0;
      if (uses != 1) continue;
      p.buffers[at(to)].base = from;
      last[at(from)] = last[at(to)];
    }
}

MemoryPlan plan_memory(const Program& p, bool reuse) {
  const std::vector<Lifetime> lives = lifetimes_of(p);
  MemoryPlan plan;
  plan.offsets.assign(p.buffers.size(), 0);
  std::vector<Lifetime> arena;
  std::vector<size_t> owners;
  for (size_t b = 0; b < p.buffers.size(); ++b) {
    if (p.buffers[b].base != kNoBuffer) continue;
    if (p.buffers[b].kind == Buffer::Kind::kPersistent) {
      plan.offsets[b] = plan.persistent_bytes;
      plan.persistent_bytes += round_up(p.buffers[b].bytes);
    } else if (lives[b].last >= 0) {
      arena.push_back(lives[b]);
      if (!reuse) arena.back() = {lives[b].bytes, 0, std::ssize(p.steps)};
      owners.push_back(b);
    }
  }
  const Placement placement = place(arena);
  plan.arena_bytes = placement.arena_bytes;
  for (size_t i = 0; i < owners.size(); ++i) plan.offsets[owners[i]] = placement.offsets[i];
  for (size_t b = 0; b < p.buffers.size(); ++b) {
    const auto [root, offset] = p.root(static_cast<BufferId>(b));
    if (p.buffers[b].base != kNoBuffer) plan.offsets[b] = plan.offsets[at(root)] + offset;
  }
  return plan;
}

}  // namespace dojo::host
