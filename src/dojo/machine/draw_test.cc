#include "dojo/machine/draw.h"

#include <gtest/gtest.h>

#include "dojo/machine/load.h"
#include "dojo/machine/test_machine.h"

namespace dojo::machine {
namespace {

size_t count(const std::string& text, std::string_view what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
  return n;
}

// The path with this class, or "".
std::string path_of(const std::string& svg, const std::string& style) {
  const size_t at = svg.find("<path class=\"" + style + "\"");
  return at == svg.npos ? "" : svg.substr(at, svg.find('\n', at) - at);
}

TEST(DrawMachine, ADieHasItsLiveAndItsDisabledNodes) {
  const std::string svg = draw_machine(load_machine("d1_die"));
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_EQ(count(path_of(svg, "node"), "M"), 354u);
  EXPECT_EQ(count(path_of(svg, "dead"), "M"), 6u);
  EXPECT_NE(svg.find("354 live nodes, 6 disabled"), std::string::npos);
}

TEST(DrawMachine, ATrayHasItsDiesAndInterfaces) {
  const std::string svg = draw_machine(load_machine("tray"));
  EXPECT_EQ(count(svg, "<rect class=\"die\""), 150u);
  EXPECT_EQ(count(svg, "<rect class=\"interface\""), 20u);
  EXPECT_EQ(count(path_of(svg, "dead"), "M"), 900u);
}

TEST(DrawMachine, ANodeAloneIsAPictureToo) {
  EXPECT_EQ(count(path_of(draw_machine(load_machine("d1_node")), "node"), "M"), 1u);
}

TEST(DrawMachine, TitlesAreNoMarkup) {
  const Machine evil = parse_machine(
      replaced(built_in_text("d1_die"), "\"D1\"", "\"<script>&\\u0007\""), "test.json");
  const std::string svg = draw_machine(evil);
  EXPECT_EQ(svg.find("<script>"), std::string::npos);
  EXPECT_NE(svg.find("&lt;script&gt;&amp;\\x07"), std::string::npos);
}

TEST(DrawMachine, WhatIsTooLargeIsRefused) {
  const Machine many = load_machine("unit", {{"pod/grid/rows", "4096"}, {"tray/grid/rows", "10"}});
  EXPECT_THROW(draw_machine(many), Error);
}

}  // namespace
}  // namespace dojo::machine
