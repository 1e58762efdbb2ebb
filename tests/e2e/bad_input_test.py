"""The table of bad and odd input: each row is a file or folder, and what `dojo inspect`, `frames` and `train` make of it.

A row that is no video must end with exit code 3 and one line that names it; a row that is odd but sound must give exactly the
frames that the ffmpeg program decodes; a damaged row may go either way, but honestly: exit code 0 only with right frames,
else an error line; never a crash, never a hang.
"""
import json
import os
import random
import re
import shutil
import urllib.parse

import harness
from harness import driving, ffmpeg, make_clip, needs_driving_data, run

DEADLINE = 60  # seconds for one command on one small file
X264 = ("-c:v", "libx264", "-preset", "veryfast")


def hashes(result):
    """The MD5 sums in the output of `dojo frames --md5`, in its order."""
    return re.findall(r"\b[0-9a-f]{32}\b", result.out)


def ffmpeg_hashes(path):
    """MD5 of every frame that a sequential decode shows."""
    out = harness.subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v:0", "-vsync", "passthrough",
                                  "-f", "framemd5", "-"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"\b[0-9a-f]{32}$", out, re.MULTILINE)


class NoVideo(harness.TestCase):
    """Rows that hold no video at all."""

    def rows(self):
        empty = self.folder / "empty"
        empty.mkdir()
        yield empty
        texts = self.folder / "texts"
        texts.mkdir()
        (texts / "notes.txt").write_text("no video here\n")
        yield texts
        text = self.folder / "text.mp4"
        text.write_text("this is a text, whatever its name says\n" * 100)
        yield text
        zero = self.folder / "zero.mp4"
        zero.write_bytes(b"")
        yield zero
        noise = self.folder / "noise.mkv"
        noise.write_bytes(random.Random(1).randbytes(100_000))
        yield noise
        audio = self.folder / "audio.mp4"
        ffmpeg("-f", "lavfi", "-i", "sine=duration=2", "-c:a", "aac", audio)
        yield audio
        fifo = self.folder / "pipe.mp4"
        os.mkfifo(fifo)
        yield fifo
        loop = self.folder / "loop.mp4"
        loop.symlink_to(loop)
        yield loop
        yield self.folder / "missing.mp4"

    def check(self, *command):
        for path in self.rows():
            with self.subTest(row=path.name):
                result = run(*[path if word is None else word for word in command], deadline=DEADLINE)
                self.assertError(result, 3, "input", path.name)
            if path.is_dir():
                shutil.rmtree(path)
            elif os.path.lexists(path):
                path.unlink()

    def test_inspect(self):
        self.check("inspect", None)

    def test_train(self):
        self.check("train", None, "--steps", "1", "--out", self.folder / "run")
        self.assertFalse((self.folder / "run" / "last.safetensors").exists())

    def test_frames(self):
        for path in self.rows():
            if path.is_dir():
                continue
            with self.subTest(row=path.name):
                result = run("frames", path, "--index", "0", "--md5", deadline=DEADLINE)
                self.assertError(result, 3, "input", path.name)
                self.assertEqual(hashes(result), [])


class Missing(harness.TestCase):
    """What a user names and is not there: the same words and exit code everywhere."""

    COMMANDS = (("inspect", None), ("frames", None), ("train", None), ("train", "--resume", None), ("eval", None, "clips"),
                ("report", None), ("graph", "show", None), ("graph", "check", None), ("graph", "run", None))

    def check(self, path, words):
        for command in self.COMMANDS:
            with self.subTest(command=command):
                result = run(*[path if word is None else word for word in command], deadline=DEADLINE, cwd=self.folder)
                self.assertError(result, 3, "input", (path, words, ";"))

    def test_a_path_without_anything(self):
        self.check(self.folder / "none", "there is no such file or folder")

    def test_a_link_that_leads_nowhere_names_its_target(self):
        link = self.folder / "link.mp4"
        link.symlink_to("gone.mp4")
        self.check(link, "a link to gone.mp4, which does not exist")
        make_clip(self.folder / "good.mp4")
        result = run("inspect", self.folder, deadline=DEADLINE)
        self.assertDone(result)
        self.assertIn("a link to gone.mp4, which does not exist", result.out)


class Inspect(harness.TestCase):
    """What `dojo inspect` says about a folder beside its table."""

    def test_recordings_that_are_all_too_short_are_an_error_that_says_what_would_work(self):
        make_clip(self.folder / "six.mp4", frames=6)
        make_clip(self.folder / "one.mp4", frames=1)
        result = run("inspect", self.folder, "--frames", "3", "--interval", "0.2", deadline=DEADLINE)
        self.assertError(result, 3, "input", ("none of 2 recordings has a clip", "6 frames in 0.50 s", "or try --interval 0.1"))
        self.assertIn("too short", result.out)
        self.assertDone(run("inspect", self.folder, "--frames", "3", "--interval", "0.1", deadline=DEADLINE))
        self.assertError(run("inspect", self.folder / "one.mp4", deadline=DEADLINE), 3, "input", ("the only recording has no clip", "1 frame "))

    def test_held_out_patterns_may_be_repeated(self):
        for name in ("a.mp4", "b.mp4", "c.mp4"):
            make_clip(self.folder / name)
        result = run("inspect", self.folder, "--held-out", "a.mp4", "--held-out", "c*", "--json", deadline=DEADLINE)
        self.assertDone(result)
        self.assertEqual([r["use"] for r in result.json()["recordings"]], ["held out", "train", "held out"])

    def test_a_copy_of_what_is_held_out_is_named_as_training_names_it(self):
        for i, name in enumerate("abcd"):
            make_clip(self.folder / f"{name}.mp4", frames=40 + i)
        (self.folder / "e.mp4").write_bytes((self.folder / "a.mp4").read_bytes())
        result = run("inspect", self.folder, "--held-out", "a.mp4", "--json", deadline=DEADLINE)
        self.assertEqual([r["use"] for r in result.json()["recordings"]], ["held out", "train", "train", "train", "not used, a copy"])

    def test_skipped_files_are_counted_by_extension(self):
        make_clip(self.folder / "a.mp4")
        for name in ("1.JPG", "2.jpg", "README"):
            (self.folder / name).touch()
        result = run("inspect", self.folder, deadline=DEADLINE)
        self.assertDone(result)
        self.assertIn("skipped 3 files that are no video by name: 2 .jpg, 1 without an extension\n", result.out)
        self.assertEqual(run("inspect", self.folder, "--json", deadline=DEADLINE).json()["skipped"], {".jpg": 2, "": 1})

    def test_a_long_name_does_not_widen_the_table(self):
        name = "2026-05-01_" + "x" * 200 + "-front.mp4"
        make_clip(self.folder / name)
        make_clip(self.folder / "b.mp4")
        lines = run("inspect", self.folder, deadline=DEADLINE).out.splitlines()
        self.assertLess(max(map(len, lines[:3])), 160, lines)
        self.assertRegex(lines[1], r"^2026-05-01_x+…x+-front\.mp4  ")
        self.assertEqual(lines[1].index("160x96"), lines[2].index("160x96"))
        self.assertIn(name, [r["name"] for r in run("inspect", self.folder, "--json", deadline=DEADLINE).json()["recordings"]])

    def test_a_picture_alone_is_answered_with_what_pictures_it_takes(self):
        picture = self.folder / "lonely.jpg"
        harness.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48", "-frames:v", 1, picture)
        self.assertError(run("frames", picture), 3, "input", ("a picture without a time", picture, "`dojo inspect FOLDER` lists"))

    def test_a_name_that_is_no_utf8_comes_back_from_json(self):
        make_clip(self.folder / "clip.mp4")
        name = os.fsencode(self.folder) + b"/caf\xe9 %.mp4"
        os.rename(self.folder / "clip.mp4", name)
        result = run("inspect", self.folder, "--json", deadline=DEADLINE)
        self.assertDone(result)
        recording, = result.json()["recordings"]
        self.assertEqual(recording["name"], "caf\\xe9 %.mp4")
        self.assertEqual(urllib.parse.unquote_to_bytes(recording["uri"]), b"file://" + name)
        self.assertIn("caf\\xe9 %.mp4", run("inspect", self.folder, deadline=DEADLINE).out)

    def test_every_command_writes_a_folder_that_is_no_utf8_into_json(self):
        folder = os.fsdecode(os.fsencode(self.folder) + b"/caf\xe9")
        shown = str(self.folder) + "/caf\\xe9"
        drives = run("render", "--json", "--out", folder, "--drives", "1", "--seconds", "2", "--size", "32x48", "-q", deadline=DEADLINE)
        self.assertEqual(drives.json()["videos"], [shown + "/drive-00.mp4"])
        car = run("render", "--cameras", "1", "--json", "--out", folder, "--seconds", "1", "--size", "32x48", "-q", deadline=DEADLINE)
        self.assertTrue(car.json()["drives"][0]["folder"].startswith(shown + "/TeslaCam/"))
        frames = run("frames", folder + "/drive-00.mp4", "--json", "--png", folder + "/png", deadline=DEADLINE).json()
        self.assertEqual((frames["file"], frames["frames"][0]["png"]), (shown + "/drive-00.mp4", shown + "/png/frame_000000.png"))
        built = run("cache", "build", folder + "/drive-00.mp4", "--size", "16x32", "-q", "--json", "--cache-dir", folder + "/c",
                    deadline=DEADLINE)
        self.assertEqual(built.json()["recordings"], 1)
        info = run("cache", "info", "--json", "--cache-dir", folder + "/c", deadline=DEADLINE).json()
        self.assertEqual((info["folder"], info["copies"][0]["path"]), (shown + "/c", shown + "/drive-00.mp4"))
        run_folder = folder + "/run"
        trained = run("train", folder, "--out", run_folder, "--steps", "1", "--size", "32x64", "--frames", "2", "--batch", "1", "-q",
                      "--held-out", "drive-00", deadline=DEADLINE)
        self.assertDone(trained)
        self.assertEqual(run("report", run_folder, "--json", deadline=DEADLINE).json()["report"], shown + "/run/report.html")


class Interrupted(harness.TestCase):
    """Ctrl-C: the end by the signal, without processes or half files left behind."""

    def interrupt(self, process):
        process.send_signal(harness.signal.SIGINT)
        _, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, -harness.signal.SIGINT, err)
        self.assertEqual(err.splitlines()[-1], "dojo: interrupted")

    def test_a_command_that_waits_for_a_decoding_process_ends_it(self):
        pid = self.folder / "pid"
        worker = self.folder / "worker"
        worker.write_text(f"#!/bin/sh\necho $$ >{pid}.new && mv {pid}.new {pid}\nexec sleep 600\n")
        worker.chmod(0o755)
        clip = self.folder / "clip.mp4"
        clip.touch()
        for command in (("inspect", clip), ("frames", clip), ("train", clip, "--out", self.folder / "run")):
            with self.subTest(command=command[0]):
                process = harness.start(*command, env={"DOJO_WORKER": str(worker)})
                self.wait_for(pid.exists, process, DEADLINE)
                self.interrupt(process)
                with self.assertRaises(ProcessLookupError):
                    os.kill(int(pid.read_text()), 0)
                pid.unlink()
        self.assertFalse((self.folder / "run").exists())

    def test_rendering_leaves_no_half_file(self):
        drives = self.folder / "drives"
        process = harness.start("render", "--out", drives, "--seconds", "600")
        self.wait_for(lambda: any(drives.glob("*.tmp-*")), process, DEADLINE)
        self.interrupt(process)
        self.assertEqual([p.name for p in drives.iterdir()], [".lock"])


class Unreadable(harness.TestCase):
    def test_a_file_without_permission_is_named(self):
        path = make_clip(self.folder / "secret.mp4")
        path.chmod(0)

        def obey_permissions():  # root may read everything but for these two capabilities: override, read and search
            if os.getuid() == 0:
                prctl = harness.ctypes.CDLL(None).prctl
                for capability in (1, 2):
                    prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP

        result = run("inspect", path, before=obey_permissions)
        self.assertError(result, 3, "input", "secret.mp4")
        self.assertIn("Permission denied", result.out + result.err, result)


class OddButSound(harness.TestCase):
    """Rows that are unusual but right: every frame equals the sequential decode of the ffmpeg program."""

    def check(self, path, least=1, has_clip=True):
        truth = ffmpeg_hashes(path)
        self.assertGreaterEqual(len(truth), least)
        wanted = sorted(range(len(truth)), key=lambda i: (i * 7919) % 101)[:12]  # a few, out of order
        if len(truth) - 1 not in wanted:
            wanted.append(len(truth) - 1)
        result = run("frames", path, "--index", ",".join(map(str, wanted)), "--md5", deadline=DEADLINE)
        self.assertDone(result)
        self.assertEqual(hashes(result), [truth[i] for i in wanted], result)
        self.assertError(run("frames", path, "--index", str(len(truth)), "--md5"), 3, "input", (path.name, str(len(truth))))
        result = run("inspect", path, deadline=DEADLINE)
        found = run("inspect", path, "--json", deadline=DEADLINE).json()["recordings"]  # also where it gives no clip
        self.assertEqual(found[0]["frames"], len(truth))
        if has_clip:
            self.assertDone(result)
        else:
            self.assertError(result, 3, "input", ("the only recording has no clip of 4 frames, 0.1 s apart", path.name))

    def test_made_clips(self):
        x264_444 = (*X264, "-pix_fmt", "yuv444p")
        rows = {
            "tiny.mp4": {"size": "16x16"},
            "huge.mp4": {"size": "4096x2160", "frames": 6},
            "odd.mp4": {"size": "161x97", "codec": x264_444},
            "portrait.mp4": {"size": "96x160"},
            "one_frame.mp4": {"frames": 1},
            "one_key_frame.mp4": {"options": ("-g", "1000", "-bf", "3")},
            "open_gop.mp4": {"options": ("-x264-params", "open-gop=1:keyint=10:bframes=3")},
            "grey.mp4": {"codec": (*X264, "-pix_fmt", "gray")},
            "hevc.mp4": {"codec": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")},
            "mpeg4.mp4": {"codec": ("-c:v", "mpeg4", "-bf", "2")},
            "motion_jpeg.avi": {"codec": ("-c:v", "mjpeg")},
            "matroska.mkv": {},
            "ten_bit.mp4": {"codec": (*X264, "-pix_fmt", "yuv420p10le")},
            "variable_rate.mp4": {"options": ("-vf", "select='not(mod(n\\,3))+not(mod(n\\,5))'", "-vsync", "vfr")},
        }
        without_clip = ("one_frame.mp4", "variable_rate.mp4")  # no four frames in a row that are 0.1 s apart
        for name, options in rows.items():
            with self.subTest(row=name):
                path = make_clip(self.folder / name, **options)
                self.check(path, has_clip=name not in without_clip)
                path.unlink()

    def test_an_edit_list_hides_the_packets_before_it(self):
        whole = make_clip(self.folder / "whole.mp4", options=("-g", "20", "-bf", "2"))
        cut = self.folder / "edit_list.mp4"
        ffmpeg("-ss", "0.7", "-i", whole, "-c", "copy", cut)
        self.check(cut)

    @needs_driving_data
    def test_real_clips(self):
        for path in sorted(driving("open").glob("*.mp4")) + sorted(driving("nc").glob("*.mp4")):
            with self.subTest(row=path.name):
                self.check(path, least=40)

    def test_a_clip_of_one_frame_is_too_short_to_train_on(self):
        path = make_clip(self.folder / "one_frame.mp4", frames=1)
        result = run("train", path, "--steps", "1", "--out", self.folder / "run", deadline=DEADLINE)
        self.assertError(result, 3, "input", "one_frame.mp4")


class Damaged(harness.TestCase):
    """Rows that were sound once. Frames that come out must be those of a sequential decode of the same damaged bytes."""

    def check_frames(self, path):
        result = run("frames", path, "--index", "0,3", "--md5", deadline=DEADLINE)
        self.assertHonest(result)
        if result.code == 0:
            self.assertEqual(len(hashes(result)), 2, result)
        else:
            self.assertIn(path.name, result.error, result)
        return result

    def test_files_cut_short(self):
        # The index of an MP4 stands at the end, or at the beginning (faststart); a Matroska file can be read as far as it goes.
        clips = {"index_last.mp4": (), "index_first.mp4": ("-movflags", "+faststart"), "matroska.mkv": ()}
        for name, options in clips.items():
            whole = make_clip(self.folder / name, frames=80, options=("-g", "10", *options)).read_bytes()
            truth = ffmpeg_hashes(self.folder / name)
            for percent in (10, 50, 90):
                with self.subTest(row=name, percent=percent):
                    path = self.folder / f"cut_{percent}_{name}"
                    path.write_bytes(whole[:len(whole) * percent // 100])
                    result = self.check_frames(path)
                    if name == "index_last.mp4":
                        self.assertError(result, 3, "input", path.name)
                    elif percent >= 50:
                        self.assertEqual(hashes(result), [truth[0], truth[3]], result)
                        self.assertIn(f"warning: {path}: the file ends early, after frame ", result.err)
                        result = run("frames", path, "--json", deadline=DEADLINE)
                        self.assertIn("the file ends early", result.json()["note"])
                    self.assertHonest(run("inspect", path, deadline=DEADLINE))

    def test_two_hundred_bit_flipped_variants(self):
        whole = make_clip(self.folder / "whole.mp4", frames=20, options=("-g", "10")).read_bytes()
        ended = {}
        for seed in range(200):
            flipped = bytearray(whole)
            chance = random.Random(seed)
            for _ in range(1 + seed % 8):
                flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
            path = self.folder / f"flipped_{seed}.mp4"
            path.write_bytes(flipped)
            with self.subTest(seed=seed):
                result = self.check_frames(path)
                ended[result.code] = ended.get(result.code, 0) + 1
            path.unlink()
        print("exit codes of 200 flipped files:", dict(sorted(ended.items())))
        self.assertGreater(ended.get(0, 0), 20)  # most flips leave something to decode; all refused would prove nothing
        self.assertGreater(200 - ended.get(0, 0), 5)

    def test_one_bad_file_costs_only_itself(self):
        make_clip(self.folder / "good.mp4")
        (self.folder / "bad.mp4").write_text("not a video")
        result = run("inspect", self.folder, deadline=DEADLINE)
        self.assertDone(result)
        self.assertIn("good.mp4", result.out, result)
        self.assertIn("bad.mp4", result.out + result.err, result)

    def test_a_damaged_recording_that_would_be_held_out_makes_room_for_another(self):
        clips = self.folder / "clips"
        clips.mkdir()
        for name in ("a.mp4", "b.mp4", "c.mp4"):
            make_clip(clips / name, frames=40, options=("-g", "100"))

        def train(out, *options):
            return run("train", clips, "--steps", "1", "--size", "32x64", "--out", self.folder / out, *options, deadline=DEADLINE)

        def held_out(out):
            return json.loads((self.folder / out / "config.json").read_text())["held_out"]

        self.assertDone(train("whole"))
        (name,) = held_out("whole")
        damaged = bytearray((clips / name).read_bytes())
        begin = damaged.index(b"mdat") + 1000  # in the only key frame
        damaged[begin:begin + 300] = random.Random(1).randbytes(300)
        (clips / name).write_bytes(damaged)
        result = train("damaged")
        self.assertDone(result)
        self.assertIn(name, result.err, result)
        self.assertIn("is damaged", result.err, result)
        self.assertNotIn(name, held_out("damaged"))
        self.assertIn(name, (self.folder / "damaged" / "quarantine.jsonl").read_text())
        # A recording that the user named is not replaced.
        result = train("named", "--held-out", name)
        self.assertError(result, 3, "input", name)
        self.assertIn("is damaged", result.err, result)


if __name__ == "__main__":
    harness.main()
