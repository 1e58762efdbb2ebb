#!/usr/bin/env python3
"""The step of `dojo bench step --model resnet18-clip` in PyTorch eager, channels_last: 16 images of 3x128x256, forward,
backward, AdamW, f32. Prints one JSON line of the bench contract with "role": "peer". Needs torch only.

    python peer_torch_resnet18.py [--threads 2] [--runs 10]
"""
import argparse
import json
import statistics
import subprocess
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, c_in, c, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(c_in, c, 3, stride, 1, bias=False), nn.BatchNorm2d(c)
        self.conv2, self.bn2 = nn.Conv2d(c, c, 3, 1, 1, bias=False), nn.BatchNorm2d(c)
        same = stride == 1 and c_in == c
        self.down = nn.Identity() if same else nn.Sequential(nn.Conv2d(c_in, c, 1, stride, bias=False), nn.BatchNorm2d(c))

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(h)) + self.down(x), inplace=True)


class Resnet18(nn.Module):
    def __init__(self, c=64):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, c, 7, 2, 3, bias=False), nn.BatchNorm2d(c)
        blocks, c_in = [], c
        for stage in range(4):
            for block in range(2):
                blocks.append(Block(c_in, c << stage, 2 if stage > 0 and block == 0 else 1))
                c_in = c << stage
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x)), inplace=True), 3, 2, 1)
        return self.blocks(x).mean((2, 3))


def cpu_name():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=10)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(0)
    net = Resnet18().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.01, fused=True)
    x = torch.rand(16, 3, 128, 256).to(memory_format=torch.channels_last)
    target = torch.rand(16, 512)

    def step():
        loss = F.mse_loss(net(x), target)
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
        "bench": "step", "case": "resnet18-clip", "value": statistics.median(seconds), "unit": "s", "better": "lower",
        "role": "peer", "peer": "PyTorch " + torch.__version__ + " eager, channels_last, fused AdamW", "min": min(seconds),
        "median": statistics.median(seconds), "max": max(seconds), "runs": o.runs, "threads": o.threads,
        "commit": git.stdout.strip() or "unknown", "host": cpu_name()}))


if __name__ == "__main__":
    main()
