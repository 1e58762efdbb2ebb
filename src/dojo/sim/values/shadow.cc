#include "dojo/sim/values/shadow.h"

#include <algorithm>

namespace dojo::sim {
namespace {

bool is_known(const Access& access, const Clock& known) {
  return access.is_none() || known.of(access.agent) >= access.time;
}

}  // namespace

std::optional<Shadow::Race> Shadow::note(int64_t address, int64_t bytes, bool writes,
                                         const Access& access, const Clock& known) {
  for (const int64_t end = address + bytes; address < end;) {
    const int64_t index = address / kLine, line_end = std::min(end, (index + 1) * kLine);
    Line& l = line(index);
    if (!l.bytes && address == index * kLine && line_end == address + kLine) {
      if (auto race = note(&l.whole, writes, access, known)) {
        race->address = address;
        return race;
      }
      address = line_end;
      continue;
    }
    if (!l.bytes) {
      l.bytes = std::make_unique<std::array<Touched, kLine>>();
      Touched each = l.whole;
      if (each.read.agent == kMany) {  // each byte gets a list of its own
        const std::vector<Access> reads = reads_[each.read.time];
        forget(&l.whole.read);
        for (Touched& byte : *l.bytes) {
          byte.write = each.write;
          for (const Access& read : reads) add_read(&byte.read, read, {});
        }
      } else {
        l.bytes->fill(each);
      }
    }
    for (; address < line_end; ++address) {
      if (auto race = note(&(*l.bytes)[static_cast<size_t>(address - index * kLine)], writes,
                           access, known)) {
        race->address = address;
        return race;
      }
    }
  }
  return {};
}

Shadow::Line& Shadow::line(int64_t index) {
  const auto page = static_cast<size_t>(index / kPage);
  if (page >= pages_.size()) pages_.resize(page + 1);
  if (!pages_[page]) pages_[page] = std::make_unique<Page>();
  return (*pages_[page])[static_cast<size_t>(index % kPage)];
}

std::optional<Shadow::Race> Shadow::note(Touched* touched, bool writes, const Access& access,
                                         const Clock& known) {
  if (!is_known(touched->write, known)) return Race{touched->write, true};
  if (!writes) {
    add_read(&touched->read, access, known);
    return {};
  }
  if (touched->read.agent == kMany) {
    for (const Access& read : reads_[touched->read.time])
      if (!is_known(read, known)) return Race{read, false};
    forget(&touched->read);
  } else if (!is_known(touched->read, known)) {
    return Race{touched->read, false};
  }
  touched->write = access;
  touched->read = {};
  return {};
}

void Shadow::add_read(Access* read, const Access& access, const Clock& known) {
  if (read->agent == kMany) {
    std::vector<Access>& all = reads_[read->time];
    std::erase_if(all, [&](const Access& a) { return is_known(a, known); });
    all.push_back(access);
    return;
  }
  if (is_known(*read, known)) {
    *read = access;
    return;
  }
  uint32_t list = 0;
  if (free_reads_.empty()) {
    list = static_cast<uint32_t>(reads_.size());
    reads_.emplace_back();
  } else {
    list = free_reads_.back();
    free_reads_.pop_back();
  }
  reads_[list] = {*read, access};
  *read = {kMany, list, 0};
}

void Shadow::forget(Access* read) {
  reads_[read->time].clear();
  free_reads_.push_back(read->time);
  *read = {};
}

void Shadow::fields(Archive& archive, uint32_t agents, uint32_t sites) {
  archive.list(pages_, [&](std::unique_ptr<Page>& page) {
    bool used = page != nullptr;
    archive.flag(used);
    if (!used) return;
    if (archive.reads()) page = std::make_unique<Page>();
    for (Line& l : *page) {
      bool in_parts = l.bytes != nullptr;
      archive.flag(in_parts);
      if (!in_parts) {
        fields(archive, l.whole, agents, sites);
        continue;
      }
      if (archive.reads()) l.bytes = std::make_unique<std::array<Touched, kLine>>();
      for (Touched& byte : *l.bytes) fields(archive, byte, agents, sites);
    }
  });
}

void Shadow::fields(Archive& archive, Touched& touched, uint32_t agents, uint32_t sites) {
  const auto access = [&](Access& a) {
    archive.index(a.agent, agents);
    archive.word(a.time);
    archive.index(a.site, sites);
  };
  bool is_written = !touched.write.is_none();
  archive.flag(is_written);
  if (is_written) access(touched.write);
  enum Reads : uint8_t { kNone, kOne, kSeveral } reads = kOne;
  if (touched.read.is_none()) reads = kNone;
  if (touched.read.agent == kMany) reads = kSeveral;
  archive.whole(reads, kNone, kSeveral);
  if (reads == kOne) access(touched.read);
  if (reads != kSeveral) return;
  if (archive.reads()) {
    touched.read = {kMany, static_cast<uint32_t>(reads_.size()), 0};
    reads_.emplace_back();
  }
  archive.list(reads_[touched.read.time], access);
}

}  // namespace dojo::sim
