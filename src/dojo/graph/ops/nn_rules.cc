#include "dojo/graph/ops/nn_rules.h"

#include <algorithm>
#include <cmath>

namespace dojo::ops {

namespace {

const Shape& operand(const OpCall& call, size_t i, std::string_view name, Format format,
                     size_t min_rank, size_t max_rank) {
  if (!call.has(i)) bad(fmt::format("operand {} ({}) is missing", i, name));
  const Type& type = *call.inputs[i];
  if (type.format != format)
    bad(fmt::format("{} must be {}, seen {}", name, dojo::name(format), to_string(type)));
  const size_t rank = type.shape.size();
  if (rank < min_rank || rank > max_rank) {
    bad(fmt::format("{} must have {} dimensions, seen {}", name,
                    min_rank == max_rank ? fmt::format("{}", min_rank)
                                         : fmt::format("{} to {}", min_rank, max_rank),
                    to_string(type)));
  }
  return type.shape;
}

void expect(const OpCall& call, size_t i, std::string_view name, const Type& type) {
  const Shape& seen = operand(call, i, name, type.format, 0, 64);
  if (seen != type.shape)
    bad(fmt::format("{} must be {}, seen {}", name, to_string(type),
                    to_string(Type{type.format, seen})));
}

// bf16 iff a factor is.
Format factor_format(const OpCall& call) {
  for (size_t i = 0; i < 2; ++i)
    if (call.has(i) && call.inputs[i]->format == Format::kBF16) return Format::kBF16;
  return Format::kF32;
}

}  // namespace

const Shape& f32_operand(const OpCall& call, size_t i, std::string_view name, size_t min_rank,
                         size_t max_rank) {
  return operand(call, i, name, Format::kF32, min_rank, max_rank);
}

void expect_shape(const OpCall& call, size_t i, std::string_view name, const Shape& shape) {
  expect(call, i, name, f32(shape));
}

const Shape& factor(const OpCall& call, size_t i, std::string_view name, size_t min_rank,
                    size_t max_rank) {
  return operand(call, i, name, factor_format(call), min_rank, max_rank);
}

void expect_factor(const OpCall& call, size_t i, std::string_view name, const Shape& shape) {
  expect(call, i, name, {factor_format(call), shape});
}

ValueId as_factor(Builder& b, ValueId gradient, ValueId other) {
  const Format format = b.type(other).format;
  if (format == b.type(gradient).format) return gradient;
  return b.op("Cast", {gradient}, {{"to", std::string(name(format))}});
}

std::string choice(const OpCall& call, std::string_view name,
                   std::initializer_list<std::string_view> words) {
  std::string word = call.text(name, std::string(*words.begin()));
  if (std::find(words.begin(), words.end(), word) == words.end()) {
    bad(fmt::format("{} is \"{}\"", name, word),
        fmt::format("use one of: {}", fmt::join(words, ", ")));
  }
  return word;
}

bool flag(const OpCall& call, std::string_view name, bool otherwise) {
  const int64_t value = call.integer(name, otherwise ? 1 : 0);
  if (value != 0 && value != 1) bad(fmt::format("{} must be 0 or 1, seen {}", name, value));
  return value == 1;
}

Shape shape_attribute(const OpCall& call, std::string_view name, size_t min_rank, size_t max_rank) {
  Shape shape = call.integers(name);
  if (shape.size() < min_rank || shape.size() > max_rank) {
    bad(fmt::format("{} must have {} to {} sizes, seen {}", name, min_rank, max_rank,
                    to_string(shape)));
  }
  for (int64_t size : shape) {
    if (size < 1) bad(fmt::format("{} must be all positive, seen {}", name, to_string(shape)));
  }
  check_shape(shape);
  return shape;
}

double positive(const OpCall& call, std::string_view name, double otherwise) {
  const double value = call.number(name, otherwise);
  if (!std::isfinite(value) || value <= 0)
    bad(fmt::format("{} must be positive, seen {}", name, value));
  return value;
}

Attributes with(Attributes attributes, std::string_view name, Attribute value) {
  attributes.insert_or_assign(std::string(name), std::move(value));
  return attributes;
}

int64_t product(const Shape& shape, size_t begin, size_t end) {
  int64_t result = 1;
  for (size_t i = begin; i < end; ++i) result *= shape[i];
  return result;
}

}  // namespace dojo::ops
