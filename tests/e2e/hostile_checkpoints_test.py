"""Checkpoints that somebody has damaged or forged: `dojo eval` and `dojo train --resume` name them and do no harm."""
import json
import shutil
import struct

import harness
from harness import run
from training import DEADLINE, TrainCase, safetensors


def damaged_checkpoints(content):
    """(name, bytes) of hostile variants of a good safetensors file."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    data = content[8 + length:]
    names = [name for name in header if name != "__metadata__"]

    def with_header(change):
        changed = json.loads(json.dumps(header))
        change(changed)
        return safetensors(changed, data)

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
        self.assertIn("2 of 3 recordings were trained on, drive_0.mp4", result.err)
        self.assertDone(result)
        self.assertLessEqual({"mse", "copy_last_mse", "flow_mse", "psnr", "by_recording", "by_horizon"}, set(result.json()))

    def known_with(self, change):
        """What eval says of a run whose config.json was changed."""
        shutil.copy(self.reference / "best.safetensors", self.folder)
        config = json.loads((self.reference / "config.json").read_text())
        change(config)
        (self.folder / "config.json").write_text(json.dumps(config))
        result = run("eval", self.folder / "best.safetensors", self.clips, deadline=DEADLINE)
        self.assertDone(result)
        return result.err

    def test_eval_knows_files_that_the_run_had_not_read_by_size_and_time(self):
        def change(config):
            for file in config["files"]:
                file["ends"] = 0

        self.assertIn("2 of 3 recordings were trained on", self.known_with(change))

    def test_eval_names_a_recording_of_which_a_part_was_trained_on(self):
        def change(config):
            config["held_out"] = config["train"]

        self.assertIn("2 of 3 recordings were trained on", self.known_with(change))

    def test_a_missing_checkpoint_is_named(self):
        result = run("eval", self.folder / "none.safetensors", self.clips)
        self.assertError(result, 3, "input", "none.safetensors")
        self.assertError(self.resume(self.folder / "no_run"), 3, "input", "no_run")


if __name__ == "__main__":
    harness.main()
