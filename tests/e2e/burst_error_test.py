"""The level burst is as near to the level flit as docs/burst_error.md and each result say."""
import pathlib
import sys

import harness
from harness import run

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import burst_error  # noqa: E402

# All others are within 5 %. In these, links are busy nearly all the time, and routers do not fill them: packets of different inputs hold each
# other up in channels and buffers, and in the allocators' single round. With 8 channels, buffers of 32 flits and more rounds flit comes near to burst.
WITHIN = {"traffic_uniform": 0.16, "gemm_cannon": 0.11, "all_reduce_tree": 0.14, "all_reduce_tree, whole": 0.08, "all_reduce_ring": 0.12, "all_reduce_ring, whole": 0.12,
          "burst_error/all_to_all, whole": 0.15}


class BurstError(harness.TestCase):
    @classmethod
    def setUpClass(cls):
        burst_error.os.environ["DOJO"] = harness.DOJO
        cls.rows = burst_error.measure()

    def test_what_is_written_down_is_what_a_run_gives(self):
        for path, text in ((burst_error.DOCS, burst_error.table(self.rows)), (burst_error.HEADER, burst_error.header(self.rows))):
            self.assertEqual(path.read_text(encoding="utf-8"), text, f"{path.name}: tests/burst_error.py --write, then build")

    def test_burst_is_as_near_as_it_was(self):
        for name, burst, flit in self.rows:
            self.assertLessEqual(abs(burst / flit - 1), WITHIN.get(name, 0.05), f"{name}: burst {burst}, flit {flit}")

    def test_results_tell(self):
        path = burst_error.written()[0]
        self.assertRegex(run("sim", path).out,
                         r"\nerror +not of this run: on a fixed set of \d+ programs burst took -?\d+\.\d % to [+-]\d+\.\d % more cycles\n"
                         r" +than flit, at most 5 % on \d+ of them; crowded networks can be worse: --level flit shows it\n")
        told = run("sim", path, "--json").json()["burst_error"]
        self.assertEqual(told["programs"], len(self.rows))
        self.assertIsNone(run("sim", path, "--level", "flit", "--json").json()["burst_error"])


if __name__ == "__main__":
    harness.main()
