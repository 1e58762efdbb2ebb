"""Help, version, wrong usage: what a user meets first."""
import os
import re
import signal
import subprocess

import harness
from harness import run


class Usage(harness.TestCase):
    def test_help_lists_verbs_and_exit_codes(self):
        for words in (["--help"], ["-h"], ["help"]):
            result = run(*words)
            self.assertDone(result)
            self.assertEqual(result.err, "")
            self.assertIn("Verbs:", result.out)
            self.assertIn("4 interrupted with a checkpoint written", result.out)
        self.assertEqual(run("help", "train").out, run("train", "--help").out)

    def test_no_verb_got_lost(self):
        self.assertEqual(harness.verbs(), ["train", "eval", "graph", "machine", "program", "sim", "render", "report", "frames", "inspect", "cache", "bench"])

    def test_version_is_one_line(self):
        result = run("--version")
        self.assertDone(result)
        self.assertRegex(result.out, r"^dojo \d+\.\d+\.\d+\n$")

    def test_no_verb_is_wrong_usage(self):
        result = run()
        self.assertError(result, 2, "config", "no verb")
        self.assertEqual(result.out, "")

    def test_an_unknown_verb_is_named(self):
        self.assertError(run("fly"), 2, "config", "'fly'")

    def test_a_mistyped_verb_names_the_nearest(self):
        for verb in harness.verbs():
            typo = verb[0] + verb[2] + verb[1] + verb[3:]  # two letters swapped
            self.assertError(run(typo), 2, "config", f"did you mean dojo {verb}?")

    def test_the_help_of_every_verb_has_usage_options_and_examples(self):
        for verb in harness.verbs():
            with self.subTest(verb=verb):
                result = run(verb, "--help")
                self.assertDone(result)
                self.assertTrue(result.out.startswith(f"usage: dojo {verb}"), result)
                self.assertIn("Options:", result.out)
                self.assertIn(f"\nExamples:\n  dojo {verb}", result.out)
                self.assertEqual(result.err, "")

    def test_every_default_in_the_help_may_be_given(self):
        for verb in harness.verbs():
            if verb in ("graph", "machine", "program"):  # they have verbs of their own
                continue
            for option, value in re.findall(r"^  (?:-\w, )?(--[a-z-]+) .*\(default (.*)\)$", run(verb, "--help").out, re.MULTILINE):
                with self.subTest(verb=verb, option=option):
                    self.assertError(run(verb, f"{option}={value}", "--no-such-option"), 2, "config", "--no-such-option")

    def test_advice_can_be_pasted(self):
        clone = {"DOJO_COMMAND": "./dojo"}
        self.assertTrue(run("train", "--help", env=clone).out.startswith("usage: ./dojo train"))
        self.assertIn("\n  ./dojo train ", run("train", "--help", env=clone).out)
        self.assertError(run("trian", env=clone), 2, "config", "did you mean ./dojo train?")
        self.assertError(run("train", "--resume", self.folder / "none", env=clone), 3, "input", "`./dojo train --out`")

    def test_what_stands_in_a_wrong_place_is_answered_with_what_to_try(self):
        checkpoint = self.folder / "my runs" / "best.safetensors"
        checkpoint.parent.mkdir()
        checkpoint.touch()
        self.assertError(run("eval", self.folder), 2, "config", ("CLIPS... is missing", "; usage: dojo eval CHECKPOINT CLIPS..."))
        self.assertError(run("eval", self.folder, self.folder), 3, "input", (f"not a checkpoint, {self.folder};", "dojo eval CHECKPOINT CLIPS..."))
        self.assertError(run("eval", checkpoint.parent, self.folder), 3, "input", f"; give '{checkpoint}'")
        self.assertError(run("frames", checkpoint.parent), 3, "input", f"; give one of the files that `dojo inspect '{checkpoint.parent}'` lists")
        (checkpoint.parent / "config.json").touch()
        self.assertError(run("train", "--out", checkpoint.parent), 2, "config", f"(--resume '{checkpoint.parent}')")

    def test_folders_that_cannot_be_written_are_answered_with_what_to_try(self):
        blocked = self.folder / "file"
        blocked.touch()  # a folder without leave to write would not stop root
        self.assertError(run("train", "--out", blocked / "run"), 1, "io", (blocked, "; choose another one with --out"))
        result = run("train", "--out", self.folder / "run", env={"XDG_CACHE_HOME": str(blocked)})
        self.assertError(result, 1, "io", (f"{blocked}/opendojo", "set XDG_CACHE_HOME to a folder that you may write to"))
        result = run("train", "--out", self.folder / "run", env={"XDG_CACHE_HOME": "", "HOME": ""})
        self.assertError(result, 2, "config", "set one of them, or give a folder of video")

    def test_every_verb_refuses_an_unknown_option(self):
        for verb in harness.verbs():
            with self.subTest(verb=verb):
                self.assertError(run(verb, "--no-such-option"), 2, "config", "--no-such-option")

    def test_an_error_stays_one_line_whatever_the_user_wrote(self):
        result = run("a\nb\x1b[2J")
        self.assertError(result, 2, "config", "a\\x0ab\\x1b[2J")
        self.assertEqual(len(result.err.splitlines()), 1, result)

    def test_a_file_with_the_name_of_an_option_is_answered_with_how_to_write_it(self):
        harness.make_clip(self.folder / "-dash.mp4", size="64x48", frames=3)
        self.assertError(run("frames", "-dash.mp4", cwd=self.folder), 2, "config", "-dash.mp4; for the file of that name write ./-dash.mp4")
        self.assertDone(run("frames", "./-dash.mp4", cwd=self.folder))
        self.assertDone(run("frames", "--", "-dash.mp4", cwd=self.folder))

    def test_results_that_cannot_be_written_are_an_error(self):
        clip = harness.make_clip(self.folder / "a.mp4", size="64x48", frames=30)
        with open("/dev/full", "w", encoding="utf-8") as full:
            for words in (["--help"], ["inspect", clip], ["graph", "show", "--model", "predict"]):
                with self.subTest(words=words):
                    self.assertError(run(*words, stdout=full), 1, "io",
                                     "cannot write the results: No space left on device, standard output; make room")
        self.assertError(run("--help", before=lambda: os.close(1)), 1, "io", "standard output")

    def test_messages_that_cannot_be_written_change_no_exit_code(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            for words, code in ((["fly"], 2), (["frames", "/nowhere.mp4"], 3)):
                self.assertEqual(subprocess.run([harness.DOJO, *words], stderr=full, check=False).returncode, code)

    def test_a_reader_that_has_enough_ends_it_like_other_programs(self):
        for words in (["--help"], ["graph", "show", "--model", "predict"]):
            reading, writing = os.pipe()
            os.close(reading)
            result = run(*words, stdout=writing)
            os.close(writing)
            self.assertEqual((result.code, result.err), (-signal.SIGPIPE, ""))

    def test_a_closed_stderr_costs_no_result(self):
        result = subprocess.run(f'"{harness.DOJO}" --version 2>&-', shell=True, stdout=subprocess.PIPE, check=False)
        self.assertEqual(result.returncode, 0)
        self.assertTrue(result.stdout.startswith(b"dojo "))


if __name__ == "__main__":
    harness.main()
