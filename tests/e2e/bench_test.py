"""`dojo bench`: its rows, and what a user can get wrong."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

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


class BenchNumerics(harness.TestCase):
    def test_each_format_is_compared_with_its_definition_and_measured_beside_the_limits(self):
        result = run("bench", "numerics", "--json", "--runs", 1, "--rounds", 2)
        self.assertDone(result)
        rows = {row["case"]: row for row in map(json.loads, result.out.splitlines())}
        formats = ("bf16", "f16", "cfloat8_1_4_3", "cfloat8_1_5_2", "shp", "uhp")
        expected = {case for f in formats for case in (f"to {f}, nearest", f"to {f}, stochastic", f"from {f}", f"product of {f}")}
        self.assertEqual(set(rows), expected | {"copy of f32", "FMA peak"})
        for case, row in rows.items():
            self.assertEqual(list(row), KEYS)
            self.assertEqual(row["role"], "ours" if case in expected else "limit")
            self.assertEqual((row["runs"], row["threads"]), (2, 1))
            self.assertGreater(row["min"], 0)

    def test_one_case_alone_and_a_table_for_people(self):
        result = run("bench", "numerics", "--case", "from shp", "--runs", 1, "--rounds", 1)
        self.assertDone(result)
        self.assertRegex(result.out, r"\nfrom shp +\d+\.\d\d .* G elements/s\n")
        self.assertNotIn("bf16", result.out)
        self.assertIn("from shp\n", run("bench", "numerics", "--list").out)

    def test_wrong_usage(self):
        self.assertError(run("bench", "numerics", "--case", "from f8"), 2, "config", "from f8")


class BenchMachine(harness.TestCase):
    def test_cases_have_their_rows(self):
        result = run("bench", "machine", "--case", "GEMM 2048^3 on a die", "--case", "values of a GEMM, bf16", "--runs", 1, "--threads", 3, "--json")
        self.assertDone(result)
        rows = {row["case"]: row for row in map(json.loads, result.out.splitlines())}
        self.assertEqual(set(rows), {"GEMM 2048^3 on a die: node-cycles", "GEMM 2048^3 on a die: share of peak", "values of a GEMM, bf16: products"})
        for row in rows.values():
            self.assertEqual(list(row), KEYS)
            self.assertEqual(row["bench"], "machine")
            self.assertGreater(row["value"], 0)
        self.assertLess(rows["GEMM 2048^3 on a die: share of peak"]["value"], 100)

    def test_a_table_and_a_list_are_for_people(self):
        result = run("bench", "machine", "--case", "GEMM 2048^3 on a die", "--runs", 2, "-q")
        self.assertDone(result)
        self.assertRegex(result.out, r"\nGEMM 2048\^3 on a die: share of peak +\d+")
        self.assertIn("all-reduce of 1 MB on an ExaPOD\n", run("bench", "machine", "--list").out)

    def test_wrong_usage(self):
        self.assertError(run("bench", "machine", "--case", "GEMM"), 2, "config", "--list")


class Signature(harness.TestCase):
    def test_it_is_the_same_of_every_build_and_for_any_number_of_threads(self):
        # A change that is meant to change cycles or values says so and writes tests/golden/signature.txt anew.
        golden = pathlib.Path(__file__).resolve().parents[1] / "golden" / "signature.txt"
        for threads in (1, 2):
            result = run("bench", "--signature", env={"OMP_NUM_THREADS": str(threads)}, deadline=120)
            self.assertDone(result)
            self.assertEqual(result.out, golden.read_text(encoding="utf-8"))
        object = run("bench", "--signature", "--json", deadline=120).json()
        self.assertEqual(f"signature {object['signature']}", result.out.splitlines()[-1])
        self.assertEqual(len(object["programs"]), 10)


class BenchStep(harness.TestCase):
    def rows(self, *args, rounds=1, **kwargs):
        result = run("bench", "step", "--json", "--runs", 2, "--rounds", rounds, *args, **kwargs)
        self.assertDone(result)
        rows = [json.loads(line) for line in result.out.splitlines()]
        for row in rows:
            self.assertEqual(list(row), KEYS)
            self.assertGreater(row["min"], 0)
            self.assertLessEqual(row["min"], row["median"])
            self.assertLessEqual(row["median"], row["max"])
        found = {(r["bench"], r["case"]): r for r in rows}
        self.assertEqual(len(found), len(rows))
        return found, result

    def python(self, body):
        """A folder whose python3 is PyTorch's worker in the tests' own words."""
        folder = self.folder / "python"
        folder.mkdir()
        (folder / "python3").write_text(f'''#!{sys.executable} -B
import json, os, signal, sys
setting = sys.argv[-1]
def say(**answer):
    print(json.dumps(answer), flush=True)
def read():
    line = sys.stdin.readline()
    return json.loads(line) if line else sys.exit()
{body}
''')
        (folder / "python3").chmod(0o755)
        return {"PATH": f"{folder}:/usr/bin:/bin"}

    def test_each_network_has_its_rows_beside_the_limits(self):
        for model in ("resnet18-clip", "vit-s", "mae", "r2plus1d"):
            rows, result = self.rows("--model", model)
            self.assertIn("the first losses of a small step are those of the interpreter", result.err)
            self.assertEqual({key: row["role"] for key, row in rows.items()}, {
                ("step", model): "ours", ("step memory", model): "ours", ("step rate", model): "ours", ("step share", model): "ours",
                ("FMA peak", "f32"): "limit", ("memory bandwidth", "triad"): "limit"})
            self.assertEqual(rows["step", model]["runs"], 2)
            share = rows["step rate", model]["value"] / rows["FMA peak", "f32"]["value"]
            self.assertAlmostEqual(rows["step share", model]["value"], share, delta=share)

    def test_beside_a_neighbour_there_is_a_row_for_the_slowdown(self):
        rows, _ = self.rows("--model", "r2plus1d", "--neighbour")
        self.assertGreater(rows["step slowdown", "r2plus1d"]["value"], 0.5)  # a shared machine may do anything
        self.assertEqual(rows["step slowdown", "r2plus1d"]["role"], "ours")

    def test_with_less_memory_the_rows_say_how_many_segments_there_are(self):
        whole, _ = self.rows("--model", "r2plus1d")
        size = whole["step memory", "r2plus1d"]["value"]
        result = run("bench", "step", "--model", "r2plus1d", "--runs", 1, "--rounds", 1, "--json", "--memory", "1M")
        self.assertError(result, 2, "config", "--memory")
        least = float(re.search(r"at least ([0-9.]+) MB", result.error).group(1))
        self.assertLess(least, size)
        rows, err = self.rows("--model", "r2plus1d", "--memory", f"{least} MB")
        self.assertTrue(any(re.fullmatch(r"step, \d+ segments", name) for name, _ in rows), rows.keys())

    def test_in_bf16_our_rows_say_so_and_whether_it_is_emulated(self):
        rows, _ = self.rows("--model", "r2plus1d", "--format", "bf16")
        words = "bf16" if ("step, bf16", "r2plus1d") in rows else "bf16 emulated"
        self.assertEqual({name for name, _ in rows}, {"FMA peak", "memory bandwidth"} | {
            f"{name}, {words}" for name in ("step", "step memory", "step rate", "step share")})

    def test_peers_are_measured_in_turn_and_the_best_one_is_compared_with(self):
        env = self.python('''
assert "GOMP_SPINCOUNT" not in os.environ, "it has its own spinning"
say(ready="PyTorch 9")
request = read()
assert request.pop("parameters") > 5e6 and request.pop("data") == 2 * 8 * 112 * 112 * 3 + 2 * 256, request
assert request == {"do": "prepare", "model": "r2plus1d", "format": "f32", "threads": 1}, request
say(settings="set as " + setting, peak_bytes={"eager": 2, "tuned": 3, "compiled": 4}[setting] * 10**9)
for turn in range(3):
    request = read()
    assert request == {"do": "time", "steps": 2}, request
    seconds = {"eager": 2000.0, "tuned": 1000.0, "compiled": 1500.0}[setting]
    say(seconds=[seconds, seconds + 1], peak_bytes={"eager": 2, "tuned": 3, "compiled": 4}[setting] * 10**9)
assert not sys.stdin.readline()
''')
        rows, result = self.rows("--model", "r2plus1d", "--threads", 1, "--peers", rounds=3, env=env)
        self.assertIn("dojo: peer-tuned: set as tuned\n", result.err)
        ours = rows["step", "r2plus1d"]
        self.assertEqual(ours["runs"], 6)
        self.assertEqual(rows["step", "r2plus1d peer-tuned"]["role"], "peer")
        self.assertEqual(rows["step", "r2plus1d peer-tuned"]["value"], 1000.5)
        self.assertEqual(rows["step memory", "r2plus1d peer-eager"]["value"], 2000)
        best = rows["step speedup", "r2plus1d best-peer"]
        self.assertEqual(best["value"], rows["step speedup", "r2plus1d peer-tuned"]["value"])
        self.assertEqual(best["runs"], 3)
        self.assertGreaterEqual(best["max"], 1000.5 / ours["max"])
        self.assertLessEqual(best["min"], 1000.5 / ours["min"])
        memory = rows["step memory", "r2plus1d"]["value"]
        self.assertAlmostEqual(rows["step memory share", "r2plus1d least-peer"]["value"], memory / 2000)
        table = run("bench", "step", "--model", "r2plus1d", "--threads", 1, "--runs", 2, "--peers", env=env)
        self.assertDone(table)
        self.assertRegex(table.out, r"\nbest peer: peer-tuned; ours is \d+")

    def test_a_peer_that_fails_is_named_with_the_reason_and_the_others_are_measured(self):
        env = self.python('''
say(ready="PyTorch 9")
read()
if setting == "compiled":
    say(failed="CppCompileError: there is no compiler")
say(settings="", peak_bytes=1)
read()
say(seconds=[1.0, 1.0], peak_bytes=1)
read()
if setting == "tuned":
    os.kill(os.getpid(), signal.SIGSEGV)
say(seconds=[1.0, 1.0], peak_bytes=1)
''')
        rows, result = self.rows("--model", "r2plus1d", "--peers", rounds=2, env=env)
        self.assertIn("dojo: peer-compiled is left out: CppCompileError: there is no compiler\n", result.err)
        self.assertIn("dojo: peer-tuned is left out: its process was ended by SIGSEGV\n", result.err)
        self.assertEqual({case for bench, case in rows if bench == "step"}, {"r2plus1d", "r2plus1d peer-eager"})

    def test_without_pytorch_it_says_how_to_install_it_and_measures_ours(self):
        env = self.python("say(missing='no torch', install='pip install torch')")
        rows, result = self.rows("--model", "r2plus1d", "--peers", env=env)
        self.assertEqual(result.err.count("is left out"), 1)
        self.assertIn("dojo: PyTorch is left out: no torch; install it with: pip install torch\n", result.err)
        self.assertEqual([case for bench, case in rows if bench == "step"], ["r2plus1d"])
        # The worker itself, by a python3 that sees no installed packages.
        worker = pathlib.Path(__file__).resolve().parents[2] / "benchmarks/peer_step.py"
        out = subprocess.run([sys.executable, "-I", "-S", worker, "eager"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(json.loads(out), {"missing": "ModuleNotFoundError: No module named 'torch'",
                                           "install": "python3 -m pip install torch"})

    @unittest.skipIf(subprocess.run(["python3", "-c", "import torch"], capture_output=True, check=False).returncode,
                     "python3 has no torch")
    def test_pytorch_itself_is_measured(self):
        rows, result = self.rows("--model", "r2plus1d", "--peers", deadline=600)
        for setting in ("eager", "tuned"):
            self.assertIn(f"dojo: peer-{setting}: ", result.err)
            self.assertGreater(rows["step", f"r2plus1d peer-{setting}"]["value"], 0)
            self.assertGreater(rows["step memory", f"r2plus1d peer-{setting}"]["value"], 50)

    def test_a_profile_has_each_kernel_as_a_table_and_a_trace(self):
        path = self.folder / "trace.json"
        result = run("bench", "step", "--model", "r2plus1d", "--runs", 2, "--rounds", 1, "--profile", path)
        self.assertDone(result)
        self.assertRegex(result.out, r"\n2 runs of \d+\.\d+ ms, ")
        self.assertRegex(result.out, r"\n +\d+\.\d+ .* (FLOP|memory) +ConvWeightGrad\n")
        trace = json.loads(path.read_text(encoding="utf-8"))
        conv = [e for e in trace["traceEvents"] if e.get("cat") == "Conv"]
        self.assertGreater(len(conv), 30)
        for e in conv:
            self.assertGreater(e["args"]["flop"], 0)
            self.assertGreater(e["dur"], 0)
        rows, result = self.rows("--model", "r2plus1d", "--profile", path)
        self.assertIn("2 runs of", result.err)
        self.assertError(run("bench", "step", "--model", "r2plus1d", "--runs", 1, "--rounds", 1, "--profile", "/nowhere/x"), 1, "io",
                         "/nowhere/x")

    def test_a_network_that_is_not_known_is_refused_with_those_that_are(self):
        self.assertError(run("bench", "step", "--without", "fuze"), 2, "config", ["fuze", "--without", "in-place"])
        self.assertError(run("bench", "step", "--model", "resnet50"), 2, "config", ["resnet50", "vit-s, mae, r2plus1d"])
        self.assertError(run("bench", "step", "--model", "ego", "--peers"), 2, "config", ["ego", "--peers", "vit-s"])


class BenchOp(harness.TestCase):
    def rows(self, *args):
        result = run("bench", "op", "--json", "--runs", 3, "--rounds", 2, *args, deadline=240)
        self.assertDone(result)
        rows = [json.loads(line) for line in result.out.splitlines()]
        for row in rows:
            self.assertEqual(list(row), KEYS)
        return {(r["bench"], r["case"]): r for r in rows}

    def test_one_op_is_timed_and_compared_with_the_interpreter(self):
        text = "Conv x=2x16x16x24 w=32x16x3x3 pads=1,1,1,1"
        rows = self.rows(*text.split())
        self.assertEqual({bench for bench, case in rows if case == text},
                         {"op", "op copies", "op rate", "op bandwidth", "op share", "op error"})
        self.assertEqual(rows["op", text]["runs"], 6)
        # 2 x 32 x 16 x 24 results of 16 x 9 multiply-adds; those that padding leaves out count too or not
        # (the fastest run's: the median of rates is not that of times where the machine is busy).
        work = rows["op rate", text]["max"] * 1e9 * rows["op", text]["min"]
        self.assertAlmostEqual(work / (2 * 2 * 32 * 16 * 24 * 16 * 9), 1, delta=0.15)
        self.assertLess(rows["op error", text]["value"], 1e-5)
        self.assertEqual(rows["FMA peak", "f32"]["role"], "limit")

    def test_a_file_has_many_and_a_table_is_for_people(self):
        path = self.folder / "problems.txt"
        path.write_text("# two\nRelu   x=64x64\n\nCast x=u8:8x8 to=f32  # bytes\n")
        rows = self.rows("--file", path)
        self.assertEqual(rows["op error", "Relu x=64x64"]["value"], 0)
        self.assertEqual(rows["op error", "Cast x=u8:8x8 to=f32"]["value"], 0)
        self.assertNotIn(("op error", "Relu x=64x64"), self.rows("--file", path, "--no-check"))
        result = run("bench", "op", "--runs", 1, "--rounds", 1, "--file", path)
        self.assertDone(result)
        self.assertRegex(result.out, r"\n +\d+\.\d+ .* 0\.0e\+00  Relu x=64x64\n")
        self.assertRegex(result.out, r"\nlimits: \d+ GFLOP/s")

    def test_the_problems_that_come_with_it_are_right(self):
        folder = pathlib.Path(__file__).resolve().parents[2] / "benchmarks/problems"
        for path in sorted(folder.glob("*.txt")):
            result = run("bench", "op", "--no-check", "--runs", 1, "--rounds", 1, "--file", path, deadline=120)
            self.assertDone(result)
            self.assertGreater(len(result.out.splitlines()), 10)

    def test_what_is_no_problem_is_refused(self):
        self.assertError(run("bench", "op"), 2, "config", "--file")
        self.assertError(run("bench", "op", "Convolution", "x=1"), 2, "config", "Convolution")
        self.assertError(run("bench", "op", "Relu", "y=3"), 2, "config", ["Relu", "operands x"])
        self.assertError(run("bench", "op", "Relu", "x=3", "--file", "f"), 2, "config", "--file")
        self.assertError(run("bench", "op", "Relu", "x=300000000"), 2, "config", "--no-check")
        path = self.folder / "problems.txt"
        path.write_text("Relu x=3\nRelu x=3y\n")
        self.assertError(run("bench", "op", "--file", path), 3, "input", f"{path}:2")
        path.write_text("# none\n")
        self.assertError(run("bench", "op", "--file", path), 3, "input", path)
        self.assertError(run("bench", "op", "--file", self.folder / "nowhere"), 3, "input", "nowhere")


if __name__ == "__main__":
    harness.main()
