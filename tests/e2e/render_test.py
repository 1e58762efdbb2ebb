"""dojo render: a TeslaCam folder as a user asks for it, read back by our own reader, and options that contradict each other."""
import csv
import json

import harness
from harness import run


class Render(harness.TestCase):
    SMALL = ["--seconds", "3", "--fps", "10", "--size", "32x48", "-q"]

    def test_a_journey_is_a_teslacam_folder_that_our_own_reader_takes(self):
        out = self.folder / "usb"
        result = run("render", "--cameras", "2", "--out", out, "--json", *self.SMALL)
        self.assertDone(result)
        drive = result.json()["drives"][0]
        self.assertEqual((drive["rendered"], drive["files"], drive["frames"]), (True, 2, 60))
        again = run("render", "--cameras", "2", "--out", out, "--json", *self.SMALL)
        self.assertFalse(again.json()["drives"][0]["rendered"])
        inspected = run("inspect", out, "--json")
        self.assertDone(inspected)
        self.assertEqual({r["frames"] for r in inspected.json()["recordings"]}, {30})
        cameras = [r["path"].rsplit("-", 1)[1] for r in inspected.json()["recordings"]]
        self.assertEqual(sorted(cameras), ["back.mp4", "front.mp4"])

    def test_a_rig_of_ones_own_is_the_table_of_a_rendered_drive_edited(self):
        run("render", "--cameras", "1", "--out", self.folder / "a", *self.SMALL)
        table = next((self.folder / "a").rglob("cameras.json"))
        rig = json.loads(table.read_text())
        rig["cameras"][0].update(name="roof", up_m=2.5)
        mine = self.folder / "rig.json"
        mine.write_text(json.dumps(rig))
        self.assertDone(run("render", "--rig", mine, "--out", self.folder / "b", *self.SMALL))
        table = next((self.folder / "b").rglob("*-roof.csv"))
        heights = [float(row["camera_z_m"]) for row in csv.DictReader(table.open())]
        self.assertEqual(len(heights), 30)
        self.assertTrue(all(abs(h - 2.5) < 0.2 for h in heights), heights)
        mine.write_text("{}")
        self.assertError(run("render", "--rig", mine, "--out", self.folder / "c"), 3, "input", ["cameras", str(mine)])
        self.assertError(run("render", "--rig", "nix.json", "--out", self.folder / "c"), 3, "input", "nix.json")

    def test_without_cameras_drives_are_plain_files(self):
        result = run("render", "--drives", "1", "--out", self.folder / "drives", *self.SMALL)
        self.assertDone(result)
        self.assertEqual(result.out.splitlines(), [str(self.folder / "drives" / "drive-00.mp4")])

    def test_a_folder_may_have_the_name_of_a_protocol(self):
        for cameras in ((), ("--cameras", "1")):
            out = f"data:{len(cameras)}"
            self.assertDone(run("render", "--drives", "1", "--out", out, *cameras, *self.SMALL, cwd=self.folder))
            video = next((self.folder / out).rglob("*.mp4")).relative_to(self.folder)
            self.assertEqual(run("inspect", out, "--json", cwd=self.folder).json()["recordings"][0]["frames"], 30)
            self.assertDone(run("frames", video, "--index", "all", cwd=self.folder))

    def test_drives_of_other_options_are_replaced_with_a_word(self):
        out, plain = self.folder / "drives", ("--seconds", "1", "--size", "32x64", "--fps", "5")
        self.assertDone(run("render", "--out", out, "--drives", "2", "--depth", *plain))
        (out / "mine.txt").write_text("mine")
        again = run("render", "--out", out, "--drives", "2", *plain)
        self.assertDone(again)
        self.assertEqual(again.err, "")  # the same drives, depth besides
        result = run("render", "--out", out, "--drives", "2", "--seed", "2", "-q", *plain)
        self.assertDone(result)
        self.assertIn(f"warning: {out} was made with other options: 8 files will be replaced", result.err)
        self.assertEqual(list(out.glob("*.depth.npy")), [])  # none that does not belong to its video
        self.assertEqual((out / "mine.txt").read_text(), "mine")

    def test_journeys_of_other_options_are_replaced_with_a_word(self):
        words = ["render", "--cameras", "1", "--out", self.folder / "usb", *self.SMALL]
        self.assertDone(run(*words))
        self.assertEqual(run(*words).err, "")
        result = run(*words, "--depth")
        self.assertDone(result)
        self.assertIn("warning: " + result.out.strip(), result.err)

    def test_options_that_contradict_each_other_are_named(self):
        for words, names in ((["--skew", "1"], "--skew"), (["--drop-camera", "front"], "--drop-camera"),
                             (["--seconds", "3", "--minutes", "1"], "--minutes"),
                             (["--cameras", "2", "--rig", "x.json"], "--rig"),
                             (["--cameras", "2", "--weather", "snow"], "snow"),
                             (["--cameras", "2", "--drop-camera", "left_pillar"], "left_pillar"),
                             (["--cameras", "2", "--cut-camera", "front"], "--cut-camera"),
                             (["--cameras", "7"], "--cameras"), (["--cameras", "1", "--minutes", "1e9"], "--minutes")):
            self.assertError(run("render", "--out", self.folder / "x", *words), 2, "config", names)


if __name__ == "__main__":
    harness.main()
