"""Training as a user does it, on small clips: the run folder, the same bytes for the same seed, and what is refused."""
import json
import pathlib
import re
import resource
import shutil

import harness
from harness import run
from training import DEADLINE, TINY, TrainCase, metrics_without_time, read_safetensors


class Train(TrainCase):
    def test_a_run_leaves_its_whole_folder(self):
        self.assertDone(self.finished)
        names = {p.name for p in self.reference.iterdir()}
        self.assertLessEqual({"config.json", "metrics.jsonl", "best.safetensors", "last.safetensors", "quarantine.jsonl"}, names)
        self.assertTrue(any(name.startswith("events.out.tfevents.") for name in names), names)
        self.assertNoLitter(self.reference)
        for name in ("last.safetensors", "best.safetensors"):
            header, _ = read_safetensors(self.reference / name)
            self.assertGreater(len(header), 5)
        config = json.loads((self.reference / "config.json").read_text(encoding="utf-8"))
        self.assertEqual(config["seed"], 3)
        self.assertEqual(len(config["train"]), 2, config)
        self.assertEqual(len(config["held_out"]), 1, config)
        kinds = [line["kind"] for line in metrics_without_time(self.reference / "metrics.jsonl")]
        self.assertIn("step", kinds)
        self.assertIn("eval", kinds)
        self.assertEqual(kinds[-1], "final")

    def test_the_same_seed_gives_the_same_bytes(self):
        self.assertDone(self.train(self.folder / "again"))
        self.assertSameRun(self.folder / "again")

    def test_another_seed_gives_other_weights(self):
        self.assertDone(run("train", self.clips, "--out", self.folder / "other", "--steps", "12", "--held-out", "drive_2",
                            *TINY[:-1], "4", deadline=DEADLINE))
        self.assertNotEqual((self.folder / "other" / "last.safetensors").read_bytes(),
                            (self.reference / "last.safetensors").read_bytes())

    def test_an_exact_cache_changes_no_byte(self):
        for name in ("cold", "warm"):
            self.assertDone(self.train(self.folder / name, "--cache", "raw", "--cache-dir", self.folder / "cache"))
            self.assertSameRun(self.folder / name)
        copies = run("cache", "info", "--cache-dir", self.folder / "cache", "--json").json()["copies"]
        self.assertEqual({c["path"] for c in copies}, {str(self.clips / f"drive_{i}.mp4") for i in (0, 1)})

    def test_a_small_cache_gives_the_same_bytes_cold_warm_and_without_a_disk(self):
        small = ("--frame-scale", "1.25", "--cache", "short-gop", "--cache-dir")
        self.assertDone(self.train(self.folder / "cold", *small, self.folder / "cache"))
        self.assertDone(self.train(self.folder / "warm", *small, self.folder / "cache"))
        (self.folder / "file").write_text("in the way")
        lost = self.train(self.folder / "lost", *small, self.folder / "file" / "cache")
        self.assertDone(lost)
        self.assertIn("no frames are cached", lost.err)
        wanted = (self.folder / "cold" / "last.safetensors").read_bytes()
        for name in ("warm", "lost"):
            self.assertEqual((self.folder / name / "last.safetensors").read_bytes(), wanted, name)
        copies = run("cache", "info", "--cache-dir", self.folder / "cache", "--json").json()["copies"]
        self.assertEqual({(c["height"], c["width"]) for c in copies}, {(40, 80)})
        self.assertError(run("train", "--resume", self.folder / "cold", "--cache", "none"), 2, "config", "--cache")
        self.assertError(run("train", "--resume", self.folder / "cold", "--frame-scale", "1"), 2, "config", "--frame-scale")
        self.assertError(run("train", self.clips, "--cache", "tape"), 2, "config", "tape")

    def test_one_bad_file_among_the_clips_is_quarantined(self):
        clips = self.folder / "clips"
        shutil.copytree(self.clips, clips)
        (clips / "bad.mp4").write_text("not a video")
        result = run("train", clips, "--out", self.folder / "run", "--steps", "2", "--held-out", "drive_2", *TINY,
                     deadline=DEADLINE)
        self.assertDone(result)
        lines = [json.loads(line) for line in (self.folder / "run" / "quarantine.jsonl").read_text().splitlines()]
        self.assertEqual([pathlib.Path(line["path"]).name for line in lines], ["bad.mp4"])
        self.assertEqual(lines[0]["category"], "input")
        self.assertIn("bad.mp4", result.err)

    def test_a_profile_says_where_the_time_of_the_step_went_and_changes_no_byte(self):
        result = self.train(self.folder / "run", "--profile")
        self.assertDone(result)
        self.assertSameRun(self.folder / "run")
        self.assertRegex(result.err, r"\n12 runs of \d+\.\d+ ms, .* of the machine's limits")
        self.assertRegex(result.err, r"\n +\d+\.\d+ .* Conv\n")
        self.assertNotIn("GFLOP/s", result.out)
        events = json.loads((self.folder / "run" / "profile.json").read_text(encoding="utf-8"))["traceEvents"]
        spans = [e for e in events if e["ph"] == "X"]
        runs = [e["name"] for e in spans if e["cat"] == "run"]
        self.assertEqual(runs, [f"run {i}" for i in range(3, 13)])
        self.assertGreater(len({e["cat"] for e in spans}), 5)
        self.assertGreater(sum(e["args"].get("flop", 0) for e in spans), 1e6)
        page = (self.folder / "run" / "report.html").read_text(encoding="utf-8")
        self.assertIn("Where the time of a step went", page)
        self.assertIn("limit of the machine", page)
        refused = self.train(self.folder / "slow", "--profile", "--executor", "interpreter")
        self.assertError(refused, 2, "config", ["--profile", "interpreter"])
        self.assertFalse((self.folder / "slow").exists())

    def test_wrong_options_are_refused_before_anything_is_written(self):
        for options in (["--steps", "0"], ["--batch", "0"], ["--size", "huge"], ["--held-out", "no_such_recording"],
                        ["--interval", "-1"], ["--frames", "0"]):
            with self.subTest(options=options):
                out = self.folder / "run"
                result = run("train", self.clips, "--out", out, *options, deadline=DEADLINE)
                self.assertError(result, 2, "config", options[0])
                self.assertFalse((out / "last.safetensors").exists())

    def test_what_cannot_fit_into_memory_is_refused_at_once(self):
        out = self.folder / "run"
        for options in (["--size", "8192x8192", "--batch", "64"], ["--channels", "4096"], ["--batch", "4096", "--size", "1024x2048"]):
            with self.subTest(options=options):
                result = run("train", self.clips, "--out", out, "--steps", "1", *options, deadline=60)
                self.assertError(result, 2, "config", "--size, --batch, --frames, --channels")
                self.assertFalse(out.exists())

        def little():
            resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))

        result = run("train", self.clips, "--out", out, "--steps", "1", "--batch", "512", deadline=60, before=little)
        self.assertError(result, 2, "config", ("training needs at least", " GB for a step", "ulimit -v) allows 3.2 GB"))
        batch = re.search(r"--batch (\d+) would fit", result.error).group(1)
        self.assertError(run("train", self.clips, "--out", out, "--steps", "1", "--batch", int(batch) + 3, deadline=60, before=little),
                         2, "config", "--batch")

    def test_a_folder_with_other_things_in_it_is_refused_and_kept(self):
        out = self.folder / "mine"
        (out / "samples").mkdir(parents=True)
        (out / "samples" / "thesis.txt").write_text("years of work")
        self.assertError(self.train(out), 2, "config", out)
        self.assertEqual((out / "samples" / "thesis.txt").read_text(), "years of work")
        self.assertEqual([p.name for p in out.iterdir()], ["samples"])

    def test_that_nothing_was_learned_is_said(self):
        out = self.folder / "run"
        result = self.train(out, "--lr", "0", steps=2)
        self.assertDone(result)
        self.assertIn("nothing was learned", result.out)
        self.assertIs(metrics_without_time(out / "metrics.jsonl")[-1]["learned"], False)
        result = run("train", "--resume", out, "--json", deadline=DEADLINE)
        self.assertDone(result)
        self.assertEqual((result.json()["learned"], result.json()["best_step"]), (False, 0))

    def test_a_run_that_stops_by_itself_has_failed_and_says_how_it_went(self):
        result = self.train(self.folder / "run", "--lr", "1e6", steps=50)
        self.assertEqual(result.code, 1, result)
        self.assertEqual(result.out, "")
        self.assertIsNone(result.error, result)  # no mistake of the user's, and none of the program's
        last = result.err.splitlines()[-1]
        self.assertRegex(last, r"^dojo: training stopped: (after )?step \d+: .*lower --lr$")
        self.assertIn(str(self.folder / "run"), last)
        line = metrics_without_time(self.folder / "run" / "metrics.jsonl")[-1]
        self.assertEqual((line["kind"], line["reason"]), ("final", "nonfinite"))

    def test_memory_stays_flat(self):
        out = self.folder / "run"
        self.assertDone(self.train(out, "--eval-every", "100", steps=1000))
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
        resident = {line["step"]: line["time"]["resident_bytes"] for line in lines if line["kind"] == "step"}
        print(f"resident MB at steps 300 and 1000: {resident[300] / 1e6:.1f} {resident[1000] / 1e6:.1f}")
        self.assertLess(resident[1000], 1.02 * resident[300])

    def test_a_recording_that_is_too_short_is_listed(self):
        clips = self.folder / "clips"
        shutil.copytree(self.clips, clips)
        harness.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=160x96:rate=10", "-frames:v", 2, "-c:v", "libx264", clips / "short.mp4")
        out = self.folder / "run"
        result = run("train", clips, "--out", out, "--steps", "2", "--held-out", "drive_2", "-q", *TINY, deadline=DEADLINE)
        self.assertDone(result)
        self.assertIn("short.mp4", result.err)
        self.assertIn("short.mp4", (out / "quarantine.jsonl").read_text())
        result = run("eval", out / "best.safetensors", clips, "--json", "-q", "--clips", "5", deadline=DEADLINE)
        self.assertDone(result)
        self.assertEqual([pathlib.Path(q["path"]).name for q in result.json()["quarantined"]], ["short.mp4"])
        self.assertIn("short.mp4", result.err)
        self.assertEqual([s["clips"] for s in result.json()["by_recording"].values()], [5, 5, 5])

    def test_what_fails_before_it_begins_leaves_no_folder(self):
        self.assertError(run("train", self.folder / "nowhere", cwd=self.folder), 3, "input", "nowhere")
        self.assertError(run("train", self.clips, "--held-out", "nobody", "--out", self.folder / "a" / "b"), 2, "config", "nobody")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_copies_and_cut_files_are_told_listed_and_reported_also_with_q(self):
        clips = self.folder / "clips"
        shutil.copytree(self.clips, clips)
        shutil.copy(clips / "drive_2.mp4", clips / "other.mp4")
        cut = harness.make_clip(clips / "cut.mkv")
        cut.write_bytes(cut.read_bytes()[:cut.stat().st_size * 7 // 10])
        out = self.folder / "run"
        result = run("train", clips, "--out", out, "--steps", "2", "--held-out", "drive_2", "-q", *TINY, deadline=DEADLINE)
        self.assertDone(result)
        copies = "not trained on, copies of what is held out: other.mp4"
        for words in (f"warning: {copies}", "warning: cut.mkv: the file ends early"):
            self.assertIn(words, result.err)
        self.assertNotIn("looking at", result.err)
        self.assertNotIn("other.mp4", json.loads((out / "config.json").read_text())["train"])
        listed = {pathlib.Path(line["path"]).name: line["reason"]
                  for line in map(json.loads, (out / "quarantine.jsonl").read_text().splitlines())}
        self.assertEqual(listed["other.mp4"], "not trained on: a copy of drive_2.mp4, which is held out")
        self.assertIn("the file ends early", listed["cut.mkv"])
        log = [line for line in metrics_without_time(out / "metrics.jsonl") if line["kind"] == "warning"]
        self.assertEqual(log, [{"kind": "warning", "step": 0, "message": copies}])
        page = (out / "report.html").read_text(encoding="utf-8")
        for words in (copies, listed["other.mp4"], "the file ends early"):
            self.assertIn(words, page)


if __name__ == "__main__":
    harness.main()
