"""dojo sim --results and dojo report: stats.json has every node and link of a run, and the page shows them."""
import base64
import json
import re
import struct
import zlib

import harness
from harness import run
from programs import DEADLOCK, EXAMPLES

IMAGE = re.compile(r'<img class="(nodes|links)" alt="([^"]*)" src="data:image/png;base64,([^"]*)" '
                   r'data-most="([^"]*)" data-unit="([^"]*)" data-levels="([^"]*)">')


def picture(encoded):
    """(width, height, rows of palette indices) of a PNG of ours, its checksums checked."""
    raw, chunks = base64.b64decode(encoded), {}
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(raw):
        size, kind = struct.unpack_from(">I4s", raw, at)
        content = raw[at + 8:at + 8 + size]
        assert struct.unpack_from(">I", raw, at + 8 + size)[0] == zlib.crc32(kind + content)
        chunks[kind] = content
        at += 12 + size
    width, height, depth, colours = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    assert (depth, colours) == (8, 3)
    pixels = zlib.decompress(chunks[b"IDAT"])
    assert len(pixels) == height * (width + 1)
    rows = [pixels[y * (width + 1):(y + 1) * (width + 1)] for y in range(height)]
    assert all(row[0] == 0 for row in rows)
    return width, height, [row[1:] for row in rows]


class SimReport(harness.TestCase):
    def simulate(self, *args):
        """The run's --json, its stats.json and its page."""
        out = self.folder / "run"
        result = run("sim", *args, "--results", out, "--json")
        self.assertDone(result)
        self.assertIn("stats.json", result.err)
        report = run("report", out)
        self.assertDone(report)
        self.assertEqual(report.out.strip(), str(out / "report.html"))
        return result.json(), json.loads((out / "stats.json").read_text()), (out / "report.html").read_text()

    def make(self, *args):
        """A program of the library and the file with its bound."""
        program, bound = self.folder / "made.program", self.folder / "bound.json"
        result = run("program", "make", *args, "--out", program, "--json")
        self.assertDone(result)
        bound.write_text(result.out)
        return program, bound

    def test_stats_add_up_to_what_the_run_says(self):
        program, bound = self.make("gemm_summa", "m=256", "n=256", "k=128")
        told, stats, page = self.simulate(program, "--bound", bound, "--critical-path")
        self.assertEqual(stats["critical_path"]["cycles"], told["cycles"])
        self.assertIn("<h2>Critical path</h2>", page)
        for field, value in told.items():
            if field != "links":  # more of them
                self.assertEqual(stats[field], value, field)
        self.assertEqual(stats["links"][:len(told["links"])], told["links"])
        nodes, links, timeline = stats["nodes_at"], stats["links_at"], stats["timeline"]
        self.assertEqual(sum(nodes["nodes"]), told["nodes"])
        self.assertEqual(sum(nodes["matrix_unit_cycles"]), told["matrix_unit_cycles"])
        self.assertEqual(2 * sum(nodes["products"]), told["flops"])
        self.assertEqual(max(nodes["end_cycle"]), told["cycles"])
        self.assertEqual(max(nodes["sram_peak_bytes"]), told["sram_peak_bytes"])
        self.assertEqual(len(set(zip(nodes["x"], nodes["y"]))), told["nodes"])
        for state, cycles in told["thread_cycles"].items():
            key = state.replace(" ", "_")
            self.assertEqual(sum(nodes["thread_cycles"][key]), cycles, state)
            self.assertEqual(sum(timeline["thread_cycles"][key]), cycles, state)
            self.assertEqual(sum(sum(c["thread_cycles"][key]) for c in timeline["classes"]), cycles, state)
        self.assertEqual(sum(c["nodes"] for c in timeline["classes"]), told["nodes"])
        self.assertEqual(sum(links["links"]), told["links_used"])
        of_nodes, = stats["link_sums"]
        for field in ("links", "bytes", "busy_cycles", "stalled_cycles"):
            self.assertEqual(of_nodes[field], sum(links[field]), field)
        self.assertLessEqual(max(b["cycles"] for b in stats["bounds"]), told["cycles"])
        made = json.loads(bound.read_text())["bound"]
        self.assertEqual({part: stats["formula_bound"][part] for part in ("compute", "sram", "links", "latency")},
                         {part: made[part] for part in ("compute", "sram", "links", "latency")})
        self.assertEqual(len(stats["assumed"]), told["assumed_numbers"])

    def test_the_page_shows_what_stats_say(self):
        program, bound = self.make("gemm_summa", "m=256", "n=256", "k=128")
        told, stats, page = self.simulate(program, "--bound", bound)
        self.assertNotRegex(page, r"https?://|(src|href)=\"(?!data:)|url\(|@import")
        self.assertIn(f"{told['cycles']:,} cycles", page)
        self.assertIn(f"<b>{told['assumed_numbers']} assumed</b>", page)
        for heading in ("Nodes", "Links", "Over time", "What threads spent their time on", "How fast it could be", "Roofline"):
            self.assertIn(f"<h2>{heading}</h2>", page)
        self.assertIn("formula: latency", page)
        images = {name: rest for _, name, *rest in IMAGE.findall(page)}
        columns, rows = stats["mesh"]["columns"], stats["mesh"]["rows"]
        encoded, most, unit, levels = images["matrix unit"]
        busy = {(x, y): 100 * cycles / told["cycles"] for x, y, cycles in
                zip(*(stats["nodes_at"][field] for field in ("x", "y", "matrix_unit_cycles")))}
        self.assertEqual(unit, "%")
        self.assertAlmostEqual(float(most), max(busy.values()), places=3)
        dead = set(zip(stats["disabled"]["x"], stats["disabled"]["y"]))
        width, height, pixels = picture(encoded)
        self.assertEqual((width, height), (columns, rows))
        self.assertEqual(b"".join(pixels), base64.b64decode(levels))
        for y in range(rows):
            for x in range(columns):
                expected = busy.get((x, y))
                if expected is None:
                    self.assertEqual(pixels[y][x], 254 if (x, y) in dead else 255)
                else:
                    self.assertAlmostEqual(pixels[y][x] / 249 * float(most), expected, delta=float(most) / 249)
        encoded, most, unit, levels = images["busy"]
        levels, order = base64.b64decode(levels), ("east", "west", "south", "north")
        self.assertEqual(sum(level < 250 for level in levels), told["links_used"])
        for x, y, side, cycles in zip(*(stats["links_at"][field] for field in ("x", "y", "side", "busy_cycles"))):
            level = levels[4 * (y * columns + x) + order.index(side)]
            self.assertAlmostEqual(level / 249 * float(most), 100 * cycles / told["cycles"], delta=float(most) / 249)
        width, height, _ = picture(encoded)
        self.assertEqual(width * rows, height * columns)

    def test_looking_on_changes_nothing(self):
        ring = EXAMPLES / "ring_reduce.program"
        plain = run("sim", ring, "--json")
        seen = run("sim", ring, "--json", "--results", self.folder / "a")
        self.assertEqual(seen.out, plain.out)
        self.assertDone(run("sim", ring, "--json", "--results", self.folder / "b"))
        self.assertEqual(*((self.folder / name / "stats.json").read_bytes() for name in "ab"))

    def test_each_level_has_a_page(self):
        for level in ("functional", "burst", "flit"):
            told, stats, page = self.simulate(EXAMPLES / "ring_reduce.program", "--level", level)
            self.assertEqual(stats["level"], level)
            self.assertIn(f"level {level}", page)
            self.assertEqual("<h2>Links</h2>" in page, bool(told["links"]), level)
            self.assertEqual("of a level that has no time" in page, level == "functional")

    def test_of_a_machine_of_many_nodes_the_page_shows_dies(self):
        program, bound = self.make("broadcast", "elements=64", "--machine", "tray")
        _, stats, page = self.simulate(program, "--machine", "tray", "--bound", bound)
        mesh = stats["mesh"]
        self.assertEqual((mesh["block_columns"], mesh["block_rows"]), (mesh["parts"][0]["columns"], mesh["parts"][0]["rows"]))
        self.assertGreater(sum(stats["nodes_at"]["nodes"]), 50_000)
        self.assertIn("a die, and shows their mean", page)
        self.assertLess(len(page), 500_000)

    def test_a_run_that_never_ends_has_a_page_too(self):
        program, out = self.folder / "stuck.program", self.folder / "run"
        program.write_text(DEADLOCK)
        self.assertError(run("sim", program, "--results", out), 3, "input", "wait for ever")
        self.assertDone(run("report", out))
        page = (out / "report.html").read_text()
        self.assertIn("never ends", page)
        self.assertIn("Who waits for whom", page)
        self.assertIn("wait go", page)

    def test_a_damaged_file_is_an_error_that_names_it(self):
        out = self.folder / "run"
        self.assertDone(run("sim", EXAMPLES / "gemm_2x2.program", "--results", out))
        whole = (out / "stats.json").read_text()
        for text, says in ((whole[:len(whole) // 2], "damaged: not JSON"), ("", "damaged: not JSON"),
                           (whole.replace('"cycles":', '"circles":', 1), "damaged: cycles is missing"),
                           (whole.replace("dojo_sim_stats", "another"), "not the result of a simulation")):
            (out / "stats.json").write_text(text)
            self.assertError(run("report", out), 3, "input", (says, out / "stats.json"))
        (out / "stats.json").write_text(whole.replace('"version":1', '"version":9'))
        self.assertError(run("report", out), 1, "unsupported", ("of version 9", out / "stats.json"))
        self.assertFalse((out / "report.html").exists())

    def test_wrong_options_are_named(self):
        ring, out = EXAMPLES / "ring_reduce.program", self.folder / "run"
        program, bound = self.make("gemm_summa", "m=256", "n=256", "k=128")
        self.assertError(run("sim", program, "--bound", bound), 2, "config", "--bound")
        self.assertError(run("sim", ring, "--results", out, "--bound", self.folder / "none"), 3, "input", "none")
        self.assertError(run("sim", ring, "--results", out, "--bound", ring), 3, "input", ("no bound of a program", ring))
        self.assertError(run("sim", ring, "--results", out, "--bound", bound), 3, "input", "the bound of a program of ")
        bound.write_text(bound.read_text().replace('"latency":', '"latency":-'))
        self.assertError(run("sim", program, "--results", out, "--bound", bound), 3, "input", "bound/latency")
        (out / "config.json").write_text("{}")
        self.assertError(run("sim", ring, "--results", out), 2, "config", "the folder of a training")
        self.assertFalse((out / "stats.json").exists())


if __name__ == "__main__":
    harness.main()
