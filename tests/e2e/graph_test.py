"""dojo graph: what it shows can be read back, and bad graphs are one honest line."""
import harness
from harness import run

LINEAR = """graph "linear" {
  data %x: f32[2,3]
  parameter %w: f32[3,1] = normal(1.0)
  %y: f32[2,1] = MatMul(%x, %w)
  %loss: f32[] = ReduceSumSquare(%y; keepdims=0)
  output loss %loss guard
}
"""


class Graph(harness.TestCase):
    def write(self, text):
        path = self.folder / "step.graph"
        path.write_text(text, encoding="utf-8")
        return path

    def test_a_whole_step_of_each_network_can_be_read_back(self):
        models = [["--model", name] for name in ("ego", "ego-vit", "resnet18-clip", "vit-s", "mae", "r2plus1d")]
        for words in [[], *models, ["--batch", "1"], ["--forward-only"], ["--model", "mae", "--forward-only", "--batch", "1"]]:
            shown = run("graph", "show", *words)
            self.assertDone(shown)
            path = self.write(shown.out)
            self.assertDone(run("graph", "check", path))
            self.assertEqual(run("graph", "show", path).out, shown.out)

    def test_a_training_step_has_everything_and_inference_no_update(self):
        step = run("graph", "show", "--json", "--cost").json()
        roles = {i["role"] for i in step["inputs"]}
        self.assertEqual(roles, {"data", "parameter", "state"})
        self.assertIn("loss", {o["name"] for o in step["outputs"] if o["guard"]})
        self.assertGreater(step["updates"], 0)
        self.assertGreater(step["cost"]["flop"], 1e9)
        self.assertEqual(sum(op["nodes"] for op in step["cost"]["by_op"]), len(step["nodes"]))
        self.assertEqual(run("graph", "show", "--json", "--forward-only").json()["updates"], 0)

    def test_a_run_depends_on_the_seed_only(self):
        path = self.write(LINEAR)
        first = run("graph", "run", path, "--seed", "5", "--json")
        self.assertDone(first)
        self.assertEqual(first.out, run("graph", "run", path, "--seed", "5", "--json").out)
        self.assertNotEqual(first.out, run("graph", "run", path, "--seed", "6", "--json").out)
        self.assertGreater(first.json()["outputs"]["loss"][0], 0)

    def test_a_bad_graph_is_named_with_line_and_column(self):
        path = self.write(LINEAR.replace("MatMul", "MatMal"))
        for verb in ("show", "check", "run"):
            self.assertError(run("graph", verb, path), 3, "input", ["MatMal", f"{path}:4:18"])

    def test_a_guard_that_is_not_finite_names_the_first_such_value(self):
        path = self.write(LINEAR.replace("%y: f32[2,1] = MatMul(%x, %w)", "%n: f32[2,3] = Neg(%x)\n"
                                         "%l: f32[2,3] = Log(%n)\n%y: f32[2,1] = MatMul(%l, %w)"))
        self.assertError(run("graph", "run", path), 3, "input", "Log %l")

    def test_a_graph_too_large_for_the_interpreter_is_refused(self):
        path = self.write(run("graph", "show").out)
        self.assertError(run("graph", "run", path), 2, "config", "million")

    def test_each_pass_of_the_host_executor_can_be_looked_at(self):
        passes = [line.split()[0] for line in run("graph", "passes").out.splitlines()]
        self.assertIn("fuse", passes)
        path = self.write(LINEAR)
        for name in passes:
            shown = run("graph", "show", path, "--after", name)
            self.assertDone(shown)
            self.assertRegex(shown.out, r'^(graph|program) "linear" \{\n')
        fused = run("graph", "show", "--model", "ego", "--after", "fuse")
        self.assertDone(fused)
        self.assertDone(run("graph", "check", self.write(fused.out)))
        apart = run("graph", "show", "--model", "ego", "--after", "fuse", "--without", "fuse,fold")
        self.assertGreater(apart.out.count("# unit"), fused.out.count("# unit"))
        self.assertError(run("graph", "show", "--after", "fuze"), 2, "config", ["--after", "fuze", *passes])
        self.assertError(run("graph", "show", "--after", "fuse", "--without", "fuze"), 2, "config", ["--without", "fuze", "fuse"])
        self.assertError(run("graph", "show", "--after", "fuse", "--without", "lower"), 2, "config", "lower")
        self.assertError(run("graph", "show", "--without", "fuse"), 2, "config", "--after")
        self.assertError(run("graph", "show", "--after", "fuse", "--json"), 2, "config", "--json")

    def test_wrong_usage(self):
        self.assertError(run("graph"), 2, "config")
        self.assertError(run("graph", "fly"), 2, "config", "fly")
        self.assertError(run("graph", "show", "--model", "gpt"), 2, "config", "gpt")
        self.assertError(run("graph", "show", self.write(LINEAR), "--forward-only"), 2, "config")
        self.assertError(run("graph", "check", self.folder), 3, "input", self.folder)
        self.assertError(run("graph", "check", self.folder / "none"), 3, "input", "none")


if __name__ == "__main__":
    harness.main()
