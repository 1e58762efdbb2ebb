"""The task mae as a user meets it: small recordings, a tiny network that fills in what is hidden of them, judged, killed and resumed."""
import json
import struct

import harness
from harness import run
from training import DEADLINE, TrainCase, read_safetensors, safetensors

SMALL = ["--task", "mae", "--size", "16x32", "--patch", "8", "--frames", "4", "--batch", "2", "--channels", "24", "--layers", "1",
         "--masked", "0.75", "--threads", "1", "--seed", "3"]


class Mae(TrainCase):
    @classmethod
    def words(cls, out, *options, steps=40):
        return ("train", cls.clips, "--out", out, "--steps", steps, "--eval-every", "20", "--checkpoint-every", "1", "--held-out", "drive_2",
                *SMALL, *options)

    @classmethod
    def train(cls, out, *options, steps=40, **how):
        return run(*cls.words(out, *options, "--json", steps=steps), deadline=DEADLINE, **how)

    def test_it_tells_the_loss_beside_the_mean_of_each_patch(self):
        self.assertDone(self.finished)
        result = self.finished.json()
        self.assertLessEqual({"score", "mse", "patch_mean_mse", "clips", "by_recording", "step", "best_step"}, set(result))
        self.assertEqual(list(result["by_recording"]), ["drive_2.mp4"])
        self.assertEqual(result["clips"], 16)
        self.assertGreater(result["mse"], 0)
        self.assertLess(result["patch_mean_mse"], 1)  # of normalised values
        config = json.loads((self.reference / "config.json").read_text())
        self.assertEqual(config["task"], "mae")
        wanted = {"patch": "8", "layers": "1", "masked": "0.75", "channels": "24", "frames": "4", "decoder_channels": "12"}
        self.assertLessEqual(wanted.items(), config["model"].items())
        self.assertEqual(config["options"]["batch"], 2)
        steps = [json.loads(line) for line in (self.reference / "metrics.jsonl").read_text().splitlines()]
        self.assertIn("patch_mean_mse", steps[1] if steps[1]["kind"] == "step" else steps[2])

    def test_the_report_shows_what_was_there_what_was_seen_and_what_was_filled_in(self):
        page = (self.reference / "report.html").read_text()
        for words in ("predicting each hidden patch’s mean", "What the network saw", "Filled in", "from frame"):
            self.assertIn(words, page)
        samples = json.loads((self.reference / "samples" / "samples.json").read_text())
        self.assertEqual(len(samples), 8)
        for kind in ("truth", "masked", "prediction"):
            picture = (self.reference / "samples" / samples[0]["images"][kind]).read_bytes()
            self.assertEqual(struct.unpack(">II", picture[16:24]), (32, 32))  # two frames of 16 rows

    def test_the_encoder_has_the_names_that_other_programs_know(self):
        header, _ = read_safetensors(self.reference / "best.safetensors")
        self.assertEqual(header["encoder.patch_embed.proj.weight"]["shape"], [24, 3, 2, 8, 8])
        self.assertIn("encoder.blocks.0.attn.qkv.weight", header)

    def test_eval_judges_it_as_the_run_did(self):
        best = self.reference / "best.safetensors"
        same = run("eval", best, self.clips / "drive_2.mp4", "--threads", "1", "--json", deadline=DEADLINE)
        self.assertDone(same)
        self.assertAlmostEqual(same.json()["mse"], self.finished.json()["mse"], places=6)
        # Beside other recordings the figure of one is the same: what is hidden of its clips does not change.
        every = run("eval", best, self.clips, "--threads", "1", "--json", deadline=DEADLINE).json()
        self.assertEqual(len(every["by_recording"]), 3)
        self.assertAlmostEqual(every["by_recording"]["drive_2.mp4"]["mse"], same.json()["mse"], places=5)
        table = run("eval", best, self.clips, deadline=DEADLINE)
        self.assertDone(table)
        for words in ("patch mean", "drive_1.mp4", "all recordings"):
            self.assertIn(words, table.out)

    def test_killed_and_resumed_it_comes_to_the_same_bytes(self):
        self.assertSameAfterAKill()

    def test_wrong_options_are_named(self):
        def refused(*options):
            return run("train", self.clips, "--out", self.folder / "x", *options)

        self.assertError(refused(*SMALL, "--lr", "-1"), 2, "config", "--lr")
        self.assertError(refused("--task", "mae", "--size", "50x64"), 2, "config", ["--size", "50x64 in patches of 16"])
        self.assertError(refused("--task", "mae", "--frames", "3"), 2, "config", ["--frames", "tubelets of 2"])
        self.assertError(refused("--task", "mae", "--channels", "20"), 2, "config", ["--channels", "multiple of 12"])
        self.assertError(refused("--task", "mae", "--masked", "1"), 2, "config", "--masked")
        self.assertError(refused("--masked", "0.5"), 2, "config", ["--masked", "--task mae"])
        self.assertError(refused("--task", "ego", "--patch", "8"), 2, "config", ["--patch", "--task mae"])
        self.assertError(run("train", "--resume", self.reference, "--masked", "0.5"), 2, "config", "--masked")

    def test_a_forged_description_of_the_network_is_an_input_error(self):
        header, data = read_safetensors(self.reference / "best.safetensors")
        del header["__metadata__"]["crc32c"]  # as another program writes it
        model = json.loads(header["__metadata__"]["model"])
        path = self.folder / "best.safetensors"
        for key, value in [("layers", "256"), ("channels", "4092"), ("patch", "1"), ("masked", "nan"), ("heads", "0"),
                           ("frames", "4294967296"), ("decoder_layers", "-1"), ("tubelet", "")]:
            with self.subTest(key=key, value=value):
                forged = json.loads(json.dumps(header))
                forged["__metadata__"]["model"] = json.dumps(model | {key: value})
                path.write_bytes(safetensors(forged, data))
                self.assertError(run("eval", path, self.clips, "--json", deadline=60), 3, "input", "best.safetensors")


if __name__ == "__main__":
    harness.main()
