#!/usr/bin/env python3
"""Does the encoder of a masked autoencoder help the task ego? Trains it on the drives' video alone, then ego with its encoder (--init) and from
scratch, with the same options, clips and number of steps, for each seed, and prints what each tells of the held-out drives beside the mean.

    dojo render --cameras 4 --drives 12 --seconds 60 --fps 20 --size 120x160 --out drives
    python3 benchmarks/first_weights.py --dojo ./dojo --drives drives --out first_weights

A run that is there already (its result.json) is not done again, so a broken-off call goes on. Needs Python only.
"""
import argparse
import json
import pathlib
import subprocess

SIGNALS = {"speed_mps": "speed", "yaw_rate_radps": "yaw rate", "steering_wheel_deg": "steering wheel"}


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dojo", default="./dojo", help="the program")
    parser.add_argument("--drives", required=True, help="a folder of drives with telemetry")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder of the runs")
    parser.add_argument("--minutes", default="10", help="of the masked autoencoder")
    parser.add_argument("--steps", default="2000", help="of each run of ego")
    parser.add_argument("--seeds", default="1,2", help="of the runs of ego")
    parser.add_argument("--network", default="--size 64x128 --patch 8 --channels 192 --layers 4", help="of all of them")
    parser.add_argument("--mae", default="", help="more options of the masked autoencoder, such as '--lr 0.002'")
    parser.add_argument("--ego", default="", help="more options of ego")
    parser.add_argument("--threads", default="2")
    return parser.parse_args()


def train(o, name, words):
    folder = o.out / name
    result = folder / "result.json"
    if not result.exists():
        command = [o.dojo, "train", o.drives, "--out", folder, "--threads", o.threads, "--json", *o.network.split(), *words]
        print(*command, flush=True)
        text = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True).stdout
        result.write_text(text)
    return folder, json.loads(result.read_text())


def main():
    o = options()
    o.out.mkdir(parents=True, exist_ok=True)
    pretrained, mae = train(o, "mae", ["--task", "mae", "--minutes", o.minutes, *o.mae.split()])
    rows = []
    for seed in o.seeds.split(","):
        for name, words in (("with its encoder", ["--init", pretrained / "best.safetensors"]), ("from scratch", [])):
            folder = f"ego-{'init' if words else 'scratch'}-{seed}"
            _, result = train(o, folder, ["--task", "ego", "--model", "vit", "--steps", o.steps, "--seed", seed, *o.ego.split(), *words])
            rows.append((name, seed, result))
    print(f"\nmae: held-out loss {mae['mse']:.4f}, {mae['mse'] / mae['patch_mean_mse']:.4f} of predicting each patch's mean, "
          f"best weights of step {mae['best_step']} of {mae['step']}\n")
    print("| ego | seed |", " | ".join(f"{words}, error over that of the mean" for words in SIGNALS.values()), "| score |")
    print("|---|---|" + "---|" * (len(SIGNALS) + 1))
    for name, seed, result in rows:
        cells = [f"{result[s]['mae']:.4g} ({result[s]['mae'] / result[s]['mean_mae']:.3f})" if s in result else "" for s in SIGNALS]
        print(f"| {name} | {seed} |", " | ".join(cells), f"| {result['score']:.4f} |")


if __name__ == "__main__":
    main()
