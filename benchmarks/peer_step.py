#!/usr/bin/env python3
"""The step of `dojo bench step --model NAME` in PyTorch eager, in the layout that it is fastest in: forward, backward, AdamW, f32.
Prints one JSON line of the bench contract with "role": "peer". Needs torch only.

    python peer_step.py [--model resnet18-clip|vit-s|mae|r2plus1d] [--threads 2] [--runs 10]
"""
import argparse
import json
import statistics
import subprocess
import time

import torch
import torch.nn.functional as F

import torch_networks

CLIP = (2, 8, 112, 224)


def clip_of(*size):
    return torch.randint(0, 256, (*size, 3), dtype=torch.uint8)


def resnet18_clip():
    net = torch_networks.Resnet18().to(memory_format=torch.channels_last)
    x, target = torch.rand(16, 3, 128, 256).to(memory_format=torch.channels_last), torch.rand(16, 512)
    return net, "channels_last", lambda: F.mse_loss(net(x), target)


def r2plus1d():
    net = torch_networks.R2plus1d().float().to(memory_format=torch.channels_last_3d)
    clip, target = clip_of(2, 8, 112, 112), torch.rand(2, 256)
    return net, "channels_last_3d", lambda: F.mse_loss(net(clip), target)


def vit_s():
    net = torch_networks.Vit().float()
    clip, target = clip_of(*CLIP), torch.rand(2, 392, 1536)
    return net, "scaled_dot_product_attention", lambda: F.mse_loss(net(clip), target)


def mae(clips=8, share=0.9):
    net = torch_networks.Mae().float()
    clip = clip_of(clips, *CLIP[1:])
    visible, masked = torch_networks.tube_mask(net.encoder.grid, clips, share)
    return net, "scaled_dot_product_attention", lambda: F.mse_loss(net(clip, visible, masked), net.target(clip, masked))


MODELS = {"resnet18-clip": resnet18_clip, "vit-s": vit_s, "mae": mae, "r2plus1d": r2plus1d}


def cpu_name():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="resnet18-clip", choices=MODELS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=10)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(0)
    net, setting, loss_of = MODELS[o.model]()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.01, fused=True)

    def step():
        loss = loss_of()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    for _ in range(3):
        step()
    seconds = []
    for _ in range(o.runs):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    git = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True)
    print(json.dumps({
        "bench": "step", "case": o.model, "value": statistics.median(seconds), "unit": "s", "better": "lower",
        "role": "peer", "peer": f"PyTorch {torch.__version__} eager, {setting}, fused AdamW", "min": min(seconds),
        "median": statistics.median(seconds), "max": max(seconds), "runs": o.runs, "threads": o.threads,
        "commit": git.stdout.strip() or "unknown", "host": cpu_name()}))


if __name__ == "__main__":
    main()
