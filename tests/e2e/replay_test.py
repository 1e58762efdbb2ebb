"""dojo sim --critical-path, --checkpoint and --from: why a run took that long, and runs in several parts."""
import pathlib

import harness
from harness import run
from programs import EXAMPLES

RING = EXAMPLES / "ring_reduce.program"


class ReplayTest(harness.TestCase):
    def test_a_critical_path_is_all_of_the_time(self):
        for level in ("burst", "flit"):
            shown = run("sim", RING, "--level", level, "--critical-path", "--path-steps", 3)
            self.assertDone(shown)
            self.assertIn("\ncritical path ", shown.out)
            self.assertIn("the last 3 of ", shown.out)
            result = run("sim", RING, "--level", level, "--critical-path", "--json").json()
            path = result["critical_path"]
            self.assertEqual(path["cycles"], result["cycles"])
            self.assertEqual(sum(path["reasons"].values()), result["cycles"])
            self.assertEqual(path["last_steps"][-1]["end"], result["cycles"])
            del result["critical_path"]
            self.assertEqual(run("sim", RING, "--level", level, "--json").json(), result)
        self.assertError(run("sim", RING, "--level", "functional", "--critical-path"), 2, "config", "has no time")

    def test_a_run_goes_on_from_its_checkpoints(self):
        for options in (["--level", "functional", "--values", "random"], ["--values", "random", "--seed", 3], []):
            whole = run("sim", RING, "--json", *options)
            self.assertDone(whole)
            at = whole.json()["cycles"] // 2
            file = self.folder / "ring.{cycle}"
            again = run("sim", RING, "--json", "--checkpoint", file, "--checkpoint-at", f"0,{at}", *options)
            self.assertEqual(again.out, whole.out)
            for cycle in (0, at):
                rest = run("sim", RING, "--json", "--from", self.folder / f"ring.{cycle}")
                self.assertDone(rest)
                self.assertEqual(rest.out, whole.out)
        trace = self.folder / "late.perfetto-trace"
        self.assertDone(run("sim", RING, "--from", self.folder / f"ring.{at}", "--trace", trace))
        self.assertGreater(trace.stat().st_size, 0)

    def test_outputs_are_the_same(self):
        whole, rest, state = (self.folder / name for name in ("whole", "rest", "state"))
        self.assertDone(run("sim", RING, "--values", "random", "--out", whole, "--checkpoint", state, "--checkpoint-every", 50))
        self.assertDone(run("sim", RING, "--from", state, "--out", rest))
        self.assertEqual(whole.read_bytes(), rest.read_bytes())

    def test_what_is_no_checkpoint_of_this_run_is_refused(self):
        state, broken = self.folder / "state", self.folder / "broken"
        self.assertDone(run("sim", RING, "--checkpoint", state, "--checkpoint-at", 20))
        content = state.read_bytes()
        for bad, why in ((content[:-1], "should have"), (b"", "no checkpoint"), (content[:-1] + bytes([content[-1] ^ 1]), "sum is wrong")):
            broken.write_bytes(bad)
            self.assertError(run("sim", RING, "--from", broken), 3, "input", why)
        self.assertError(run("sim", EXAMPLES / "gemm_2x2.program", "--from", state), 3, "input", "of other text")
        self.assertError(run("sim", RING, "--machine", "unit", "--from", state), 3, "input", "other numbers")
        self.assertError(run("sim", RING, "--level", "flit", "--from", state), 3, "input", "of the level burst")
        self.assertError(run("sim", RING, "--seed", 4, "--from", state), 3, "input", "seed")
        self.assertError(run("sim", RING, "--values", "random", "--from", state), 2, "config", "--values")
        self.assertError(run("sim", RING, "--checkpoint-at", 5), 2, "config", "--checkpoint")
        self.assertError(run("sim", RING, "--checkpoint", state), 2, "config", "--checkpoint")
        self.assertError(run("sim", RING, "--checkpoint", state, "--checkpoint-at", "5,,6"), 2, "config", "no list of cycles")
        self.assertError(run("sim", RING, "--level", "flit", "--checkpoint", state, "--checkpoint-at", 5), 1, "unimplemented", "flit")
        late = run("sim", RING, "--checkpoint", state, "--checkpoint-at", 10**9)
        self.assertDone(late)
        self.assertIn("no checkpoint of cycle 1000000000", late.err)


if __name__ == "__main__":
    harness.main()
