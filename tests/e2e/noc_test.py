"""`dojo bench noc`: packets of BookSim2 replayed, latencies that can be counted by hand, and what a user can get wrong."""
import gzip
import json
import pathlib

import harness
from harness import run

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden/network"
KEYS = ["bench", "case", "value", "unit", "better", "role", "min", "median", "max", "runs", "threads", "commit", "host"]
QUICK = ("--cycles", 300, "--warmup", 100, "--runs", 1)


def rows(result):
    return {row["bench"]: row for row in map(json.loads, result.out.splitlines())}


class BenchNoc(harness.TestCase):
    def noc(self, *args):
        result = run("bench", "noc", *args, "--json")
        self.assertDone(result)
        return rows(result)

    def test_a_row_for_each_figure(self):
        measured = self.noc("--mesh", "8x8", *QUICK)
        self.assertEqual(list(measured), ["noc", "noc flit-hops", "noc latency", "noc hops", "noc memory"])
        for row in measured.values():
            self.assertEqual(list(row), KEYS)
            self.assertGreater(row["value"], 0)
        self.assertEqual(measured["noc"]["unit"], "cycles/s")
        table = run("bench", "noc", "--mesh", "8x8", *QUICK)
        self.assertDone(table)
        self.assertRegex(table.out, r"\nnoc latency +\d+\.\d+ cycles ")

    def test_packets_that_meet_nobody_take_two_cycles_and_four_for_each_router(self):
        for traffic in ("uniform", "transpose", "neighbour", "hotspot"):
            measured = self.noc("--mesh", "8x8", "--rate", 0.00002, "--traffic", traffic, "--cycles", 40000, "--warmup", 0, "--runs", 1)
            self.assertAlmostEqual(measured["noc latency"]["value"], 2 + 4 * measured["noc hops"]["value"], places=9)

    def test_what_is_simulated_is_the_same_with_any_number_of_threads_and_in_the_slow_model(self):
        figures = []
        for extra in ((), ("--threads", 2), ("--threads", 3), ("--model", "reference")):
            measured = self.noc("--mesh", "6x6", "--rate", 0.1, "--flits", 3, *QUICK, *extra)
            figures.append((measured["noc latency"]["value"], measured["noc hops"]["value"]))
        self.assertEqual(len(set(figures)), 1, figures)

    def test_packets_of_booksim_arrive_in_the_same_cycle(self):
        for trace, mesh, flits in (("k4_size1", "4x4", 1), ("k8_size1_R0.9", "8x8", 1), ("k4_size9", "4x4", 9), ("k4_size16", "4x4", 16)):
            packed = GOLDEN / f"{trace}.txt.gz"
            plain = self.folder / f"{trace}.txt"
            plain.write_bytes(gzip.decompress(packed.read_bytes()))
            for file in (packed, plain):
                row = self.noc("--mesh", mesh, "--flits", flits, "--replay", file, "--runs", 1, "--threads", 2)["noc replay"]
                self.assertEqual(row["mismatches"], 0)
                self.assertEqual(row["packets"], len(plain.read_text().splitlines()))

    def test_a_packet_that_arrives_in_another_cycle_is_counted_and_shown(self):
        trace = self.folder / "trace.txt"
        trace.write_text("0 0 8 5 5 27 5\n1 4 5 50 50 61 2\n")
        result = run("bench", "noc", "--mesh", "3x3", "--replay", trace, "--json", "--runs", 1)
        self.assertDone(result)
        self.assertEqual(rows(result)["noc replay"]["mismatches"], 1)
        self.assertIn("packet 1 from 4 to 5, created 50: arrived 60, in the trace 61", result.err)

    def test_the_network_of_a_machine(self):
        measured = self.noc("--machine", "d1_die", "--rate", 0.005, "--flits", 4, *QUICK)
        self.assertGreater(measured["noc latency"]["value"], 20)
        self.assertEqual(measured["noc"]["case"].split()[0], "d1_die")
        slow = self.noc("--machine", "d1_die", "--set", "node/router/traversal=9", "--rate", 0.005, "--flits", 4, *QUICK)
        self.assertGreater(slow["noc latency"]["value"], measured["noc latency"]["value"])

    def test_bad_arguments(self):
        codes = {"config": 2, "input": 3, "io": 1, "unimplemented": 1}
        for args, category, words in (
            (("--mesh", "0x5"), "config", 'a mesh of "0x5"'),
            (("--mesh", "8"), "config", 'a mesh of "8"'),
            (("--mesh", "8x8x8"), "config", "COLUMNSxROWS"),
            (("--mesh", "-1x5"), "config", "--mesh"),
            (("--mesh", "99999x99999"), "config", "at most"),
            (("--rate", 1.5), "config", "--rate"),
            (("--rate", "nan"), "config", "--rate"),
            (("--flits", 0), "config", "--flits"),
            (("--traffic", "tornado"), "config", 'unknown traffic "tornado"'),
            (("--traffic", "transpose", "--mesh", "4x5"), "config", "as many rows as columns"),
            (("--model", "exact"), "config", 'unknown model "exact"'),
            (("--cycles", 0), "config", "--cycles"),
            (("--machine", "nowhere"), "config", "nowhere"),
            (("--set", "die/grid/rows=3"), "config", "give --machine too"),
            (("--machine", "d1_die", "--mesh", "3x3"), "config", "--mesh"),
            (("--machine", "d1_die", "--flits", 9999), "config", "9999 flits"),
            (("--machine", "d1_die", "--set", "node/router/order=y-first"), "unimplemented", "column first"),
        ):
            self.assertError(run("bench", "noc", *args, *QUICK), codes[category], category, words)

    def test_bad_traces(self):
        trace = self.folder / "trace.txt"
        for text, words in (("", "there is no packet"), ("0 1 2\n", "the created is missing"), ("0 0 8 5 5 27 5\n1 9 0 5 5 27 5\n", "trace.txt:2"),
                            ("\0\1\2", "trace.txt:1"), ("0 0 8 5 5 99999999999999999999 5\n", "the arrived")):
            trace.write_text(text)
            self.assertError(run("bench", "noc", "--mesh", "3x3", "--replay", trace), 3, "input", words)
        trace.write_bytes(gzip.compress(b"0 0 8 5 5 27 5\n" * 100)[:-20])
        self.assertError(run("bench", "noc", "--mesh", "3x3", "--replay", trace), 3, "input", "trace.txt")
        self.assertError(run("bench", "noc", "--replay", self.folder / "missing.txt"), 3, "input", "missing.txt")
        self.assertError(run("bench", "noc", "--replay", self.folder), 3, "input", str(self.folder))

    def test_help_has_examples(self):
        result = run("bench", "noc", "--help")
        self.assertDone(result)
        for words in ("--replay", "--traffic", "dojo bench noc --mesh 32x32 --rate 0.05"):
            self.assertIn(words, result.out)
        self.assertIn("dojo bench noc", run("bench", "--help").out)


if __name__ == "__main__":
    harness.main()
