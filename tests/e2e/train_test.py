"""Training as a user does it, on small clips: the run folder, the same bytes for the same seed, and what survives a kill, a
full disk and hostile checkpoints."""
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import time
from unittest import mock

import harness
from harness import make_clip, run

TINY = ["--size", "32x64", "--frames", "2", "--batch", "2", "--threads", "1", "--seed", "3"]
DEADLINE = 240


def read_safetensors(path):
    """(header, data) of a whole and well-formed file; an own reader, so that the program's writer is checked by another eye."""
    content = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    data = content[8 + length:]
    end = 0
    for name, tensor in sorted(((k, v) for k, v in header.items() if k != "__metadata__"),
                               key=lambda item: item[1]["data_offsets"]):
        begin, stop = tensor["data_offsets"]
        assert begin == end, f"{name}: a gap or an overlap at {begin}, expected {end}"
        end = stop
    assert end == len(data), f"{len(data)} bytes of data, {end} described"
    return header, data


def metrics_without_time(path):
    lines = [json.loads(line) for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines()]
    for line in lines:
        line.pop("time", None)
    return lines


class TrainCase(harness.TestCase):
    """Three small recordings, and one finished run on them to compare with."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clips = cls.shared / "clips"
        cls.clips.mkdir()
        for i, source in enumerate(["testsrc2=size=160x96", "mandelbrot=size=160x96", "testsrc2=size=128x128"]):
            harness.ffmpeg("-f", "lavfi", "-i", f"{source}:rate=10", "-frames:v", 40, "-c:v", "libx264", "-g", "10",
                           "-pix_fmt", "yuv420p", cls.clips / f"drive_{i}.mp4")
        cls.reference = cls.shared / "reference"
        cls.finished = cls.train(cls.reference)

    @classmethod
    def train(cls, out, *options, steps=12, **how):
        return run("train", cls.clips, "--out", out, "--steps", steps, "--checkpoint-every", "1", "--held-out", "drive_2",
                   *TINY, *options, deadline=DEADLINE, **how)

    def resume(self, out, **how):
        return run("train", "--resume", out, deadline=DEADLINE, **how)

    def assertSameRun(self, out):
        """Both checkpoints have the reference's bytes, and the metrics are equal but for times."""
        for name in ("last.safetensors", "best.safetensors"):
            self.assertEqual((out / name).read_bytes(), (self.reference / name).read_bytes(), name)
        self.assertEqual(metrics_without_time(out / "metrics.jsonl"), metrics_without_time(self.reference / "metrics.jsonl"))

    def assertNoLitter(self, out):
        self.assertEqual([p.name for p in out.rglob(".*")], [])  # temporary names begin with a dot


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
                self.assertError(result, 2, "config", "--size, --batch, --channels")
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

    def test_the_clips_of_a_run_are_asked_for_when_they_are_gone(self):
        out = self.folder / "run"
        clips = self.folder / "clips"
        shutil.copytree(self.clips, clips)
        self.assertDone(run("train", clips, "--out", out, "--steps", "2", *TINY, deadline=DEADLINE))
        shutil.rmtree(clips)
        self.assertError(self.resume(out), 3, "input", clips)


class Killed(TrainCase):
    def start(self, out):
        return subprocess.Popen([harness.DOJO, "train", self.clips, "--out", out, "--steps", "12", "--checkpoint-every", "1",
                                 "--held-out", "drive_2", *TINY], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, start_new_session=True)

    def wait_for(self, path, process):
        until = time.monotonic() + DEADLINE
        while not path.exists() and process.poll() is None:
            self.assertLess(time.monotonic(), until, f"{path} does not appear")
            time.sleep(0.005)

    def test_killed_at_random_moments_it_resumes_to_the_same_bytes(self):
        out = self.folder / "run"
        chance = random.Random(time.time_ns())
        process = self.start(out)
        self.wait_for(out / "last.safetensors", process)
        kills = 0
        for _ in range(6):
            time.sleep(chance.uniform(0, 0.8))
            process.send_signal(signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
            process.stderr.close()
            read_safetensors(out / "last.safetensors")  # whole, at every moment
            process = subprocess.Popen([harness.DOJO, "train", "--resume", out], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        _, err = process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 0, err.decode(errors="replace"))
        print(f"killed {kills} times")
        self.assertGreater(kills, 0)
        self.assertSameRun(out)
        self.assertNoLitter(out)

    def test_killed_before_its_first_checkpoint_it_begins_again(self):
        out = self.folder / "run"
        process = self.start(out)
        self.wait_for(out / "config.json", process)
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
        process = self.start(out)
        self.wait_for(out / "config.json", process)
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
        process = self.start(out)
        self.wait_for(out / "last.safetensors", process)
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
                process = self.start(out)
                self.wait_for(out / "last.safetensors", process)
                process.send_signal(number)
                _, err = process.communicate(timeout=DEADLINE)
                self.assertEqual(process.returncode, 4, err.decode(errors="replace"))
                self.assertDone(self.resume(out))
                self.assertSameRun(out)


class FullDisk(TrainCase):
    def test_a_full_disk_is_named_and_costs_nothing_that_was_there(self):
        disk = harness.Tmpfs(self, 64).path
        out = disk / "run"
        process = subprocess.Popen([harness.DOJO, "train", self.clips, "--out", out, "--steps", "12", "--checkpoint-every", "1",
                                    "--held-out", "drive_2", *TINY], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        until = time.monotonic() + DEADLINE
        while not (out / "last.safetensors").exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        process.kill()
        process.wait()
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


def damaged_checkpoints(content):
    """(name, bytes) of hostile variants of a good safetensors file."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    data = content[8 + length:]
    names = [name for name in header if name != "__metadata__"]

    def with_header(change):
        changed = json.loads(json.dumps(header))
        change(changed)
        text = json.dumps(changed).encode()
        return struct.pack("<Q", len(text)) + text + data

    def first(key, value):
        return lambda h: h[names[0]].__setitem__(key, value)

    yield "empty", b""
    yield "seven bytes", content[:7]
    for percent in (1, 10, 50, 90):
        yield f"cut at {percent} %", content[:len(content) * percent // 100]
    yield "one byte short", content[:-1]
    yield "one byte more", content + b"\0"
    for power in (31, 32, 62, 63):
        yield f"header length 2^{power}", struct.pack("<Q", 2**power) + content[8:]
    yield "header length 2^64-1", b"\xff" * 8 + content[8:]
    yield "header of zeros", content[:8] + bytes(length) + data
    yield "nested header", struct.pack("<Q", 200_000) + b"[" * 200_000 + data
    yield "not an object", struct.pack("<Q", 2) + b"[]"
    yield "overlapping offsets", with_header(lambda h: h[names[1]].__setitem__("data_offsets", h[names[0]]["data_offsets"]))
    yield "offsets backwards", with_header(first("data_offsets", [8, 0]))
    yield "negative offsets", with_header(first("data_offsets", [-8, 0]))
    yield "offsets beyond the file", with_header(first("data_offsets", [0, 2**62]))
    yield "wrong shape", with_header(first("shape", [1, 2, 3, 5, 7]))
    yield "negative shape", with_header(first("shape", [-1, -1]))
    yield "shape that overflows", with_header(first("shape", [2**32, 2**32, 2**32]))
    yield "shape of fractions", with_header(first("shape", [1.5]))
    yield "unknown number format", with_header(first("dtype", "Q7"))
    yield "a tensor is missing", with_header(lambda h: h.pop(names[-1]))
    yield "a tensor is renamed", with_header(lambda h: h.__setitem__("surprise", h.pop(names[0])))
    yield "a flipped bit", content[:-1] + bytes([content[-1] ^ 1])
    yield "no metadata", with_header(lambda h: h.pop("__metadata__", None))


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


class HostileCheckpoints(TrainCase):
    def check(self, name, command):
        original = (self.reference / name).read_bytes()
        for what, content in damaged_checkpoints(original):
            with self.subTest(checkpoint=what):
                path = self.folder / name
                path.write_bytes(content)
                result = run(*command(path), deadline=60)
                self.assertError(result, 3, "input", name)

    def test_eval_refuses_them(self):
        self.check("best.safetensors", lambda path: ("eval", path, self.clips, "--json"))

    def test_resume_refuses_them(self):
        for file in self.reference.iterdir():
            if file.is_file():
                shutil.copy(file, self.folder)
        self.check("last.safetensors", lambda path: ("train", "--resume", self.folder))

    def test_eval_of_the_good_one_prints_one_object(self):
        result = run("eval", self.reference / "best.safetensors", self.clips, "--json", deadline=DEADLINE)
        self.assertDone(result)
        self.assertLessEqual({"mse", "copy_last_mse", "flow_mse", "psnr", "by_recording", "by_horizon"}, set(result.json()))

    def test_a_missing_checkpoint_is_named(self):
        result = run("eval", self.folder / "none.safetensors", self.clips)
        self.assertError(result, 3, "input", "none.safetensors")
        self.assertError(self.resume(self.folder / "no_run"), 3, "input", "no_run")


if __name__ == "__main__":
    harness.main()
