// Checks that the neural-network ops share. Each throws Error(kInput) with the value seen; the
// builder adds the op's name.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "dojo/base/error.h"
#include "dojo/graph/ops/util.h"

namespace dojo::ops {

// The shape of operand i, which must be f32 and have a rank in [min_rank, max_rank]. `name` is the
// operand's name in the summary.
const Shape& f32_operand(const OpCall& call, size_t i, std::string_view name, size_t min_rank,
                         size_t max_rank);

// Operand i must be f32 and have exactly this shape.
void expect_shape(const OpCall& call, size_t i, std::string_view name, const Shape& shape);

// The same for the two factors of a product, operands 0 and 1: both f32, or both bf16. Products of
// bf16 are exact in f32, and so is their sum but for rounding as in f32: the result is f32.
const Shape& factor(const OpCall& call, size_t i, std::string_view name, size_t min_rank,
                    size_t max_rank);
void expect_factor(const OpCall& call, size_t i, std::string_view name, const Shape& shape);

// The gradient of a product as a factor of the next product beside `other`: cast to its format.
ValueId as_factor(Builder& b, ValueId gradient, ValueId other);

// A text attribute that must be one of `words`; the first one is the default.
std::string choice(const OpCall& call, std::string_view name,
                   std::initializer_list<std::string_view> words);

// A 0/1 attribute.
bool flag(const OpCall& call, std::string_view name, bool otherwise);

// An attribute that gives a whole shape (input_shape, size, sizes): `rank` sizes of at least 1.
Shape shape_attribute(const OpCall& call, std::string_view name, size_t min_rank, size_t max_rank);

// A number that must be finite and > 0 (epsilon).
double positive(const OpCall& call, std::string_view name, double otherwise);

// The node's attributes with more put in: what a gradient op gets.
Attributes with(Attributes attributes, std::string_view name, Attribute value);

int64_t product(const Shape& shape, size_t begin, size_t end);  // of the sizes in [begin, end)

inline Type f32(Shape shape) { return {Format::kF32, std::move(shape)}; }

}  // namespace dojo::ops
