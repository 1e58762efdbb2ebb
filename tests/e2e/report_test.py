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
        (out / "metrics.jsonl").write_text("{\n")
        (out / "config.json").write_text("{\n")
        self.assertError(run("report", out), 3, "input", (out, "config.json is damaged: not JSON: line 2, column 1"))


if __name__ == "__main__":
    harness.main()
