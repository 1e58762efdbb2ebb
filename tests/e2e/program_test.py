"""dojo program: examples can run, what is shown can be read back, and what cannot run is named with its line."""
import json
import os
import pathlib

import harness
from harness import run
from programs import DEADLOCK, EXAMPLES, ProgramCase

PATHS = sorted(EXAMPLES.glob("*.program"))
MACHINES = pathlib.Path(__file__).resolve().parents[2] / "machines"


class Program(ProgramCase):
    def test_the_examples_can_run_on_a_die(self):
        self.assertGreaterEqual(len(PATHS), 3)
        for path in PATHS:
            checked = run("program", "check", path)
            self.assertDone(checked)
            self.assertRegex(checked.out, r'^ok: program "[^"]+" on d1_die: nodes \d+, classes \d+, ')
            result = run("program", "check", path, "--machine", "d1_die", "--json").json()
            self.assertTrue(result["ok"] and result["decided"])
            self.assertEqual(result["problems"], [])
            self.assertGreater(result["assumed_numbers"], 0)

    def test_what_is_shown_can_be_read_back(self):
        for path in PATHS:
            shown = run("program", "show", path)
            self.assertDone(shown)
            again = self.write(shown.out)
            self.assertEqual(run("program", "show", again).out, shown.out)
            self.assertEqual(run("program", "show", again, "--json").json(), run("program", "show", path, "--json").json())

    def test_sizes_are_those_of_the_program(self):
        path = next(p for p in PATHS if p.stem == "gemm_2x2")
        sizes = run("program", "show", path, "--json").json()
        self.assertEqual([c["nodes"] for c in sizes["classes"]], [4])
        self.assertEqual(sizes["classes"][0]["instructions"], [6, 0, 2, 0])
        self.assertEqual({a["name"]: a["bytes"] for a in sizes["layouts"][0]["allocations"]}["c"], 64 * 64 * 4)
        table = run("program", "show", path, "--summary").out
        self.assertIn("quarter", table)

    def test_nodes_that_wait_for_ever_are_named(self):
        path = self.write(DEADLOCK)
        checked = run("program", "check", path)
        self.assertError(checked, 3, "input", "cannot run on d1_die: 1 problem,")
        self.assertIn(f"{path}:10: class polite, thread 0: wait go: deadlock: waits for ever at the node (0, 0) and 1 more", checked.out)
        checked = run("program", "check", path, "--json")
        self.assertEqual(checked.code, 3)
        problem = json.loads(checked.out)["problems"][0]
        self.assertEqual((problem["kind"], problem["line"]), ("deadlock", 10))

    def test_numbers_of_the_machine_count(self):
        path = next(p for p in PATHS if p.stem == "gemm_2x2")
        small = run("program", "check", path, "--set", "node/sram/capacity=51000B")
        self.assertError(small, 3, "input", "2 problems")
        self.assertIn("goes beyond the 51000 B of SRAM", small.out)
        self.assertError(run("program", "check", path, "--machine", "d1_node"), 3, "input", "problems")

    def test_what_takes_too_long_is_said_to_be_undecided(self):
        path = next(p for p in PATHS if p.stem == "ring_reduce")
        checked = run("program", "check", path, "--steps", "100")
        self.assertDone(checked)
        self.assertIn("undecided: waiting is not decided: more than 100 steps", checked.out)
        self.assertIn("\nnothing wrong so far: program", checked.out)
        result = run("program", "check", path, "--steps", "100", "--json").json()
        self.assertTrue(result["ok"] and not result["decided"])

    def test_bad_text_has_line_and_column(self):
        path = self.write(DEADLOCK.replace("wait go", "wait stop"))
        for verb in ("check", "show"):
            self.assertError(run("program", verb, path), 3, "input", ['"stop" instead of a semaphore', f"{path}:10:12"])

    def test_a_program_may_come_from_standard_input(self):
        with PATHS[0].open("rb") as file:
            shown = harness.subprocess.run([harness.DOJO, "program", "show", "-"], stdin=file, capture_output=True, check=True, text=True)
        self.assertEqual(shown.stdout, run("program", "show", PATHS[0]).out)
        folder = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        unread = harness.subprocess.run([harness.DOJO, "program", "show", "-"], stdin=folder, capture_output=True, check=False, text=True)
        self.assertEqual(unread.returncode, 1)
        self.assertIn("error (io): cannot read the file: Is a directory, standard input", unread.stderr)

    def mistakes(self, items, body, *options, at=2):
        """What check finds, as (kind, line), with these items in the layout (line 5) and this body of its four nodes' thread (line 10)."""
        path = self.write(f"""program "p" {{
  nodes 4 x 1
  place [0:+2, 0] at (0, 0) place [2:+2, 0] at ({at}, 0)
  layout main {{
    code at 0 size 1024 {items}
  }}
  class worker uses main {{
    on [0:+4, 0]
    thread 0 {{
      {body}
    }}
  }}
}}
""")
        result = run("program", "check", path, "--json", *options)
        problems = result.json()["problems"]
        self.assertEqual(result.code, 3 if problems else 0, result)
        return {(p["kind"], p["line"]) for p in problems}

    def test_each_kind_of_mistake_is_named_with_its_line(self):
        block = "a: u8[64] at 1024"
        for kind, line, items, body in (
                ("overlap", 5, "a: f32[64] at 1024 b: f32[64] at 1276", ""),
                ("overflow", 5, "a: u8[2000000] at 1024", ""),
                ("overflow", 7, "", "idle 1 " * 17),
                ("access", 10, block, "vector a[20*x + 4] = move 0"),
                ("formats", 10, "a: bf16[96] at 1024 b: f32[8] at 1216", "copy here: a[0:+40] = a[40:+40], b = b"),
                ("formats", 5, "a: bf16[8] at 1024 b: f32[8] at 1040", ""),
                ("targets", 10, block, "copy to node(x + 1, y): a = a"),
                ("unmatched", 5, "semaphore s", "signal s"),
                ("deadlock", 10, "semaphore s", "wait s")):
            with self.subTest(kind=kind, line=line):
                self.assertEqual(self.mistakes(items, body), {(kind, line)})
        self.assertEqual(self.mistakes(block, "copy to node(3 - x, y): a = a"), set())

    def test_disabled_nodes_are_no_place_and_no_way(self):
        die = json.loads((MACHINES / "d1_die.json").read_text(encoding="utf-8"))
        assumed = {"status": "assumed", "source": "a test"}
        die["disabled"] = {"count": {"value": 1, "unit": "nodes", **assumed}, "placing": {"value": "listed", **assumed},
                           "list": {"value": [[2, 0]], **assumed}}
        del die["published"]
        machine = self.folder / "die.json"
        machine.write_text(json.dumps(die), encoding="utf-8")
        options, block = ("--machine", machine), "a: u8[64] at 1024"
        self.assertEqual(self.mistakes(block, "", *options), {("places", 7)})
        self.assertEqual(self.mistakes(block, "", *options, at=3), set())
        around = "copy to node(3 - x, y): a = a"  # from columns 0 and 1 to 3 and 4 and back
        self.assertEqual(self.mistakes(block, around, *options, at=3), set())
        self.assertEqual(self.mistakes(block, around, *options, "--straight-routes", at=3), {("routes", 10)})

    def test_what_is_no_program_is_one_honest_line(self):
        for verb in ("check", "show"):
            self.assertError(run("program", verb, self.folder / "none"), 3, "input", ("no such file", "none"))
            self.assertError(run("program", verb, self.folder), 3, "input", ("a folder", self.folder))
            self.assertError(run("program", verb), 2, "config", "FILE")
            large = self.folder / "large.program"
            with large.open("wb") as file:
                file.truncate((64 << 20) + 1)
            self.assertError(run("program", verb, large), 3, "input", ("more than 67108864 bytes", large))
        self.assertError(run("program", "check", PATHS[0], "--machine", "d2_die"), 2, "config", "d2_die")
        self.assertError(run("program", "check", PATHS[0], "--set", "node/sram/colour=1"), 2, "config", "node/sram/colour")
        self.assertError(run("program", "run", PATHS[0]), 2, "config", ("dojo program run", "use check, make or show"))


if __name__ == "__main__":
    harness.main()
