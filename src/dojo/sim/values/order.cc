#include "dojo/sim/values/order.h"

#include <algorithm>

namespace dojo::sim {

using program::kNumThreads;

Order::Order(const program::Program& program, const program::NodeMap& map, size_t num_memories,
             bool on)
    : on_(on) {
  if (!on) return;
  nodes_.resize(map.num_cells());
  shadows_.resize(num_memories);
  transfers_.resize(num_memories);
  for (size_t cell = 0; cell < map.num_cells(); ++cell) {
    if (!map.has_role(cell)) continue;
    Node& node = nodes_[cell];
    const program::NodeClass& node_class = program.classes[at(map.role(cell).node_class)];
    node.first_counter = static_cast<uint32_t>(counters_.size());
    const program::Layout& layout = program.layout(node_class.layout);
    counters_.resize(counters_.size() + static_cast<size_t>(layout.num_slots));
    for (const program::Semaphore& s : program.semaphores_of(layout))
      for (int32_t i = 0; s.initial > 0 && i < s.count; ++i)
        counters_[node.first_counter + static_cast<size_t>(s.first_slot + i)].push_back(
            {s.initial, {}});
    for (size_t t = 0; t < kNumThreads; ++t) {
      if (node_class.threads[t].instructions.empty()) continue;
      node.threads[t].agent = num_agents_++;
      node.threads[t].known.set(node.threads[t].agent, 1);
    }
  }
}

Clock Order::release(size_t cell, size_t thread) {
  if (!on_) return {};
  Thread& t = nodes_[cell].threads[thread];
  Clock clock = t.known;
  t.known.set(t.agent, t.known.of(t.agent) + 1);
  return clock;
}

void Order::acquire(size_t cell, size_t thread, const Clock& clock) {
  if (on_) nodes_[cell].threads[thread].known.join(clock);
}

void Order::add(size_t cell, size_t slot, int64_t amount, const Clock& clock) {
  if (on_ && amount > 0) counters_[nodes_[cell].first_counter + slot].push_back({amount, clock});
}

void Order::take(size_t cell, size_t thread, size_t slot, int64_t amount) {
  if (!on_) return;
  std::deque<Units>& units = counters_[nodes_[cell].first_counter + slot];
  while (amount > 0) {
    const int64_t taken = std::min(amount, units.front().amount);
    acquire(cell, thread, units.front().clock);
    amount -= taken;
    units.front().amount -= taken;
    if (units.front().amount == 0) units.pop_front();
  }
}

void Order::complete(size_t cell, const Clock& clock) {
  if (on_) nodes_[cell].completed.join(clock);
}

void Order::end_phase(size_t cell) {
  if (!on_) return;
  Node& node = nodes_[cell];
  Clock all = node.completed;
  for (const Thread& t : node.threads) all.join(t.known);
  for (Thread& t : node.threads) {
    const uint32_t time = t.known.of(t.agent);
    if (time == 0) continue;  // it has no instructions
    t.known = all;
    t.known.set(t.agent, time + 1);
  }
}

Access Order::by_thread(size_t cell, size_t thread, uint32_t site) const {
  if (!on_) return {};
  const Thread& t = nodes_[cell].threads[thread];
  return {t.agent, t.known.of(t.agent), site};
}

const Clock& Order::known(size_t cell, size_t thread) const {
  return on_ ? nodes_[cell].threads[thread].known : nothing_;
}

Access Order::by_transfer(size_t memory, uint32_t site, Clock* known) {
  if (!on_) return {};
  std::vector<Agent>& agents = transfers_[memory];
  // An earlier transfer's number is used again where who asks for this one knows that one's end.
  auto agent = std::find_if(agents.begin(), agents.end(),
                            [&](const Agent& a) { return known->of(a.id) >= a.time; });
  if (agent == agents.end()) agent = agents.insert(agents.end(), {num_agents_++, 0});
  known->set(agent->id, ++agent->time);
  return {agent->id, agent->time, site};
}

std::optional<Shadow::Race> Order::note(size_t memory, int64_t address, int64_t bytes, bool writes,
                                        const Access& access, const Clock& known) {
  if (!on_) return {};
  return shadows_[memory].note(address, bytes, writes, access, known);
}

void Order::fields(Archive& archive, ClockParts* shared, uint32_t sites) {
  if (!on_) return;
  uint32_t threads = num_agents_;
  for (const std::vector<Agent>& agents : transfers_)
    threads -= static_cast<uint32_t>(archive.reads() ? 0 : agents.size());
  for (std::vector<Agent>& agents : transfers_) {
    archive.list(agents, [&](Agent& agent) {
      archive.word(agent.id);
      archive.word(agent.time);
    });
    if (archive.reads()) num_agents_ += static_cast<uint32_t>(agents.size());
  }
  for (const std::vector<Agent>& agents : transfers_)
    for (const Agent& agent : agents)
      Archive::require(agent.id >= threads && agent.id < num_agents_);
  for (Node& node : nodes_) {
    for (Thread& t : node.threads) t.known.fields(archive, shared, num_agents_);
    node.completed.fields(archive, shared, num_agents_);
  }
  for (std::deque<Units>& counter : counters_) {
    const size_t n = archive.count(counter.size());
    if (archive.reads()) {
      counter.clear();
      counter.resize(n);
    }
    for (Units& units : counter) {
      archive.whole(units.amount, 1, INT32_MAX);
      units.clock.fields(archive, shared, num_agents_);
    }
  }
  for (Shadow& shadow : shadows_) shadow.fields(archive, num_agents_, sites);
}

std::optional<int64_t> Order::units(size_t cell, size_t slot) const {
  if (!on_) return {};
  int64_t sum = 0;
  for (const Units& units : counters_[nodes_[cell].first_counter + slot]) sum += units.amount;
  return sum;
}

}  // namespace dojo::sim
