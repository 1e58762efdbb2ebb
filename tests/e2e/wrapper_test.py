"""The wrapper ./dojo: when it installs, configures and builds. It runs in a small copy with stand-ins for the tools it calls."""
import os
import pathlib
import shutil
import stat
import subprocess
import time

import harness

SOURCE = pathlib.Path(__file__).resolve().parents[2]

TOOLS = {
    # cmake --preset NAME | cmake --build --preset NAME -- -j N
    "cmake": """echo "cmake $1" >>"$LOG"
if [ "$1" = --preset ]; then touch "build/$2/build.ninja"; exit; fi
printf '#!/bin/sh\\necho ran "$@"\\necho called "$DOJO_COMMAND" >&2\\n' >"build/$3/dojo"; chmod +x "build/$3/dojo\"""",
    "ctest": 'echo ctest >>"$LOG"',
    "dpkg-query": 'printf "%s " $STATUS',
}


class Wrapper(harness.TestCase):
    def make_clone(self):
        for name in ("src", "machines", "tests/e2e", "tools", "bin"):
            (self.folder / name).mkdir(parents=True)
        shutil.copy(SOURCE / "dojo", self.folder)
        for name in ("src/a.cc", "src/a_test.cc", "tests/e2e/a_test.py", "CMakeLists.txt", "CMakePresets.json", "tools/write_commit.cmake",
                     "machines/a.json", "tools/embed_machines.cmake", "tools/packages-debian-test.txt"):
            (self.folder / name).touch()
        (self.folder / "tools/packages-debian.txt").write_text("some-package\n")
        for name, body in TOOLS.items():
            tool = self.folder / "bin" / name
            tool.write_text(f"#!/bin/sh\n{body}\n")
            tool.chmod(stat.S_IRWXU)

    def dojo(self, *words, status="installed"):
        """The steps that `./dojo WORDS` took, and how it ended."""
        log = self.folder / "log"
        log.write_text("")
        environment = {**os.environ, "LOG": str(log), "STATUS": status, "DOJO_NO_INSTALL": "1",
                       "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        result = subprocess.run([self.folder / "dojo", *words], env=environment, capture_output=True, text=True, check=False, timeout=60)
        return log.read_text().splitlines(), result

    def change(self, name):
        time.sleep(0.02)  # more than a tick of the file system's clock
        (self.folder / name).write_text("changed")

    def test_a_package_that_is_not_installed_is_named(self):
        self.make_clone()
        for status in ("not-installed", "config-files", ""):
            steps, result = self.dojo("--version", status=status)
            self.assertEqual((result.returncode, steps), (2, []), result.stderr)
            self.assertIn("some-package", result.stderr)
        for status in ("installed", "not-installed installed"):
            shutil.rmtree(self.folder / "build", ignore_errors=True)
            self.assertEqual(self.dojo("--version", status=status)[1].stdout, "ran --version\n")

    def test_the_program_is_built_again_when_its_sources_change(self):
        self.make_clone()
        self.assertEqual(self.dojo("x")[0], ["cmake --preset", "cmake --build"])
        self.assertEqual(self.dojo("x")[0], [])
        for name, steps in (("src/a.cc", ["cmake --build"]), ("machines/a.json", ["cmake --build"]), ("CMakeLists.txt", ["cmake --build"]),
                            ("src/a_test.cc", []), ("tests/e2e/a_test.py", []), ("CMakePresets.json", ["cmake --preset", "cmake --build"])):
            self.change(name)
            self.assertEqual(self.dojo("x")[0], steps, name)
        self.assertEqual(self.dojo("x")[0], [])

    def test_the_first_build_says_how_long_it_takes_and_how_far_it_is(self):
        self.make_clone()
        cmake = self.folder / "bin/cmake"
        cmake.write_text(cmake.read_text().replace("#!/bin/sh\n", "#!/bin/sh\n[ $1 = --build ] && echo '[3/8] a.o' && sleep 0.6\n"))
        os.environ["DOJO_PROGRESS_SECONDS"] = "0.1"
        self.addCleanup(os.environ.pop, "DOJO_PROGRESS_SECONDS")
        result = self.dojo("x")[1]
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stderr, r"OpenDojo is built now, for the first call only: \d+ (s|min) to \d+ (s|min) with \d+ compilers")
        self.assertIn("dojo: building (release) 37 %  3/8 steps  ", result.stderr)
        self.change("src/a.cc")
        self.assertNotIn("for the first call only", self.dojo("x")[1].stderr)

    def test_progress_holds_no_pipe_of_the_caller(self):
        self.make_clone()
        begin = time.monotonic()
        self.dojo("x")  # returns when both its pipes are closed
        self.assertLess(time.monotonic() - begin, 8)

    def test_the_program_knows_how_it_was_called(self):
        self.make_clone()
        self.assertIn(f"called {self.folder}/dojo\n", self.dojo("x")[1].stderr)
        how = {"cwd": self.folder, "capture_output": True, "text": True, "check": False, "timeout": 60}
        self.assertEqual(subprocess.run(["./dojo", "x"], **how).stderr, "called ./dojo\n")
        self.assertEqual(subprocess.run(["dojo", "x"], env={**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}, **how).stderr,
                         "called dojo\n")

    def test_the_tests_are_built_again_when_they_change_or_come_anew(self):
        self.make_clone()
        self.assertEqual(self.dojo("test")[0], ["cmake --preset", "cmake --build", "ctest"])
        self.assertEqual(self.dojo("test")[0], ["ctest"])
        for name in ("src/a_test.cc", "tests/e2e/a_test.py", "tests/e2e/new_test.py"):
            self.change(name)
            self.assertEqual(self.dojo("test")[0], ["cmake --build", "ctest"], name)
        self.assertEqual(self.dojo("test")[0], ["ctest"])


if __name__ == "__main__":
    harness.main()
