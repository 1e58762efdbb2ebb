"""What the end-to-end tests share: running the built program as a user does, and making the files it is fed.

Only Python's standard library. The program is $DOJO (set by ctest); run one file alone with
    DOJO=build/dev/dojo python3 tests/e2e/bad_input_test.py -v
"""
import ctypes  # noqa: F401, for the tests
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

DOJO = os.path.abspath(os.environ.get("DOJO", pathlib.Path(__file__).resolve().parents[2] / "build/dev/dojo"))
# The folder of real clips that the project's own CI has; see CONTRIBUTING.md. None: such tests say that they were skipped.
DRIVING_DATA = os.environ.get("DOJO_DRIVING_DATA") or None

# What the program remembers of files must not come from the user's folder, nor go there.
_CACHE = tempfile.TemporaryDirectory(prefix="dojo_e2e_cache_")
os.environ["XDG_CACHE_HOME"] = _CACHE.name

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "DOJO_COMMAND"}
CATEGORIES = ("input", "config", "io", "unsupported", "unimplemented", "unspecified")
ERROR_LINE = re.compile(r"^dojo: error \((\w+)\): .+")


class Result:
    """How a run ended."""

    def __init__(self, args, code, out, err):
        self.args, self.code, self.out, self.err = args, code, out, err

    @property
    def error(self):
        """The one line `dojo: error (category): ...` of stderr, or None."""
        lines = [line for line in self.err.splitlines() if ERROR_LINE.match(line)]
        return lines[-1] if lines else None

    @property
    def category(self):
        return ERROR_LINE.match(self.error).group(1) if self.error else None

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"dojo {' '.join(map(str, self.args))}\nexit code {self.code}\n--- stdout\n{self.out[-2000:]}\n--- stderr\n{self.err[-3000:]}"


def run(*args, deadline=60, env=None, cwd=None, stdout=subprocess.PIPE, before=None):
    """Runs `dojo ARGS` and returns a Result. A run beyond its deadline is killed with all its children and fails the test."""
    process = subprocess.Popen([DOJO, *map(str, args)], stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
                               cwd=cwd, env={**ENVIRONMENT, **(env or {})}, start_new_session=True, preexec_fn=before)
    try:
        out, err = process.communicate(timeout=deadline)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError(f"no end within {deadline} s: {Result(args, None, '', err.decode(errors='replace'))}") from None
    return Result(args, process.returncode, (out or b"").decode(errors="replace"), err.decode(errors="replace"))


def start(*args, env=None):
    """Starts `dojo ARGS` for a test that looks on or ends it. Its stderr can be read; what it prints is dropped."""
    return subprocess.Popen([DOJO, *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            text=True, errors="replace", env={**ENVIRONMENT, **(env or {})}, start_new_session=True)


def verbs():
    """The verbs that `dojo --help` lists."""
    text = run("--help").out
    return re.findall(r"^  ([a-z]+) +\S", text.split("Verbs:", 1)[1].split("\n\n", 1)[0], re.MULTILINE)


def needs_driving_data(test):
    return unittest.skipUnless(DRIVING_DATA, "DOJO_DRIVING_DATA is not set")(test)


def driving(name):
    return pathlib.Path(DRIVING_DATA, name)


def ffmpeg(*args):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, args)], check=True)


def make_clip(path, size="160x96", rate=10, frames=40, codec=("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"),
              options=()):
    """A clip of the ffmpeg program's moving test picture."""
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}", "-frames:v", frames, *codec, *options, path)
    return pathlib.Path(path)


class TestCase(unittest.TestCase):
    """Each test has a folder of its own, self.folder, removed afterwards; a test class may share one, self.shared."""

    @classmethod
    def setUpClass(cls):
        cls.shared = pathlib.Path(tempfile.mkdtemp(prefix="dojo_e2e_"))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dojo_e2e_"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def wait_for(self, there, process, deadline=240):
        """Until there() is true, which the process has to bring about."""
        until = time.monotonic() + deadline
        while not there() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        self.assertTrue(there(), f"{process.args} ended before, or takes too long")

    def assertDone(self, result):
        self.assertEqual(result.code, 0, result)

    def assertError(self, result, code, category=None, names=()):
        """The run ended with this exit code and one honest line that names what is wrong."""
        self.assertEqual(result.code, code, result)
        errors = [line for line in result.err.splitlines() if ERROR_LINE.match(line)]
        self.assertEqual(len(errors), 1, result)
        self.assertIn(result.category, CATEGORIES, result)
        if category:
            self.assertEqual(result.category, category, result)
        for name in [names] if isinstance(names, (str, pathlib.Path)) else names:
            self.assertIn(str(name), result.error, result)

    def assertHonest(self, result):
        """Whatever came out: a documented exit code, and a line that says why where the job was not done. Never a crash."""
        self.assertIn(result.code, (0, 1, 2, 3), result)
        self.assertNotIn("bug:", result.err, result)
        if result.code != 0:
            self.assertIsNotNone(result.error, result)


class Tmpfs:
    """A small file system of its own for full-disk tests; where mounting is not allowed the test is skipped."""

    def __init__(self, test, megabytes):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="dojo_tmpfs_"))
        test.addCleanup(os.rmdir, self.path)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "dojo_test", self.path],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            test.skipTest("mounting a small file system is not allowed here")
        test.addCleanup(subprocess.run, ["umount", "-l", self.path], check=False)


def main():
    """Runs the tests of the calling file; exit code 77 (for ctest: skipped) when every one was skipped."""
    program = unittest.main(module="__main__", exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if result.testsRun and len(result.skipped) == result.testsRun else 0)
