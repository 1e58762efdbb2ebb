"""dojo program make: programs of the library can be checked and shown again, and what cannot be made is said."""
import harness
from harness import run


class Library(harness.TestCase):
    def names(self):
        return [p["name"] for p in run("program", "make", "--json").json()]

    def test_all_programs_are_listed_with_their_sizes(self):
        listed = run("program", "make")
        self.assertDone(listed)
        programs = run("program", "make", "--json").json()
        self.assertGreaterEqual(len(programs), 13)
        for program in programs:
            self.assertIn(f"\n{program['name']}", "\n" + listed.out)
            for size in program["sizes"]:
                self.assertIn(f"    {size['name']}", listed.out)

    def test_every_program_can_run_on_a_die_and_be_read_back(self):
        for name in self.names():
            with self.subTest(name=name):
                path = self.folder / f"{name}.program"
                made = run("program", "make", name, "--out", path)
                self.assertDone(made)
                self.assertEqual(made.out, "")
                self.assertIn(f"{name} on d1_die:", made.err)
                self.assertDone(run("program", "check", path))
                text = path.read_text(encoding="utf-8")
                self.assertEqual(run("program", "show", path).out, text)
                self.assertEqual(run("program", "make", name).out, text)

    def test_sizes_machine_and_format_count(self):
        make = ("program", "make", "gemm_summa", "m=64", "n=64", "k=128", "--json")
        made = run(*make, "--machine", "unit:die").json()
        self.assertEqual((made["columns"], made["rows"]), (4, 3))
        # Blocks of 24 x 16, and 3 x 2 blocks of the matrix unit, in 32 steps each.
        self.assertEqual(made["bound"]["compute"], 3 * 2 * 32)
        self.assertEqual(made["sizes"], {"m": 64, "n": 64, "k": 128})
        self.assertEqual(made["format"], "bf16")
        path = self.folder / "p"
        narrow = run(*make, "--machine", "unit:die", "--format", "cfloat8_1_5_2:15", "--out", path).json()
        self.assertLess(narrow["bound"]["latency"], made["bound"]["latency"])
        self.assertIn("a: cfloat8_1_5_2(15)[", path.read_text(encoding="utf-8"))
        slow = run(*make, "--machine", "unit:die", "--set", "node/instructions/matrix_multiply/interval=3cycles").json()
        self.assertEqual(slow["bound"]["compute"], 3 * made["bound"]["compute"])

    def test_what_cannot_be_made_is_said(self):
        def refused(code, category, words, *args):
            self.assertError(run("program", "make", *args), code, category, words)

        refused(2, "config", ("gem", "gemm_summa"), "gem")
        refused(2, "config", ("q=1", "m, n, k"), "gemm_summa", "q=1")
        refused(2, "config", "m=many", "gemm_summa", "m=many")
        refused(2, "config", "bf17", "gemm_summa", "--format", "bf17")
        refused(2, "config", "d2_die", "gemm_summa", "--machine", "d2_die")
        refused(3, "input", "matrix unit", "gemm_summa", "--format", "f32")
        refused(3, "input", "elements is 0", "reduce", "elements=0")
        refused(3, "input", ("root_x is 999", "allowed are 0 to 19, or -1: it is chosen"), "reduce", "root_x=999")
        refused(3, "input", "beyond the 1250000 B of SRAM", "broadcast", "elements=400000")
        refused(1, "io", "none", "reduce", "--out", self.folder / "none" / "p")


if __name__ == "__main__":
    harness.main()
