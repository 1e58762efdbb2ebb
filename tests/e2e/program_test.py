"""dojo program: examples can run, what is shown can be read back, and what cannot run is named with its line."""
import json
import pathlib

import harness
from harness import run

EXAMPLES = sorted((pathlib.Path(__file__).resolve().parents[2] / "src/dojo/program/examples").glob("*.program"))

DEADLOCK = """program "after you" {
  nodes 2 x 1
  layout main {
    code at 0 size 1024
    semaphore go
  }
  class polite uses main {
    on [0:+2, 0]
    thread 0 {
      wait go
      signal node(1 - x, 0) go
    }
  }
}
"""


class Program(harness.TestCase):
    def write(self, text):
        path = self.folder / "a.program"
        path.write_text(text, encoding="utf-8")
        return path

    def test_the_examples_can_run_on_a_die(self):
        self.assertGreaterEqual(len(EXAMPLES), 3)
        for path in EXAMPLES:
            checked = run("program", "check", path)
            self.assertDone(checked)
            self.assertIn("on d1_die", checked.out)
            result = run("program", "check", path, "--machine", "d1_die", "--json").json()
            self.assertTrue(result["ok"] and result["decided"])
            self.assertEqual(result["problems"], [])
            self.assertGreater(result["assumed_numbers"], 0)

    def test_what_is_shown_can_be_read_back(self):
        for path in EXAMPLES:
            shown = run("program", "show", path)
            self.assertDone(shown)
            again = self.write(shown.out)
            self.assertEqual(run("program", "show", again).out, shown.out)
            self.assertEqual(run("program", "show", again, "--json").json(), run("program", "show", path, "--json").json())

    def test_sizes_are_those_of_the_program(self):
        path = next(p for p in EXAMPLES if p.stem == "gemm_2x2")
        sizes = run("program", "show", path, "--json").json()
        self.assertEqual([c["nodes"] for c in sizes["classes"]], [4])
        self.assertEqual(sizes["classes"][0]["instructions"], [6, 0, 2, 0])
        self.assertEqual({a["name"]: a["bytes"] for a in sizes["layouts"][0]["allocations"]}["c"], 64 * 64 * 4)
        table = run("program", "show", path, "--summary").out
        self.assertIn("quarter", table)

    def test_nodes_that_wait_for_ever_are_named(self):
        path = self.write(DEADLOCK)
        checked = run("program", "check", path)
        self.assertError(checked, 3, "input", "cannot run on d1_die: 1 problems")
        self.assertIn(f"{path}:10: class polite, thread 0: wait go: deadlock: waits for ever at the node (0, 0) and 1 more", checked.out)
        checked = run("program", "check", path, "--json")
        self.assertEqual(checked.code, 3)
        problem = json.loads(checked.out)["problems"][0]
        self.assertEqual((problem["kind"], problem["line"]), ("deadlock", 10))

    def test_numbers_of_the_machine_count(self):
        path = next(p for p in EXAMPLES if p.stem == "gemm_2x2")
        small = run("program", "check", path, "--set", "node/sram/capacity=60000B")
        self.assertError(small, 3, "input", "2 problems")
        self.assertIn("goes beyond the 60000 B of SRAM", small.out)
        self.assertError(run("program", "check", path, "--machine", "d1_node"), 3, "input", "problems")

    def test_what_takes_too_long_is_said_to_be_undecided(self):
        path = next(p for p in EXAMPLES if p.stem == "ring_reduce")
        checked = run("program", "check", path, "--steps", "100")
        self.assertDone(checked)
        self.assertIn("undecided: waiting is not decided: more than 100 steps", checked.out)

    def test_bad_text_has_line_and_column(self):
        path = self.write(DEADLOCK.replace("wait go", "wait stop"))
        for verb in ("check", "show"):
            self.assertError(run("program", verb, path), 3, "input", ['"stop" instead of a semaphore', f"{path}:10:12"])
        self.assertError(run("program", "check", self.folder / "none"), 2, "config", "none")


if __name__ == "__main__":
    harness.main()
