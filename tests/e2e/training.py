"""What the tests of training share: small recordings with a finished run on them, and what two runs have in common."""
import json
import pathlib
import signal
import struct

import harness
from harness import run

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


def safetensors(header, data):
    """The bytes of such a file."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def metrics_without_time(path):
    lines = [json.loads(line) for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines()]
    for line in lines:
        line.pop("time", None)
    return lines


class RunCase(harness.TestCase):
    """What tests of runs ask; self.reference is the folder of a finished run to compare with."""

    def resume(self, out, **how):
        return run("train", "--resume", out, deadline=DEADLINE, **how)

    def assertSameRun(self, out):
        """Both checkpoints have the reference's bytes, and the metrics are equal but for times."""
        for name in ("last.safetensors", "best.safetensors"):
            self.assertEqual((out / name).read_bytes(), (self.reference / name).read_bytes(), name)
        self.assertEqual(metrics_without_time(out / "metrics.jsonl"), metrics_without_time(self.reference / "metrics.jsonl"))

    def assertSameAfterAKill(self):
        """The run of self.words(), killed once it has weights and resumed, is the reference run."""
        out = self.folder / "run"
        process = harness.start(*self.words(out))
        self.wait_for((out / "best.safetensors").exists, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.assertEqual(process.returncode, -signal.SIGKILL)
        self.assertDone(self.resume(out))
        self.assertSameRun(out)

    def assertNoLitter(self, out):
        self.assertEqual([p.name for p in out.rglob(".*")], [])  # temporary names begin with a dot


class TrainCase(RunCase):
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
    def words(cls, out, *options, steps=12):
        """Of the reference run, in another folder."""
        return ("train", cls.clips, "--out", out, "--steps", steps, "--checkpoint-every", "1", "--held-out", "drive_2", *TINY,
                *options)

    @classmethod
    def train(cls, out, *options, steps=12, **how):
        return run(*cls.words(out, *options, steps=steps), deadline=DEADLINE, **how)
