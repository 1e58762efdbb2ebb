"""`dojo cache` as a user calls it: copies that are whole whatever happens while they are made."""
import os
import signal
import subprocess

import harness
from harness import run


class Cache(harness.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.videos = cls.shared / "videos"
        cls.videos.mkdir()
        for name in ("a", "b"):
            harness.make_clip(cls.videos / f"{name}.mp4", size="320x240", rate=20, frames=200, options=("-g", "20"))

    def cache(self, action, *args, folder=None, **options):
        return run("cache", action, *args, "--cache-dir", folder or self.folder / "cache", **options)

    def build(self, *args, **options):
        return self.cache("build", self.videos, "--size", "64x96", "-q", *args, **options)

    def test_builds_lists_and_drops(self):
        for tier, units in (("raw", 200), ("short-gop", 25)):
            folder = self.folder / tier
            first = self.build("--tier", tier, "--json", folder=folder)
            self.assertDone(first)
            self.assertEqual(first.json()["frames_made"] + first.json()["frames_without"], 400)
            again = self.build("--tier", tier, "--json", "--workers", "2", folder=folder)
            self.assertEqual(again.json()["frames_before"], first.json()["frames_made"])
            info = self.cache("info", "--json", folder=folder).json()
            self.assertEqual(sorted(c["path"] for c in info["copies"]), [str(self.videos / n) for n in ("a.mp4", "b.mp4")])
            self.assertEqual({c["units"] for c in info["copies"]}, {units})
            self.assertIn("2 copies", self.cache("info", folder=folder).out)
            self.assertError(self.cache("info", self.videos, folder=folder), 2, "config", "not of one path")
            self.assertIn("1 copy dropped", self.cache("drop", self.videos / "a.mp4", folder=folder).out)
            self.assertIn("1 copy dropped", self.cache("drop", "--all", folder=folder).out)
            self.assertEqual(self.cache("info", "--json", folder=folder).json()["copies"], [])

    def test_a_build_that_was_killed_goes_on(self):
        made = 0
        held = lambda: sum(c["units_held"] for c in self.cache("info", "--json").json()["copies"])
        for _ in range(4):
            process = subprocess.Popen([harness.DOJO, "cache", "build", self.videos, "--size", "64x96", "--tier", "raw", "-q",
                                        "--cache-dir", self.folder / "cache"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       start_new_session=True)
            while process.poll() is None and held() <= made:
                pass
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self.assertGreaterEqual(held(), made)
            made = held()
        self.assertGreater(made, 0)
        result = self.build("--tier", "raw", "--json").json()
        self.assertEqual((result["frames_before"], result["frames_made"]), (made, 400 - made))

    def test_a_full_disk_is_named_and_leaves_a_good_cache(self):
        small = harness.Tmpfs(self, 4)
        result = self.build("--tier", "raw", "--json", folder=small.path / "cache")
        self.assertEqual(result.code, 1)
        self.assertIn("No space left on device", result.err)
        held = sum(c["units_held"] for c in self.cache("info", "--json", folder=small.path / "cache").json()["copies"])
        self.assertEqual(held, result.json()["frames_made"])
        self.assertGreater(held, 100)

    def test_what_an_action_does_not_know_is_refused(self):
        self.assertError(self.cache("drop", "--all", "--size", "64x96"), 2, "config", "--size")
        self.assertError(self.cache("info", "--all"), 2, "config", "--all")
        self.assertError(run("cache", "info", "--cache-dir", next(self.videos.iterdir())), 1, "io", "cannot be read")
        self.assertError(self.cache("drop", "--bogus"), 2, "config", "see dojo cache --help")

    def test_all_below_the_root_is_all(self):
        self.build("--tier", "raw")
        self.assertIn("2 copies dropped", self.cache("drop", "/").out)

    def test_what_is_neither_cached_nor_there_is_no_success(self):
        self.assertError(self.cache("drop", self.videos / "nix"), 3, "input", "nix")

    def test_keeps_to_its_size(self):
        result = self.build("--tier", "raw", "--cache-size", "0.003", "--json")
        self.assertEqual(result.code, 1)
        self.assertIn("it has reached its size of 3.0 MB", result.err)
        self.assertLessEqual(self.cache("info", "--json").json()["bytes"], 3_000_000)

    def test_two_at_once_end_with_one_whole_cache(self):
        command = [harness.DOJO, "cache", "build", self.videos, "--size", "64x96", "--tier", "raw", "-q", "--cache-dir",
                   self.folder / "cache"]
        both = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) for _ in range(2)]
        self.assertEqual([p.wait(timeout=60) for p in both], [0, 0])
        self.assertEqual(self.build("--tier", "raw", "--json").json()["frames_made"] +
                         self.build("--tier", "raw", "--json").json()["frames_before"], 400)

    def test_files_that_are_gone_are_dropped_and_forgotten(self):
        videos, catalogue = self.folder / "videos", self.folder / "catalogue.sqlite"
        videos.mkdir()
        for name in ("a", "b", "c"):
            os.link(self.videos / "a.mp4", videos / f"{name}.mp4")
        known = ("--catalogue", catalogue)
        self.assertDone(self.cache("build", videos, "--size", "64x96", "-q", *known))
        info = self.cache("info", "--json", *known).json()
        self.assertEqual((info["catalogue"]["files_known"], info["catalogue"]["files_gone"]), (3, 0))
        self.assertEqual(self.cache("drop", "--gone", *known).out, "0 copies dropped, 0 B; 0 files forgotten\n")
        (videos / "b.mp4").unlink()
        (videos / "c.mp4").unlink()
        self.assertIn("3 files known, 2 of them gone, ", self.cache("info", *known).out)
        self.assertEqual(self.cache("drop", videos / "c.mp4", "--gone", "--json", *known).json()["files_forgotten"], 1)
        dropped = self.cache("drop", "--gone", "--json", *known).json()
        self.assertEqual((dropped["dropped"], dropped["files_forgotten"]), (1, 1))
        info = self.cache("info", "--json", *known).json()
        self.assertEqual([c["path"] for c in info["copies"]], [str(videos / "a.mp4")])
        self.assertEqual((info["catalogue"]["files_known"], info["catalogue"]["files_gone"]), (1, 0))
        self.assertDone(run("inspect", videos, "--no-telemetry", *known, env={"DOJO_WORKER": "/nonexistent"}))

    def test_wrong_usage_is_named(self):
        self.assertError(run("cache", "make"), 2, "config", "make")
        self.assertError(run("cache", "build"), 2, "config", "PATH")
        self.assertError(run("cache", "drop"), 2, "config", "--all")
        self.assertError(run("cache", "drop", "--all", "--gone"), 2, "config", "--gone")
        self.assertError(self.build("--tier", "fast"), 2, "config", "--tier")
        self.assertError(self.cache("build", self.folder / "none"), 3, "input", "none")
        (self.folder / "file").write_text("x")
        self.assertError(self.build(folder=self.folder / "file/cache"), 1, "io", "file/cache")


if __name__ == "__main__":
    harness.main()
