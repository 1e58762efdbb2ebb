"""dojo sim: examples run with the same result each time, values come from and go to files, and what never ends is explained."""
import json
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import time

import harness
from harness import run
from programs import DEADLOCK, EXAMPLES, ProgramCase
from training import read_safetensors, safetensors

MACHINES = pathlib.Path(__file__).resolve().parents[2] / "machines"

LONG_LOOPS = """program "three loops" {
  nodes 1 x 1
  layout main {
    code at 0 size 1024
  }
  class only uses main {
    on [0, 0]
    thread 0 {
      loop i < 16777216 {
        loop j < 16777216 {
          loop k < 16777216 {
            idle 0
          }
        }
      }
    }
  }
}
"""

# No thread waits for what is signalled.
SIGNAL_LEFT_OVER = DEADLOCK.replace("      wait go\n", "")

RACE = """program "race" {
  nodes 1 x 1
  layout main {
    code at 0 size 1024
    a: f32[16] at 1024
  }
  class only uses main {
    on [0, 0]
    thread 0 {
      vector a = move 1.0
    }
    thread 1 {
      idle 5
      vector a = move 2.0
    }
  }
}
"""


def write_floats(path, tensors):
    """tensors: name -> (shape, numbers)."""
    header, data = {}, b""
    for name, (shape, numbers) in tensors.items():
        raw = struct.pack(f"<{len(numbers)}f", *numbers)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    path.write_bytes(safetensors(header, data))


def read_floats(path):
    header, data = read_safetensors(path)
    header.pop("__metadata__", None)
    tensors = {}
    for name, about in header.items():
        begin, end = about["data_offsets"]
        assert about["dtype"] == "F32", about
        tensors[name] = (about["shape"], list(struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])))
    return tensors


def told_on(reader, word, seconds):
    """What comes on a terminal until it has the word, or until the time is over."""
    told, end = "", time.monotonic() + seconds
    while (word is None or word not in told) and (left := end - time.monotonic()) > 0:
        if select.select([reader], [], [], left)[0]:
            told += os.read(reader, 1 << 16).decode(errors="replace")
    return told


class Sim(ProgramCase):
    def test_the_examples_run_and_say_the_same_each_time(self):
        paths = sorted(EXAMPLES.glob("*.program"))
        self.assertGreaterEqual(len(paths), 3)
        for path in paths:
            for machine in ("unit", "d1_die", "tile"):
                shown = run("sim", path, "--machine", machine)
                self.assertDone(shown)
                self.assertRegex(shown.out, r"\ncycles +\d+  [\d.]+ [num]s at [12] GHz\n")
                self.assertRegex(shown.out, r"\nrests on +\d+ numbers: \d+ published, \d+ derived, \d+ assumed\n")
                self.assertEqual(run("sim", path, "--machine", machine).out, shown.out)
            timed = run("sim", path, "--json").json()
            valued = run("sim", path, "--values", "random", "--json").json()
            self.assertEqual(valued["cycles"], timed["cycles"])  # no value decides what is executed
            self.assertTrue(timed["done"])
            self.assertGreater(timed["assumed_numbers"], 0)
            functional = run("sim", path, "--values", "random", "--level", "functional", "--json").json()
            self.assertLess(functional["assumed_numbers"], timed["assumed_numbers"])
            self.assertIsNone(functional["seconds"])

    def test_numbers_of_the_machine_count(self):
        copy = EXAMPLES / "two_node_copy.program"
        cycles = run("sim", copy, "--machine", "unit", "--json").json()["cycles"]
        slow = run("sim", copy, "--machine", "unit", "--set", "node/edge/latency=101 cycles", "--json").json()["cycles"]
        self.assertEqual(slow, cycles + 100)

    def test_values_come_from_a_file_and_go_to_one(self):
        inputs, outputs = self.folder / "in.safetensors", self.folder / "out.safetensors"
        numbers = [float(i % 7 - 3) for i in range(2 * 64)]
        write_floats(inputs, {"a": ([1, 2, 64], numbers)})  # at each node its own
        for level in ("burst", "flit", "functional"):
            self.assertDone(run("sim", EXAMPLES / "two_node_copy.program", "--level", level, "--values", inputs, "--out", outputs))
            shape, doubled = read_floats(outputs)["doubled"]
            self.assertEqual(shape, [1, 2, 64])
            self.assertEqual(doubled, [0.0] * 64 + [2 * x for x in numbers[:64]])

    def test_a_product_of_matrices_is_right(self):
        inputs, outputs = self.folder / "in.safetensors", self.folder / "out.safetensors"
        a = [[float((3 * i + 5 * j) % 11 - 5) for j in range(128)] for i in range(128)]
        b = [[float((7 * i + 2 * j) % 9 - 4) for j in range(128)] for i in range(128)]

        def quarters(matrix):  # node (x, y) has the rows from 64 y and the columns from 64 x
            return [matrix[64 * y + i][64 * x + j] for y in range(2) for x in range(2) for i in range(64) for j in range(64)]

        write_floats(inputs, {"main.a": ([2, 2, 64, 64], quarters(a)), "main.b": ([2, 2, 64, 64], quarters(b))})
        self.assertDone(run("sim", EXAMPLES / "gemm_2x2.program", "--values", inputs, "--out", outputs))
        columns = list(zip(*b))
        product = [[sum(p * q for p, q in zip(row, column)) for column in columns] for row in a]  # small integers: exact
        self.assertEqual(read_floats(outputs)["c"][1], quarters(product))

    def test_wrong_values_are_named(self):
        copy = EXAMPLES / "two_node_copy.program"
        inputs = self.folder / "in.safetensors"
        write_floats(inputs, {"a": ([3, 64], [0.0] * 192)})
        self.assertError(run("sim", copy, "--values", inputs), 3, "input", "the tensor a is [3,64], and [64] or [1,2,64] would fit")
        write_floats(inputs, {"b": ([64], [0.0] * 64)})
        self.assertError(run("sim", copy, "--values", inputs), 3, "input", "no tensor for the input main.a")
        write_floats(inputs, {"a": ([64], [0.0] * 64), "c": ([1], [0.0])})
        self.assertError(run("sim", copy, "--values", inputs), 3, "input", "the tensor c is no input")
        missing = run("sim", copy, "--values", self.folder / "none.safetensors")
        self.assertError(missing, 3, "input", ["none.safetensors", "`--values random`"])
        inputs.write_bytes(safetensors({"a": {"dtype": "F64", "shape": [64], "data_offsets": [0, 512]}}, bytes(512)))
        wide = run("sim", copy, "--values", inputs)
        self.assertError(wide, 3, "input", ['tensor "a" has dtype "F64"', "F32, BF16, I32 and U8 are read; convert it"])
        self.assertNotIn("damaged", wide.err)
        self.assertError(run("sim", copy, "--out", self.folder / "out"), 2, "config", "--values")
        self.assertError(run("sim", copy, "--level", "fast"), 2, "config", "no level fast")

    def test_what_waits_for_ever_is_explained(self):
        path = self.write(DEADLOCK)
        stopped = run("sim", path)
        self.assertError(stopped, 3, "input", "threads wait for ever at 1 instruction")
        self.assertIn(f"{path}:10: class polite, thread 0: wait go: 2 nodes, first (0, 0), wait since cycle 0: go is 0, not 1; "
                      "it is signalled by class polite, thread 0: signal node", stopped.out)
        waiting = json.loads(run("sim", path, "--json").out)
        self.assertFalse(waiting["done"])
        self.assertEqual((waiting["waiting"][0]["line"], waiting["waiting"][0]["nodes"]), (10, 2))

    def test_a_path_of_no_cycles_has_no_tables(self):
        stopped = run("sim", self.write(DEADLOCK), "--critical-path")
        self.assertError(stopped, 3, "input", "wait for ever")
        self.assertNotIn("critical path", stopped.out)
        self.assertNotIn("from cycle", stopped.out)

    def test_what_check_calls_unmatched_is_a_warning(self):
        path = self.write(SIGNAL_LEFT_OVER)
        where = f"{path}:5: layout main, semaphore go"
        what = "go begins with 0 and ends with 1 at the node (0, 0) and with another count at 1 more"
        for level in ("burst", "flit", "functional"):
            ran = run("sim", path, "--level", level)
            self.assertDone(ran)
            self.assertIn(f"warning: {where}: {what}; `dojo program check` refuses that", ran.err)
        checked = run("program", "check", path)
        self.assertError(checked, 3, "input")
        self.assertIn(f"{where}: unmatched: {what}", checked.out)
        self.assertEqual(run("sim", EXAMPLES / "ring_reduce.program").err, "")

    def test_sizes_are_those_of_the_docs(self):
        shown = run("sim", self.write(RACE)).out
        self.assertIn("1 node of d1_die,", shown)
        self.assertIn("SRAM        256 B of 1.25 MB at most", shown)

    def test_a_long_run_on_a_terminal_says_how_far_it_is(self):
        path = self.write(LONG_LOOPS)
        for args, is_told in (((), True), (("-q",), False)):
            try:
                reader, terminal = pty.openpty()
            except OSError as e:
                self.skipTest(f"this machine gives no terminals: {e}")
            process = subprocess.Popen([harness.DOJO, "sim", path, *args], stdout=subprocess.DEVNULL, stderr=terminal,
                                       env=harness.ENVIRONMENT, start_new_session=True)
            os.close(terminal)
            told = told_on(reader, *(("events", 20) if is_told else (None, 2)))
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)
            os.close(reader)
            (self.assertRegex if is_told else self.assertNotRegex)(told, r"simulating.*\d cycles.* events")

    def test_what_values_show_is_named_with_cycle_node_and_line(self):
        path = self.write(RACE)
        self.assertDone(run("sim", path))  # without values nobody sees it
        self.assertError(run("sim", path, "--values", "random"), 3, "input",
                         ["data race: writes a[0] at the node (0, 0)", "cycle 5, the node (0, 0): ", f"{path}:14: class only, thread 1"])
        self.assertDone(run("sim", path, "--values", "random", "--no-races"))
        path = self.write(RACE.replace("move 1.0", "move a"))
        self.assertError(run("sim", path, "--values", "random"), 3, "input", ["reads a[0] at the node (0, 0), which nobody has written", f"{path}:10"])

    def test_a_run_ends_at_its_last_cycle(self):
        path = self.write(RACE.replace("idle 5", "loop k < 1000000 { loop j < 1000000 { idle 1000 } }"))
        self.assertError(run("sim", path, "--cycles-limit", "5000"), 3, "input", "the program is not done after 5000 cycles")

    def test_no_result_replaces_what_is_read(self):
        program, machine, inputs = self.write(RACE), self.folder / "unit.json", self.folder / "in.st"
        machine.write_bytes((MACHINES / "unit.json").read_bytes())
        write_floats(inputs, {})
        link = self.folder / "link"
        link.symlink_to(program)
        before = {path: path.read_bytes() for path in (program, machine, inputs)}
        out = self.folder / "out"
        for args, first, second in (
            (("--values", "random", "--out", program), "PROGRAM", "--out"),
            (("--values", "random", "--out", self.folder / "." / "a.program"), "PROGRAM", "--out"),
            (("--values", "random", "--out", link), "PROGRAM", "--out"),
            (("--trace", program), "PROGRAM", "--trace"),
            (("--values", inputs, "--out", inputs), "--values", "--out"),
            (("--values", "random", "--machine", machine, "--out", machine), "--machine", "--out"),
            (("--machine", f"{machine}:die", "--trace", machine), "--machine", "--trace"),
            (("--values", "random", "--out", out, "--trace", f"{self.folder}/./out"), "--out", "--trace"),
        ):
            self.assertError(run("sim", program, *args), 2, "config", f"{first} and {second} are the same file")
        for args in (("machine", "draw", machine), ("program", "make", "ring", "--machine", machine)):
            self.assertError(run(*args, "--out", machine), 2, "config", "and --out are the same file")
        self.assertEqual({path: path.read_bytes() for path in before}, before)
        self.assertFalse(out.exists())

    def test_options_that_would_do_nothing_are_refused(self):
        path = self.write(RACE)
        for args, option, other in (
            (("--no-races",), "--no-races", "--values"),
            (("--trace-nodes", "1x1+0+0"), "--trace-nodes", "--trace"),
            (("--path-steps", 20), "--path-steps", "--critical-path"),
            (("--level", "functional", "--trace", self.folder / "t"), "--trace", "has no time"),
            (("--level", "functional", "--critical-path"), "--critical-path", "has no time"),
        ):
            self.assertError(run("sim", path, *args), 2, "config", [option, other])

    def test_a_thread_that_runs_on_by_itself_can_be_interrupted(self):
        path, out = self.write(LONG_LOOPS), self.folder / "trace"
        for args in ((), ("--trace", out), ("--values", "random"), ("--level", "flit")):
            for number in (signal.SIGINT, signal.SIGTERM):
                process = harness.start("sim", path, *args)
                time.sleep(0.3)
                process.send_signal(number)
                _, err = process.communicate(timeout=20)
                self.assertEqual(process.returncode, -number, err)
        self.assertEqual(list(self.folder.iterdir()), [path])

    def test_what_cannot_run_is_refused_with_its_line(self):
        path = self.write(RACE.replace("at 1024", "at 1250000"))
        self.assertError(run("sim", path), 3, "input", [f"{path}:5", "overflow"])
        self.assertError(run("sim", path, "--machine", "nowhere"), 2, "config", "nowhere")
        self.assertError(run("sim", self.folder / "none"), 3, "input", "none")


if __name__ == "__main__":
    harness.main()
