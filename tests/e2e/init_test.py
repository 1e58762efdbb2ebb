"""First weights as a user gives them: a masked autoencoder learns on drives without labels, and the task ego begins with its encoder."""
import json
import shutil
import signal
import struct

import harness
from harness import run
from training import DEADLINE, RunCase, read_safetensors, safetensors

NETWORK = ["--size", "32x64", "--patch", "16", "--frames", "4", "--batch", "2", "--channels", "24", "--layers", "1", "--threads", "1", "--seed", "3"]
ENCODER = 16  # tensors: 2 of the patches, 12 of a layer, 2 of the norm


class Init(RunCase):
    """Three drives of a car with two cameras, a run of the task mae on them, and one of ego that begins with its encoder."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.drives = cls.shared / "drives"
        rendered = run("render", "--cameras", "2", "--drives", "3", "--seconds", "4", "--fps", "10", "--size", "48x64", "-q",
                       "--out", cls.drives, deadline=DEADLINE)
        assert rendered.code == 0, rendered
        cls.pretrained = cls.shared / "mae"
        learned = run("train", "--task", "mae", cls.drives, "--out", cls.pretrained, "--steps", 4, "--masked", "0.5", *NETWORK,
                      "--json", deadline=DEADLINE)
        assert learned.code == 0, learned
        cls.best = cls.pretrained / "best.safetensors"
        cls.reference = cls.shared / "reference"
        cls.finished = cls.train(cls.reference, "--json")

    @classmethod
    def words(cls, out, *options, steps=8, init=True):
        return ("train", "--task", "ego", "--model", "vit", cls.drives, "--out", out, "--steps", steps, "--eval-every", "4",
                "--checkpoint-every", "1", *NETWORK, *(["--init", cls.best] if init else []), *options)

    @classmethod
    def train(cls, out, *options, steps=8, init=True):
        return run(*cls.words(out, *options, steps=steps, init=init), deadline=DEADLINE)

    def test_what_was_taken_is_told_and_kept(self):
        self.assertDone(self.finished)
        self.assertIn(f"first weights: {ENCODER} tensors of {self.best}: encoder; 6 begin at random: pair, together, head; ", self.finished.err)
        self.assertIn("of the file are not used: ", self.finished.err)
        config = json.loads((self.reference / "config.json").read_text())
        self.assertEqual(config["init"]["file"], str(self.best))
        self.assertEqual(len(config["init"]["taken"]), ENCODER)
        self.assertTrue(all(name.startswith("encoder.") for name in config["init"]["taken"]))
        self.assertIn("mask_token", config["init"]["unused"])
        self.assertEqual(config["model"]["network"], "vit")

    def test_training_begins_with_them(self):
        self.assertDone(self.train(self.folder / "still", "--lr", "0", steps=1))
        self.assertDone(self.train(self.folder / "random", "--lr", "0", steps=1, init=False))
        given, given_data = read_safetensors(self.best)
        for run_folder, same in (("still", True), ("random", False)):
            header, data = read_safetensors(self.folder / run_folder / "best.safetensors")
            for name in ("encoder.patch_embed.proj.weight", "encoder.blocks.0.mlp.fc1.weight"):
                values = [d[slice(*h[name]["data_offsets"])] for h, d in ((header, data), (given, given_data))]
                self.assertEqual(values[0] == values[1], same, (run_folder, name))

    def test_eval_judges_the_result_as_the_run_did(self):
        held = json.loads((self.reference / "config.json").read_text())["held_out"]
        same = run("eval", self.reference / "best.safetensors", *(self.drives / name for name in held), "--threads", "1", "--json",
                   deadline=DEADLINE)
        self.assertDone(same)
        self.assertAlmostEqual(same.json()["speed_mps"]["mae"], self.finished.json()["speed_mps"]["mae"], places=5)

    def test_killed_and_resumed_it_comes_to_the_same_bytes(self):
        self.assertSameAfterAKill()

    def test_a_resumed_run_needs_the_file_only_to_begin_again(self):
        copy = self.folder / "copy.safetensors"
        shutil.copy(self.best, copy)
        out = self.folder / "run"
        self.assertDone(self.train(out, "--init", copy, init=False))
        copy.unlink()
        self.assertDone(run("train", "--resume", out, "--steps", "9", deadline=DEADLINE))
        shutil.copy(self.best, copy)
        process = harness.start(*self.words(self.folder / "killed", "--init", copy, init=False))
        config = self.folder / "killed" / "config.json"
        self.wait_for(config.exists, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for path in ("last.safetensors", "best.safetensors", "metrics.jsonl"):  # as if it had been killed before its first checkpoint
            (config.parent / path).unlink(missing_ok=True)
        header, data = read_safetensors(copy)
        del header["__metadata__"]["crc32c"]
        copy.write_bytes(safetensors(header, data))
        self.assertError(self.resume(config.parent), 3, "input", ["copy.safetensors", "changed since the run began"])
        shutil.copy(self.pretrained / "best.safetensors", copy)
        self.assertDone(self.resume(config.parent))
        self.assertEqual(read_safetensors(config.parent / "best.safetensors")[1], read_safetensors(self.reference / "best.safetensors")[1])

    def test_the_other_networks_begin_with_their_own_checkpoints(self):
        small = ["--size", "32x64", "--frames", "2", "--batch", "2", "--channels", "8", "--threads", "1", "--steps", "1"]
        first = run("train", self.drives, "--out", self.folder / "a", *small, deadline=DEADLINE)
        self.assertDone(first)
        best = self.folder / "a" / "best.safetensors"
        again = run("train", self.drives, "--out", self.folder / "b", *small, "--lr", "0", "--init", best, deadline=DEADLINE)
        self.assertDone(again)
        self.assertNotIn("at random", again.err)
        self.assertEqual(read_safetensors(self.folder / "b" / "best.safetensors")[1], read_safetensors(best)[1])
        other = run("train", "--task", "ego", self.drives, "--out", self.folder / "c", *small, "--init", best, deadline=DEADLINE)
        self.assertError(other, 3, "input", ["a/best.safetensors", "predict", "ego"])

    def test_what_does_not_fit_is_named_and_leaves_nothing(self):
        def refused(option, value, words):
            """Of a run like the reference with another value of one option."""
            out = self.folder / "x"
            command = [str(word) for word in self.words(out)]
            command[command.index(option) + 1] = str(value)
            self.assertError(run(*command, deadline=DEADLINE), 3, "input", words)
            self.assertFalse(out.exists())

        refused("--layers", 2, words=["best.safetensors", "encoder.blocks.1."])
        refused("--channels", 48, words=["encoder.", "the network has"])
        refused("--init", self.pretrained / "last.safetensors", words=["last.safetensors", "state"])
        header, data = read_safetensors(self.best)
        del header["__metadata__"]["crc32c"]  # as another program writes it
        name = "encoder.blocks.0.norm1.bias"
        path = self.folder / "harmed.safetensors"

        def harmed(change=lambda h: None, data=data):
            changed = json.loads(json.dumps(header))
            change(changed)
            path.write_bytes(safetensors(changed, data))
            return path

        at = header[name]["data_offsets"][0]
        refused("--init", harmed(data=data[:at] + struct.pack("<f", float("nan")) + data[at + 4:]), words=[name, "nan"])
        refused("--init", harmed(lambda h: h.__setitem__("encoder.surprise", h.pop(name))), words=name)
        refused("--init", harmed(lambda h: h[name].__setitem__("shape", [2, 12])), words=[name, "[24]"])
        refused("--init", harmed(lambda h: h[name].__setitem__("dtype", "I32")), words=[name, "i32"])
        refused("--init", harmed(data=data[:-1]), words="harmed.safetensors")

    def test_wrong_options_are_named(self):
        def refused(*options):
            return run("train", self.drives, "--out", self.folder / "x", *options)

        self.assertError(refused("--model", "vit"), 2, "config", ["--model", "--task ego"])
        self.assertError(refused("--task", "ego", "--model", "vgg"), 2, "config", ["--model", "vgg", "motion"])
        self.assertError(refused("--task", "ego", "--layers", "2"), 2, "config", ["--layers", "--model vit"])
        self.assertError(refused("--task", "ego", "--model", "vit", "--frames", "3"), 2, "config", ["--frames", "tubelets of 2"])
        self.assertError(refused("--task", "ego", "--model", "vit", "--masked", "0.5"), 2, "config", "--masked")
        self.assertError(run("train", "--resume", self.reference, "--init", self.best), 2, "config", "--init")
        self.assertError(run("train", "--resume", self.reference, "--model", "vit"), 2, "config", "--model")


if __name__ == "__main__":
    harness.main()
