"""dojo machine: what it shows is what the files say, published figures are met, and bad files are one honest line."""
import json
import os
import pathlib
import xml.etree.ElementTree

import harness
from harness import run

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILT_IN = sorted(path.stem for path in (ROOT / "machines").glob("*.json"))


def description(name):
    return json.loads((ROOT / "machines" / f"{name}.json").read_text(encoding="utf-8"))


class Machine(harness.TestCase):
    def write(self, name, value):
        path = self.folder / name
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        return path

    def test_every_machine_of_the_repository_is_in_the_program(self):
        listed = run("machine", "show", "--json").json()
        self.assertEqual([m["machine"] for m in listed], BUILT_IN)
        self.assertEqual([line.split()[0] for line in run("machine", "show").out.splitlines()], BUILT_IN)
        for name in BUILT_IN:
            self.assertDone(run("machine", "check", name))

    def test_what_is_shown_is_what_the_file_says(self):
        die = description("d1_die")
        shown = {p["name"]: p for p in run("machine", "show", "d1_die", "--json").json()["parameters"]}
        latency = die["edge"]["latency"]
        for key in ("value", "unit", "status", "source"):
            self.assertEqual(shown["die/edge/latency"][key], latency[key])
        table = run("machine", "show", "d1_die").out
        for name in shown:
            self.assertIn(f"  {name.split('/', 1)[1]} ", table)
        numbers = run("machine", "show", "d1_die", "--json").json()["numbers"]
        self.assertEqual(sum(numbers.values()), len(shown))
        self.assertIn(f"{numbers['assumed']} assumed", table)

    def test_published_figures_of_dojo_are_met(self):
        figures = {(f["level"], f["figure"]): f for f in run("machine", "check", "exapod", "--json").json()["figures"]}
        for (level, figure), value in {("node", "peak_cfloat8"): 1.024e12, ("node", "sram_load"): 400e9, ("node", "sram_store"): 272e9,
                                       ("die", "peak_bf16"): 362.496e12, ("die", "edge_both_ways"): 4e12, ("tile", "peak_bf16"): 9.0624e15,
                                       ("tile", "bisection"): 10e12, ("tile", "edge_both_ways"): 9e12, ("pod", "nodes"): 1062000,
                                       ("pod", "sram"): 1.3275e12}.items():
            self.assertAlmostEqual(figures[level, figure]["computed"] / value, 1, places=12)
        for figure in figures.values():
            self.assertTrue(figure["agrees"], figure)
            self.assertLess(abs(figure["deviation"]), 0.025)

    def test_programs_on_the_machine_get_what_was_published(self):
        names = ("node peak_bf16", "die edge_latency", "tile batch_norm")
        options = [o for name in names for o in ("--figure", name)]
        figures = run("machine", "validate", "--json", *options, deadline=120).json()["figures"]
        self.assertEqual([f"{f['level']} {f['figure']}" for f in figures], list(names))
        for figure in figures:
            self.assertEqual(list(figure), ["level", "figure", "unit", "published", "simulated", "deviation", "status", "source", "run", "reason",
                                            "cycles", "numbers"])
            self.assertAlmostEqual(figure["simulated"] / figure["published"] - 1, figure["deviation"], places=9)
            self.assertGreater(figure["numbers"]["assumed"], 0)
        self.assertLess(abs(figures[0]["deviation"]), 0.001)
        self.assertLess(abs(figures[1]["deviation"]), 0.006)
        self.assertEqual(figures[2]["status"], "assumed")
        table = run("machine", "validate", "-q", *options, deadline=120).out
        for name in names:
            self.assertIn(f"\n{name}  ", table)
        self.assertError(run("machine", "validate", "--figure", "die color"), 2, "config", ("die color", "tile bisection"))

    def test_a_number_that_contradicts_what_was_published_is_bad_input(self):
        node = description("d1_node")
        node["clock"]["value"] = 3
        result = run("machine", "check", self.write("node.json", node))
        self.assertError(result, 3, "input", ("/published/peak_bf16 is 1.024 TFLOPS", "1.536 TFLOPS", "+50.0 %", self.folder / "node.json"))
        self.assertIn("DISAGREES", result.out)

    def test_a_change_against_published_figures_is_named(self):
        result = run("machine", "check", "d1_die", "--set", "node/threads=4", "--set", "node/clock=3GHz")
        self.assertError(result, 2, "config", ("/published/peak_bf16 is 1.024 TFLOPS", "--set node/threads=4 --set node/clock=3GHz", "+50.0 %"))

    def test_a_change_on_the_command_line_counts_as_assumed(self):
        before, after = (run("machine", "show", "d1_die", "--json", *more).json()["numbers"] for more in ((), ("--set", "die/edge/latency=150 ns")))
        self.assertEqual(after["assumed"], before["assumed"] + 1)
        self.assertEqual(run("machine", "show", "booksim_mesh", "--set", "die/grid/columns=32", "--json").json()["totals"]["nodes"]["value"], 256)
        self.assertError(run("machine", "show", "d1_die", "--set", "die/edge/latency=150 GB"), 2, "config", ("GB", "die/edge/latency=150 GB"))
        self.assertError(run("machine", "show", "d1_die", "--set", "die/rows=1"), 2, "config", "die/rows")
        self.assertError(run("machine", "show", "d1_die", "--set", "die/grid/rows=-1"), 2, "config", "die/grid/rows=-1")
        self.assertError(run("machine", "show", "--set", "die/grid/rows=1"), 2, "config", "--set")

    def test_pictures_are_svg(self):
        for name in ("d1_die", "tile", "tray", "exapod", "unit"):
            path = self.folder / f"{name}.svg"
            self.assertDone(run("machine", "draw", name, "--out", path))
            root = xml.etree.ElementTree.parse(path).getroot()
            self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        self.assertEqual(run("machine", "draw", "unit").out, path.read_text(encoding="utf-8"))
        self.assertError(run("machine", "draw", "unit", "--out", self.folder), 2, "config", self.folder)
        self.assertError(run("machine", "draw", "unit", "--out", self.folder / "none" / "a.svg"), 1, "io", "none")
        os.mkfifo(self.folder / "pipe")
        self.assertError(run("machine", "draw", "unit", "--out", self.folder / "pipe"), 2, "config", self.folder / "pipe")
        self.assertTrue((self.folder / "pipe").is_fifo())

    def test_the_ledger_is_that_of_the_docs(self):
        page = (ROOT / "docs" / "machine.md").read_text(encoding="utf-8")
        self.assertIn("<!-- begin: dojo machine ledger -->\n" + run("machine", "ledger").out + "<!-- end -->", page)
        self.assertIn("`node/clock`", run("machine", "ledger", "d1_node").out)

    def test_a_file_of_ones_own_builds_on_the_programs(self):
        tile = description("tile")
        tile["grid"]["columns"]["value"] = 2
        shown = run("machine", "show", self.write("small.json", tile), "--json").json()
        self.assertEqual(shown["totals"]["dies"]["value"], 10)
        self.assertEqual(shown["levels"][0]["file"], str(self.folder / "small.json"))
        self.assertEqual(shown["levels"][1]["file"], "machines/d1_die.json")

    def test_a_bad_file_is_named_with_path_and_value(self):
        def changed(change):
            die = description("d1_die")
            change(die)
            return self.write("die.json", die)

        def refuses(change, *names):
            path = changed(change)
            for verb in ("show", "check", "draw", "ledger"):
                self.assertError(run("machine", verb, path), 3, "input", (path, *names))

        refuses(lambda d: d["grid"]["rows"].update(unit="GB"), "/grid/rows/unit", '"GB"')
        refuses(lambda d: d["grid"]["rows"].update(value=-5), "/grid/rows is -5 rows")
        refuses(lambda d: d["grid"]["rows"].pop("source"), "/grid/rows/source is missing")
        refuses(lambda d: d["grid"].pop("rows"), "/grid/rows is missing")
        refuses(lambda d: d.update(color="red"), "/color is no field of a die")
        refuses(lambda d: d.update(part="die.json"), "cycle", "die.json")
        refuses(lambda d: d.update(part="none.json"), '"none.json"')
        refuses(lambda d: d.update(part="tile.json"), "describes a tile")

    def test_files_that_nobody_would_write_are_refused_at_once(self):
        for text in ("", "{", "[" * 1000000, '{"level":' * 20000, '{"level":"die","level":"die"}', '{"level": 1e999}', "\x00" * 100, "a" * 2000000):
            self.assertError(run("machine", "show", self.write("bad.json", text), deadline=10), 3, "input", "bad.json")
        self.assertError(run("machine", "show", self.folder / "none.json"), 3, "input", "none.json")
        self.assertError(run("machine", "show", f"{self.folder}/"), 3, "input")

    def test_figures_are_looked_for_before_any_is_simulated_and_run_once(self):
        refused = run("machine", "validate", "--figure", "die edge_latency", "--figure", "nope")
        self.assertError(refused, 2, "config", ("nope", "die edge_latency"))
        self.assertEqual(len(refused.err.splitlines()), 1, refused)
        twice = run("machine", "validate", "--figure", "die edge_latency", "--figure", "die edge_latency", "--json")
        self.assertEqual(len(twice.json()["figures"]), 1)

    def test_wrong_usage(self):
        self.assertError(run("machine"), 2, "config")
        self.assertError(run("machine", "fly"), 2, "config", "fly")
        self.assertError(run("machine", "check"), 2, "config", "NAME")
        self.assertError(run("machine", "show", "d2"), 2, "config", ("d2", "d1_die"))
        self.assertError(run("machine", "show", "d1_die:tile"), 2, "config", "a die has no tile")


if __name__ == "__main__":
    harness.main()
