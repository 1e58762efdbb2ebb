"""What the program remembers of video files, as a user meets it: known files, damage behind their backs, many files, a catalogue that is
not one."""
import json
import os
import shutil
import signal
import subprocess
import time

import harness
from harness import make_clip, run

DEADLINE = 240


def age(path, seconds=100):
    """What was written a moment ago is not remembered."""
    then = time.time() - seconds
    os.utime(path, (then, then))


class Catalogue(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.clips = self.folder / "clips"
        self.clips.mkdir()
        self.clip = make_clip(self.clips / "a.mp4", options=("-g", "10"))
        age(self.clip)
        self.catalogue = self.folder / "catalogue.sqlite"

    def inspect(self, *options, **how):
        return run("inspect", self.clips, "--no-telemetry", "--catalogue", self.catalogue, *options, deadline=DEADLINE, **how)

    def test_a_known_file_needs_no_worker(self):
        self.assertDone(self.inspect())
        again = self.inspect("--json", env={"DOJO_WORKER": "/nonexistent"})
        self.assertDone(again)
        self.assertEqual(again.json()["recordings"][0]["frames"], 40)
        self.assertError(run("inspect", self.clips, "--no-telemetry", "--catalogue", self.folder / "other",
                             env={"DOJO_WORKER": "/nonexistent"}), 1, "io", "/nonexistent")

    def test_every_command_that_opens_video_tells_it_what_it_learns_and_goes_by_what_it_says(self):
        good = self.clip.read_bytes()
        for command in (("frames", self.clips / "b.mp4"), ("cache", "build", self.clips, "--size", "32x32", "-q"),
                        ("bench", "video", self.clips, "--case", "usual", "--seconds", "0.01", "--rounds", "1", "-q")):
            with self.subTest(command=command[0]):
                catalogue = self.folder / f"{command[0]}.sqlite"
                words = [*command, "--catalogue", catalogue]
                if command[0] == "cache":
                    words += ["--cache-dir", self.folder / "copies"]
                other = self.clips / "b.mp4"
                other.write_bytes(b"no video".ljust(len(good), b"."))
                os.utime(other, (1e9, 1e9))
                first = run(*words, deadline=DEADLINE)
                self.assertEqual(first.code, 3 if command[0] == "frames" else 0, first)
                # Of the same size and time stamp: who does not ask the catalogue finds a good video.
                other.write_bytes(good)
                os.utime(other, (1e9, 1e9))
                again = run(*words, deadline=DEADLINE)
                self.assertEqual(again.code, first.code, again)
                self.assertRegex(again.err, r"no video|not usable")
                os.utime(other)  # now it is another file
                self.assertDone(run(*words, deadline=DEADLINE))

    def test_damage_that_is_met_is_noted_of_the_file(self):
        content = bytearray(self.clip.read_bytes())
        content[content.index(b"mdat") + 4 + (len(content) - content.index(b"mdat")) // 3] ^= 4
        for command in (("frames", self.clip, "--index", "all"),
                        ("cache", "build", self.clip, "--size", "32x32", "-q", "--cache-dir", self.folder / "copies")):
            with self.subTest(command=command[0]):
                self.catalogue = self.folder / f"{command[0]}.sqlite"
                self.assertDone(self.inspect())
                before = self.clip.stat()
                whole = self.clip.read_bytes()
                self.clip.write_bytes(content)
                os.utime(self.clip, ns=(before.st_atime_ns, before.st_mtime_ns))
                result = run(*command, "--catalogue", self.catalogue, deadline=DEADLINE)
                self.assertIn("bytes changed since the file was indexed", result.err)
                self.assertRegex(self.inspect().out, r"damaged in parts \(input\): .*a\.mp4: .*bytes changed")
                verified = self.inspect("--verify")  # the same table, and what changed
                self.assertEqual(verified.out, self.inspect().out)
                self.assertIn("1 of 40 packets changed", verified.err)
                self.clip.write_bytes(whole)
                os.utime(self.clip, ns=(before.st_atime_ns, before.st_mtime_ns))

    def test_what_is_no_catalogue_is_moved_aside_with_a_word(self):
        self.catalogue.write_text("years of work")
        result = self.inspect()
        self.assertDone(result)
        self.assertIn(f"{self.catalogue}.damaged", result.err)
        self.assertEqual((self.folder / "catalogue.sqlite.damaged").read_text(), "years of work")
        self.assertNotIn("catalogue", self.inspect().err)

    def test_without_a_place_for_it_there_is_a_word_and_the_work_is_done(self):
        (self.folder / "file").write_text("")
        result = run("inspect", self.clips, env={"XDG_CACHE_HOME": str(self.folder / "file")}, deadline=DEADLINE)
        self.assertDone(result)
        self.assertIn("cannot be used", result.err)
        self.assertError(run("inspect", self.clips, "--catalogue", self.folder), 2, "config", self.folder)

    def test_an_unusable_file_is_listed_with_the_time_when_it_was_first_met(self):
        bad = self.clips / "bad.mp4"
        bad.write_text("not a video")
        age(bad)
        self.assertNotIn("noted", self.inspect().out)
        self.assertRegex(self.inspect().out, r"bad\.mp4: .* \(noted 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\)")
        self.assertIn("noted_at", self.inspect("--json").json()["quarantined"][0])

    def test_damage_behind_an_old_time_stamp_is_noticed(self):
        self.assertDone(self.inspect())
        before = self.clip.stat()
        content = bytearray(self.clip.read_bytes())
        middle = content.index(b"mdat") + 4 + (len(content) - content.index(b"mdat")) // 3
        content[middle] ^= 4
        self.clip.write_bytes(content)
        os.utime(self.clip, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.assertNotIn("changed", self.inspect().err)  # nothing was read
        self.assertIn("warning: a.mp4: 1 of 40 packets changed since the file was first indexed", self.inspect("--verify").err)
        age(self.clip, 50)  # a new time stamp does not make it good
        self.assertIn("1 of 40 packets changed since the file was first indexed", self.inspect().err)


class ManyFiles(harness.TestCase):
    """More files than are indexed before training begins."""

    def train(self, out, *options):
        return ["train", self.clips, "--out", out, "--steps", "30", "--checkpoint-every", "1", "--size", "32x64", "--frames", "2",
                "--batch", "2", "--threads", "1", "--seed", "3", "--catalogue", out.with_suffix(".sqlite"), *options]

    def test_a_run_that_was_killed_has_the_bytes_of_one_that_was_not(self):
        self.clips = self.folder / "clips"
        self.clips.mkdir()
        first = make_clip(self.clips / "drive_00.mp4")
        for i in range(1, 40):
            os.link(first, self.clips / f"drive_{i:02}.mp4")
        (self.clips / "drive_40.mp4").write_text("not a video")
        (self.clips / "drive_41.mp4").symlink_to(self.folder / "nowhere")
        os.mkfifo(self.clips / "drive_42.mp4")
        whole, killed = self.folder / "whole", self.folder / "killed"
        self.assertDone(run(*self.train(whole), deadline=DEADLINE))
        config = json.loads((whole / "config.json").read_text())
        self.assertEqual(len(config["train"]) + len(config["held_out"]), 43)
        for _ in range(5):  # until it is killed before it has ended
            shutil.rmtree(killed, ignore_errors=True)
            process = subprocess.Popen([harness.DOJO, *map(str, self.train(killed))], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            end = time.time() + DEADLINE
            while not (killed / "last.safetensors").exists() and process.poll() is None and time.time() < end:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            if process.wait() == -signal.SIGKILL:
                break
        self.assertEqual(process.returncode, -signal.SIGKILL)
        self.assertNotEqual((killed / "last.safetensors").read_bytes(), (whole / "last.safetensors").read_bytes())
        self.assertDone(run("train", "--resume", killed, "--catalogue", self.folder / "another.sqlite", deadline=DEADLINE))
        self.assertEqual((killed / "last.safetensors").read_bytes(), (whole / "last.safetensors").read_bytes())
        self.assertEqual((killed / "best.safetensors").read_bytes(), (whole / "best.safetensors").read_bytes())


if __name__ == "__main__":
    harness.main()
