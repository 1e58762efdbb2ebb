"""The task ego as a user meets it: drives of a rendered car, trained on their telemetry, judged, killed and resumed."""
import json
import pathlib

import harness
from harness import make_clip, run
from training import DEADLINE, RunCase

SMALL = ["--size", "32x64", "--frames", "3", "--batch", "4", "--channels", "8", "--threads", "1", "--seed", "3"]
SIGNALS = {"speed_mps", "yaw_rate_radps", "steering_wheel_deg"}


class Ego(RunCase):
    """Three drives of a car with two cameras, and one finished run on them to compare with."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.drives = cls.shared / "drives"
        rendered = run("render", "--cameras", "2", "--drives", "3", "--seconds", "4", "--fps", "10", "--size", "48x64", "-q",
                       "--out", cls.drives, deadline=DEADLINE)
        assert rendered.code == 0, rendered
        cls.reference = cls.shared / "reference"
        cls.finished = cls.train(cls.reference, "--json")

    @classmethod
    def words(cls, out, *options, clips=None, steps=8):
        return ("train", "--task", "ego", clips or cls.drives, "--out", out, "--steps", steps, "--eval-every", "4",
                "--checkpoint-every", "1", *SMALL, *options)

    @classmethod
    def train(cls, out, *options, clips=None, steps=8):
        return run(*cls.words(out, *options, clips=clips, steps=steps), deadline=DEADLINE)

    def test_it_tells_each_signal_beside_predicting_the_mean_by_recording_and_camera(self):
        self.assertDone(self.finished)
        result = self.finished.json()
        self.assertLessEqual(SIGNALS | {"score", "clips", "by_recording", "by_camera", "step", "best_step"}, set(result))
        for signal_name in SIGNALS:
            self.assertEqual(set(result[signal_name]), {"mae", "rmse", "mean_mae", "mean_rmse", "untrained_mae", "learned", "clips"})
            of = result[signal_name]
            self.assertIs(of["learned"], of["mae"] < min(of["mean_mae"], of["untrained_mae"]))
            self.assertGreaterEqual(result[signal_name]["rmse"], result[signal_name]["mae"])
        self.assertEqual(set(result["by_camera"]), {"front", "back"})
        config = json.loads((self.reference / "config.json").read_text())
        self.assertEqual(config["task"], "ego")
        held = config["held_out"]
        self.assertEqual(sorted(result["by_recording"]), held)
        # All cameras of one drive, and none of them is trained on.
        self.assertEqual(len(held), 2)
        (drive,) = {str(pathlib.Path(name).parent) for name in held}
        self.assertFalse([name for name in config["train"] if drive in name])
        page = (self.reference / "report.html").read_text()
        for words in ("predicting the mean", "By camera", "steering wheel angle", "telemetry"):
            self.assertIn(words, page)
        rows = json.loads((self.reference / "samples" / "ego.json").read_text())
        self.assertEqual([row["recording"] for row in rows], held)
        self.assertEqual(len(rows[0]["seconds"]), len(rows[0]["speed_mps"]["network"]))

    def test_eval_judges_it_on_other_drives(self):
        best = self.reference / "best.safetensors"
        result = run("eval", best, self.drives, "--json", deadline=DEADLINE)
        self.assertDone(result)
        self.assertEqual(len(result.json()["by_recording"]), 6)
        self.assertEqual(result.json()["quarantined"], [])
        table = run("eval", best, self.drives, deadline=DEADLINE)
        self.assertDone(table)
        for words in ("speed, m/s", "yaw rate, rad/s", "camera front", "all recordings"):
            self.assertIn(words, table.out)
        held = json.loads((self.reference / "config.json").read_text())["held_out"]
        same = run("eval", best, *(self.drives / name for name in held), "--json", deadline=DEADLINE).json()
        self.assertAlmostEqual(same["speed_mps"]["mae"], self.finished.json()["speed_mps"]["mae"], places=6)

    def test_killed_and_resumed_it_comes_to_the_same_bytes(self):
        self.assertSameAfterAKill()

    def test_recordings_without_telemetry_are_listed_and_left_out(self):
        clips = self.folder / "clips"
        clips.mkdir()
        for i in range(3):
            make_clip(clips / f"{i}.mp4", size="64x48", frames=30)
        table = "time_seconds,speed_mps\n0,1\n1,2\n3,5\n"
        for name in ("0.csv", "1.csv"):
            (clips / name).write_text(table)
        result = self.train(self.folder / "run", "--json", clips=clips, steps=2)
        self.assertDone(result)
        self.assertIn("2.mp4", result.err)
        self.assertIn("no telemetry", result.err)
        self.assertIn("speed_mps", result.json())
        self.assertNotIn("yaw_rate_radps", result.json())  # nobody said it
        listed = [json.loads(line) for line in (self.folder / "run" / "quarantine.jsonl").read_text().splitlines()]
        self.assertEqual([pathlib.Path(line["path"]).name for line in listed], ["2.mp4"])

    def test_without_any_telemetry_it_says_what_is_needed(self):
        clip = make_clip(self.folder / "plain.mp4", size="64x48", frames=30)
        out = self.folder / "run"
        result = self.train(out, clips=clip)
        self.assertError(result, 3, "input", ["plain.mp4", "telemetry", "dojo inspect", "dojo render", "--task"])
        self.assertFalse(out.exists())
        result = run("eval", self.reference / "best.safetensors", clip, deadline=DEADLINE)
        self.assertError(result, 3, "input", ["plain.mp4", "telemetry"])

    def test_wrong_options_are_named(self):
        self.assertError(run("train", "--task", "fly", self.drives, "--out", self.folder / "x"), 2, "config", ["--task", "fly", "ego"])
        self.assertError(run("train", "--task", "ego", self.drives, "--out", self.folder / "x", "--size", "40x64"), 2, "config", ["--size", "40x64"])
        self.assertError(run("train", "--resume", self.reference, "--task", "predict"), 2, "config", "--task")

    def test_that_a_drive_is_on_both_sides_is_said(self):
        result = self.train(self.folder / "run", "--held-out", "*back*", steps=1)
        self.assertDone(result)
        self.assertIn("another camera has seen what is held out", result.err)


if __name__ == "__main__":
    harness.main()
