"""`dojo scene` as a user calls it: what it keeps, replaces and leaves alone."""
import harness
from harness import needs_verb, run

SMALL = ("--seconds", "1", "--size", "32x64", "--fps", "5")


@needs_verb("scene")
class Scene(harness.TestCase):
    def test_drives_of_other_options_are_replaced_with_a_word(self):
        out = self.folder / "drives"
        self.assertDone(run("scene", "--out", out, "--drives", "2", "--depth", *SMALL))
        (out / "mine.txt").write_text("mine")
        again = run("scene", "--out", out, "--drives", "2", *SMALL)
        self.assertDone(again)
        self.assertEqual(again.err, "")  # the same drives, depth besides
        result = run("scene", "--out", out, "--drives", "2", "--seed", "2", "-q", *SMALL)
        self.assertDone(result)
        self.assertIn(f"warning: {out} was made with other options: 8 files will be replaced", result.err)
        self.assertEqual(list(out.glob("*.depth.npy")), [])  # none that does not belong to its video
        self.assertEqual((out / "mine.txt").read_text(), "mine")


if __name__ == "__main__":
    harness.main()
