"""`dojo report` on a run whose files are damaged."""
import shutil

import harness
from harness import run
from training import TrainCase


class Report(TrainCase):
    def test_what_could_not_be_read_is_told_on_stderr_too(self):
        out = self.folder / "run"
        shutil.copytree(self.reference, out)
        result = run("report", out)
        self.assertDone(result)
        self.assertEqual(result.err, "")
        with open(out / "metrics.jsonl", "a", encoding="utf-8") as file:
            file.write("{\n")
        result = run("report", out, "--json")
        self.assertDone(result)
        self.assertIn("warning: metrics.jsonl: 1 damaged line", result.err)
        self.assertEqual(len(result.json()["problems"]), 1)
        (out / "metrics.jsonl").write_text("")
        (out / "last.safetensors").unlink()
        result = run("report", out)  # as in its first second
        self.assertDone(result)
        self.assertIn("warning: metrics.jsonl has no result yet: the run has not made a step", result.err)
        (out / "metrics.jsonl").write_text("{\n")
        (out / "config.json").write_text("{\n")
        self.assertError(run("report", out), 3, "input", (out, "config.json is damaged: not JSON: line 2, column 1"))

    def test_a_folder_in_which_a_run_is_just_beginning_has_nothing_to_report_yet(self):
        out = self.folder / "run"
        out.mkdir()
        self.assertError(run("report", out), 3, "input", ("nothing to report yet", out, "; if a run is beginning there"))
        (out / "algorithms.json").write_text("{}")
        self.assertError(run("report", out), 3, "input", "nothing to report yet")
        (out / "notes.txt").write_text("")
        self.assertError(run("report", out), 3, "input", ("not a run", "`dojo train --out`"))


if __name__ == "__main__":
    harness.main()
