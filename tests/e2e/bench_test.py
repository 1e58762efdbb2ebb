"""`dojo bench`: its rows, and what a user can get wrong."""
import json
import os
import pathlib
import sys
import tempfile

import harness
from harness import run

KEYS = ["bench", "case", "value", "unit", "better", "role", "min", "median", "max", "runs", "threads", "commit", "host"]
OURS = ["usual", "kept-open", "uniform", "gop-run", "cache-uniform", "cache-run", "raw"]


class BenchVideo(harness.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made_once = tempfile.TemporaryDirectory()
        cls.drives = pathlib.Path(cls.made_once.name, "drives")
        made = run("render", "--out", cls.drives, "--drives", 2, "--seconds", 5, "--size", "96x128", "-q")
        assert made.code == 0, made

    @classmethod
    def tearDownClass(cls):
        cls.made_once.cleanup()

    def rows(self, *args, **kwargs):
        result = run("bench", "video", self.drives, "--json", "--seconds", 0.05, "--rounds", 1, *args, **kwargs)
        self.assertDone(result)
        rows = [json.loads(line) for line in result.out.splitlines()]
        for row in rows:
            self.assertEqual(list(row), KEYS)
            self.assertLessEqual(row["min"], row["median"])
            self.assertLessEqual(row["median"], row["max"])
            self.assertIn(row["better"], ("higher", "lower"))
        self.assertEqual(len({(r["bench"], r["case"], r["threads"]) for r in rows}), len(rows))
        return rows

    def test_every_case_has_its_rows_beside_the_limit(self):
        rows = {(r["bench"], r["case"]): r for r in self.rows("--workers", 2)}
        for case in OURS + ["sequential"]:
            row = rows["video", case]
            self.assertEqual(row["unit"], "clips/CPU-s")
            self.assertGreater(row["value"], 0)
            self.assertEqual(row["role"], "limit" if case == "sequential" else "ours")
        self.assertLess(rows["video", "usual"]["value"], rows["video", "sequential"]["value"])
        # A clip of 8 frames spans at least 8; by runs most of them are decoded once.
        self.assertGreater(rows["video-decoded", "uniform"]["value"], 8)
        self.assertLess(rows["video-decoded", "gop-run"]["value"], 4)
        for case in ("uniform", "gop-run"):
            self.assertGreater(rows["video-share", case]["value"], 0)
        self.assertEqual(rows["video-wall", "gop-run"]["threads"], 2)

    def test_one_case_alone_is_quicker_and_a_table_is_for_people(self):
        self.assertEqual({r["case"] for r in self.rows("--case", "usual")}, {"usual"})
        result = run("bench", "video", self.drives, "--seconds", 0.05, "--rounds", 1, "--case", "kept-open")
        self.assertDone(result)
        self.assertRegex(result.out, r"\nkept-open +\d+\.\d ")

    def test_a_peer_that_is_missing_is_named_and_the_others_are_measured(self):
        empty = pathlib.Path(self.made_once.name, "empty")
        empty.mkdir(exist_ok=True)
        rows = self.rows("--peers", "--workers", 1, env={"PATH": str(empty)})
        self.assertEqual({r["case"] for r in rows}, {*OURS, "sequential"})
        result = run("bench", "video", self.drives, "--case", "peer-pyav", env={"PATH": str(empty)})
        self.assertError(result, 2, "config", "peer-pyav")
        self.assertIn("pyav is left out", result.err)

    def test_a_peer_that_fails_is_named_with_the_reason_and_the_others_are_measured(self):
        python = pathlib.Path(self.made_once.name, "python")
        python.mkdir()
        (python / "python3").write_text('''#!/bin/sh
case $3 in
torchcodec) kill -SEGV $$ ;;
decord) echo '{"ready": 1}' ;;
pyav) echo '{"ready": "pyav 1"}'; read line; kill -BUS $$ ;;
opencv) echo '{"ready": "opencv 1"}'; read line; echo '{"clips": "all"}'; read line ;;
esac
''')
        (python / "python3").chmod(0o755)
        result = run("bench", "video", self.drives, "--json", "--seconds", 0.02, "--rounds", 2, "--workers", 1, "--peers",
                     env={"PATH": str(python)})
        self.assertDone(result)
        self.assertEqual({json.loads(line)["case"] for line in result.out.splitlines()}, {*OURS, "sequential"})
        self.assertIn("dojo: torchcodec is left out: its process was ended by SIGSEGV\n", result.err)
        self.assertIn("dojo: decord is left out: its answer makes no sense: a field has the type number", result.err)
        self.assertIn("dojo: peer-pyav is left out: its process was ended by SIGBUS\n", result.err)
        self.assertIn("dojo: peer-opencv is left out: its answer makes no sense: the field \"cpu_seconds\" is missing\n", result.err)
        alone = run("bench", "video", self.drives, "--seconds", 0.02, "--case", "peer-opencv", env={"PATH": str(python)})
        self.assertError(alone, 1, "io", ["peer-opencv", "cpu_seconds"])

    def test_a_peer_gets_names_that_are_no_utf8_and_leaves_no_files(self):
        folder = pathlib.Path(self.made_once.name, "names")
        folder.mkdir()
        temporary = folder / "tmp"
        temporary.mkdir()
        odd = os.fsencode(folder) + b"/caf\xe9 %.mp4"
        os.link(next(self.drives.glob("*.mp4")), odd)
        # A peer of ours: it reads the files that it is told of, and is content with all frames.
        (folder / "python3").write_text(f'''#!{sys.executable} -B
import importlib.util, sys
specification = importlib.util.spec_from_file_location("peer_video", sys.argv[2])
peer_video = importlib.util.module_from_spec(specification)
specification.loader.exec_module(peer_video)
class Bytes:
    version = "1"
    def open(self, path, height, width):
        return open(path, "rb")
    def read(self, file, clip, height, width):
        sum(file.read())
        return []
peer_video.PEERS["pyav"] = Bytes
def check(peer, request):
    frames = sum(len(clip["frames"]) for clip in request["clips"])
    with open(request["exact"], "rb") as file:
        assert len(file.read()) == 3 * frames * 3 * request["height"] * request["width"]
    return {{"checked": frames, "wrong": 0}}
peer_video.check = check
sys.argv[1:] = sys.argv[3:]
peer_video.main()
''')
        (folder / "python3").chmod(0o755)
        result = run("bench", "video", folder, "--json", "--seconds", 0.02, "--rounds", 1, "--case", "peer-pyav",
                     env={"PATH": f"{folder}:{os.environ['PATH']}", "TMPDIR": str(temporary)})
        self.assertDone(result)
        rows = {json.loads(line)["bench"]: json.loads(line) for line in result.out.splitlines()}
        self.assertGreater(rows["video"]["value"], 0)
        self.assertEqual(list(temporary.iterdir()), [])

    def test_wrong_usage_and_bad_input(self):
        self.assertError(run("bench", "video", self.drives, "--case", "unusual"), 2, "config", "unusual")
        self.assertError(run("bench", "audio"), 2, "config", "audio")
        self.assertError(run("bench", "video", pathlib.Path(self.made_once.name, "nowhere")), 3, "input", "nowhere")
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "cut.mp4").write_bytes(next(self.drives.glob("*.mp4")).read_bytes()[:2000])
            self.assertError(run("bench", "video", folder), 3, "input", "no usable recording")

    def test_without_a_cache_folder_it_says_what_to_set(self):
        self.assertError(run("bench", "video", env={"XDG_CACHE_HOME": "", "HOME": ""}), 2, "config", "XDG_CACHE_HOME")


class BenchStep(harness.TestCase):
    def test_each_network_has_its_rows_beside_the_limit(self):
        for model in ("resnet18-clip", "vit-s", "mae", "r2plus1d"):
            result = run("bench", "step", "--model", model, "--runs", 1, "--json")
            self.assertDone(result)
            self.assertIn("the first losses of a small step are those of the interpreter", result.err)
            rows = [json.loads(line) for line in result.out.splitlines()]
            self.assertEqual([(r["bench"], r["case"], r["role"]) for r in rows[:2]],
                             [("step", model, "ours"), ("step rate", model, "ours")])
            self.assertEqual(rows[2]["role"], "limit")
            for row in rows:
                self.assertEqual(list(row), KEYS)
                self.assertGreater(row["value"], 0)

    def test_an_unknown_network_is_refused_with_those_that_are_known(self):
        self.assertError(run("bench", "step", "--model", "resnet50"), 2, "config", ["resnet50", "vit-s, mae, r2plus1d"])


if __name__ == "__main__":
    harness.main()
