"""A run that goes on, after kills, signals and a full disk: to the same bytes, or it names what is in the way."""
import json
import os
import random
import re
import resource
import shutil
import signal
import time
from unittest import mock

import harness
from harness import run
from training import DEADLINE, TINY, TrainCase, metrics_without_time, read_safetensors


class Resume(TrainCase):
    def test_resuming_uses_what_changes_no_byte_and_refuses_the_rest(self):
        out = self.folder / "run"
        self.assertDone(self.train(out, steps=6))
        for options in (["--eval-every", "3"], ["--seed", "4"], ["--out", "x"]):
            self.assertError(run("train", "--resume", out, *options, deadline=DEADLINE), 2, "config", options[0])
        self.assertDone(run("train", "--resume", out, "--steps", "8", "--workers", "2", deadline=DEADLINE))
        options = json.loads((out / "config.json").read_text())["options"]
        self.assertEqual((options["steps"], options["workers"]), (8, 2))
        (out / "report.html").unlink()
        self.assertDone(self.resume(out))  # without --steps: the moved end is remembered
        self.assertEqual(metrics_without_time(out / "metrics.jsonl")[-1]["step"], 8)
        self.assertError(run("train", "--resume", out, "--steps", "3", deadline=DEADLINE), 2, "config", out)

    def test_other_video_under_the_same_name_is_refused(self):
        out = self.folder / "run"
        clips = self.folder / "clips"
        shutil.copytree(self.clips, clips)
        self.assertDone(run("train", clips, "--out", out, "--steps", "2", "--held-out", "drive_2", *TINY, deadline=DEADLINE))
        shutil.copy(clips / "drive_0.mp4", clips / "drive_1.mp4")
        result = self.resume(out)
        self.assertError(result, 3, "input", "changed: drive_1.mp4")
        self.assertIn("40 frames", result.error)

    def test_recordings_that_are_gone_or_new_are_named_on_resume(self):
        out = self.folder / "run"
        clips = self.folder / "clips"
        shutil.copytree(self.clips, clips)
        self.assertDone(run("train", clips, "--out", out, "--steps", "2", "--held-out", "drive_2", *TINY, deadline=DEADLINE))
        before = {p: p.read_bytes() for p in out.iterdir() if p.is_file()}
        (clips / "drive_1.mp4").rename(clips / "drive_3.mp4")
        self.assertError(self.resume(out), 3, "input", ["gone: drive_1.mp4", "new: drive_3.mp4"])
        (clips / "drive_3.mp4").rename(clips / "drive_1.mp4")
        (clips / "drive_2.mp4").rename(self.folder / "kept.mp4")  # the one held out
        self.assertError(self.resume(out), 3, "input", "gone: drive_2.mp4")
        (clips / "drive_2.mp4").write_text("not a video any more")
        self.assertError(self.resume(out), 3, "input", "gone: drive_2.mp4 (")
        self.assertEqual({p: p.read_bytes() for p in out.iterdir() if p.is_file()}, {**before, out / "report.html": mock.ANY})
        shutil.move(self.folder / "kept.mp4", clips / "drive_2.mp4")
        self.assertDone(self.resume(out))
        os.utime(clips / "drive_0.mp4", (1, 1))
        result = self.resume(out)
        self.assertDone(result)
        self.assertIn("another time stamp: drive_0.mp4", result.err)

    def test_lost_results_are_named_on_resume_and_training_goes_on(self):
        for name in ("best.safetensors", "metrics.jsonl"):
            with self.subTest(lost=name):
                out = self.folder / name
                self.assertDone(self.train(out, steps=6))
                (out / name).unlink()
                result = run("train", "--resume", out, "--steps", "12", "-q", deadline=DEADLINE)
                self.assertDone(result)
                self.assertIn(f"warning: {name}", result.err)
                lines = metrics_without_time(out / "metrics.jsonl")
                self.assertEqual([line["message"].split()[0].strip(",") for line in lines if line["kind"] == "warning"], [name])
                self.assertEqual(read_safetensors(out / "last.safetensors")[0].keys(),
                                 read_safetensors(self.reference / "last.safetensors")[0].keys())
                self.assertDone(run("eval", out / "best.safetensors", self.clips, "--json", deadline=DEADLINE))
                self.assertNotIn("warning", self.resume(out).err)  # once is enough

    def test_options_edited_behind_its_back_are_refused(self):
        out = self.folder / "run"
        self.assertDone(self.train(out, steps=6))
        file = out / "config.json"
        whole = file.read_text()
        for field, value in (("lr", 0.5), ("weight_decay", 0.3), ("interval_seconds", 0.2), ("deterministic", True)):
            config = json.loads(whole)
            config["options"][field] = value
            file.write_text(json.dumps(config))
            self.assertError(run("train", "--resume", out, "--steps", "8", deadline=DEADLINE), 3, "input", "another run")
        file.write_text(whole)
        self.assertError(run("train", "--resume", out, "--minutes", "5", deadline=DEADLINE), 2, "config", "--steps")
        self.assertDone(run("train", "--resume", out, "--steps", "8", deadline=DEADLINE))

    def test_a_run_keeps_to_the_algorithms_that_it_began_with(self):
        out = self.folder / "run"
        self.assertDone(self.train(out, steps=6))
        file = out / "algorithms.json"
        chosen = json.loads(file.read_text())
        self.assertDone(run("train", "--resume", out, "--steps", "8", deadline=DEADLINE, env={"XDG_CACHE_HOME": str(self.folder / "other")}))
        self.assertEqual(json.loads(file.read_text()), chosen)
        self.assertFalse((self.folder / "other/opendojo/algorithms.json").exists())  # nothing was timed
        for text, words in (("[]", "algorithms.json"), ('{"', "algorithms.json"),
                            (json.dumps({problem: "magic" for problem in chosen}), 'no algorithm "magic"')):
            file.write_text(text)
            self.assertError(run("train", "--resume", out, "--steps", "9", deadline=DEADLINE), 3, "input", words)
        file.unlink()
        result = run("train", "--resume", out, "--steps", "9", "-q", deadline=DEADLINE)
        self.assertDone(result)
        self.assertIn("algorithms.json: not there", result.err)

    def test_a_run_keeps_its_format(self):
        out = self.folder / "run"
        self.assertDone(run(*self.words(out), "--format", "bf16", deadline=DEADLINE))
        self.assertEqual(json.loads((out / "config.json").read_text())["options"]["format"], "bf16")
        self.assertError(run("train", "--resume", out, "--format", "f32", deadline=DEADLINE), 2, "config", "--format")
        self.assertError(run(*self.words(self.folder / "other"), "--format", "f16", deadline=DEADLINE), 2, "config", "f16")
        self.assertDone(run("train", "--resume", out, "--steps", "14", deadline=DEADLINE))

    def test_a_run_keeps_to_the_passes_that_it_leaves_out(self):
        out = self.folder / "run"
        self.assertDone(run(*self.words(out), "--without", "winograd,fuse", "--without", "fold", deadline=DEADLINE))
        self.assertEqual(json.loads((out / "config.json").read_text())["options"]["without"], ["fold", "fuse", "winograd"])
        self.assertError(run("train", "--resume", out, "--without", "fuse", deadline=DEADLINE), 2, "config", "--without")
        self.assertDone(run("train", "--resume", out, "--steps", "14", deadline=DEADLINE))
        for options in (["fuze"], ["lower"], ["fuse", "--executor", "interpreter"]):
            other = self.folder / "other"
            self.assertError(run(*self.words(other), "--without", *options, deadline=DEADLINE), 2, "config", "--without")
            self.assertFalse(other.exists())

    def test_a_run_with_less_memory_has_the_same_numbers_and_keeps_to_it(self):
        plain, less = self.folder / "plain", self.folder / "less"
        for out, words in ((plain, []), (less, ["--memory", "1"])):
            words = [*self.words(out), "--deterministic", *words]
            result = run(*words, deadline=DEADLINE)
            if words[-1] == "1":  # too little: it says what the least is
                self.assertError(result, 2, "config", ["--memory", "at least"])
                least = re.search(r"at least ([0-9.]+ .B)", result.error).group(1)
                self.assertFalse(less.exists())
                result = run(*words[:-1], str(float(least.split()[0])) + least.split()[1], deadline=DEADLINE)
                self.assertIn("segments", result.err)
            self.assertDone(result)
        self.assertGreater(json.loads((less / "config.json").read_text())["options"]["segments"], 1)
        self.assertEqual(metrics_without_time(plain / "metrics.jsonl"), metrics_without_time(less / "metrics.jsonl"))
        self.assertError(run("train", "--resume", less, "--memory", "1G", deadline=DEADLINE), 2, "config", "--memory")
        self.assertDone(run("train", "--resume", less, "--steps", "14", deadline=DEADLINE))
        self.assertError(run(*self.words(self.folder / "x"), "--memory", "much", deadline=DEADLINE), 2, "config", ["much", "4G"])

    def test_algorithms_by_rule_are_not_timed(self):
        cache = self.folder / "cache"
        out = self.folder / "run"
        self.assertDone(run(*self.words(out), "--deterministic", deadline=DEADLINE, env={"XDG_CACHE_HOME": str(cache)}))
        self.assertFalse((cache / "opendojo/algorithms.json").exists())
        self.assertFalse((out / "algorithms.json").exists())
        self.assertError(run("train", "--resume", out, "--deterministic", deadline=DEADLINE), 2, "config", "--deterministic")
        self.assertTrue(json.loads((out / "config.json").read_text())["options"]["deterministic"])

    def test_the_clips_of_a_run_are_asked_for_when_they_are_gone(self):
        out = self.folder / "run"
        clips = self.folder / "clips"
        shutil.copytree(self.clips, clips)
        self.assertDone(run("train", clips, "--out", out, "--steps", "2", *TINY, deadline=DEADLINE))
        shutil.rmtree(clips)
        self.assertError(self.resume(out), 3, "input", clips)


class Killed(TrainCase):
    def test_killed_at_random_moments_it_resumes_to_the_same_bytes(self):
        out = self.folder / "run"
        chance = random.Random(1)
        process = harness.start(*self.words(out))
        self.wait_for((out / "last.safetensors").exists, process)
        kills = 0
        for _ in range(6):
            time.sleep(chance.uniform(0, 0.3))
            process.send_signal(signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
            process.stderr.close()
            read_safetensors(out / "last.safetensors")  # whole, at every moment
            process = harness.start("train", "--resume", out)
        _, err = process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 0, err)
        print(f"killed {kills} times")
        self.assertGreater(kills, 0)
        self.assertSameRun(out)
        self.assertNoLitter(out)

    def test_killed_before_its_first_checkpoint_it_begins_again(self):
        out = self.folder / "run"
        process = harness.start(*self.words(out))
        self.wait_for((out / "config.json").exists, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for path in out.iterdir():  # wherever the kill came
            if path.name != "config.json":
                path.unlink()
        self.assertDone(self.resume(out))
        self.assertSameRun(out)

    def test_killed_before_it_knew_its_clips_there_is_nothing_to_resume(self):
        out = self.folder / "run"
        out.mkdir()
        (out / ".config.json.tmp-1").write_text("{")  # in the middle of writing it
        self.assertError(self.resume(out), 3, "input", ["nothing to resume", f"start again, with --out {out}"])
        self.assertDone(self.train(out))
        self.assertSameRun(out)
        (out / "config.json").write_text('{"dojo_version":')  # damaged otherwise
        self.assertError(self.resume(out), 3, "input", "config.json")

    def test_a_run_under_way_keeps_others_out_of_its_folder(self):
        out = self.folder / "run"
        process = harness.start(*self.words(out))
        self.wait_for((out / "config.json").exists, process)
        process.send_signal(signal.SIGSTOP)
        try:
            result = self.resume(out)
            self.assertError(result, 2, "config", out)
            self.assertIn("running", result.error)
            self.assertError(self.train(out), 2, "config", out)
        finally:
            process.send_signal(signal.SIGCONT)
        process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 0)
        self.assertSameRun(out)

    def test_killed_in_the_middle_of_writing_a_checkpoint_it_keeps_the_old_one(self):
        # The kernel ends a process that writes a file beyond this limit: here halfway through the next checkpoint.
        out = self.folder / "run"
        process = harness.start(*self.words(out))
        self.wait_for((out / "last.safetensors").exists, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        before = (out / "last.safetensors").read_bytes()
        half = len(before) // 2
        result = self.resume(out, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (half, half)))
        self.assertEqual(result.code, -signal.SIGXFSZ, result)
        self.assertEqual((out / "last.safetensors").read_bytes(), before)
        self.assertEqual([p.stat().st_size for p in out.glob(".last.safetensors.tmp-*")], [half])  # it was in the middle
        self.assertDone(self.resume(out))
        self.assertSameRun(out)
        self.assertNoLitter(out)

    def test_interrupted_it_writes_a_checkpoint_and_says_4(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number.name):
                out = self.folder / number.name
                process = harness.start(*self.words(out))
                self.wait_for((out / "last.safetensors").exists, process)
                process.send_signal(number)
                _, err = process.communicate(timeout=DEADLINE)
                self.assertEqual(process.returncode, 4, err)
                self.assertDone(self.resume(out))
                self.assertSameRun(out)


class FullDisk(TrainCase):
    def test_a_full_disk_is_named_and_costs_nothing_that_was_there(self):
        disk = harness.Tmpfs(self, 64).path
        out = disk / "run"
        process = harness.start(*self.words(out))
        self.wait_for((out / "last.safetensors").exists, process)
        process.kill()
        process.communicate()
        before = (out / "last.safetensors").read_bytes()
        filler = disk / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        result = self.resume(out)
        self.assertError(result, 1, "io", str(out))
        self.assertIn("No space left on device", result.error)
        self.assertEqual((out / "last.safetensors").read_bytes(), before)
        filler.unlink()
        self.assertDone(self.resume(out))
        self.assertSameRun(out)


if __name__ == "__main__":
    harness.main()
