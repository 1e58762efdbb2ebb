"""The program of examples/cameras, as somebody runs it who has built it."""
import pathlib
import subprocess

import harness
from harness import run

PROGRAM = pathlib.Path(harness.DOJO).with_name("dojo_cameras_example")


class Cameras(harness.TestCase):
    def example(self, *args):
        return subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, timeout=60)

    def test_it_prints_twenty_clips_and_which_frames_are_not_there(self):
        if not PROGRAM.exists():
            self.skipTest("the example is built with the tests")
        usb = self.folder / "usb"
        self.assertDone(run("render", "--cameras", "2", "--seconds", "6", "--fps", "10", "--size", "32x48",
                            "--cut-camera", "back=3", "--out", usb, "-q"))
        result = self.example(usb, "front", "back")
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = result.stdout.splitlines()
        self.assertEqual(len([line for line in lines if line.startswith("clip ")]), 20)
        self.assertTrue(any("no frame" in line for line in lines if line.startswith("  back")), result.stdout)
        self.assertFalse(any("no frame" in line for line in lines if line.startswith("  front")), result.stdout)
        wrong = self.example(usb, "front", "bakc")
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("bakc", wrong.stderr)
        self.assertEqual(self.example().returncode, 2)


if __name__ == "__main__":
    harness.main()
