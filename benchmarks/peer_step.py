#!/usr/bin/env python3
"""The step of `dojo bench step --model NAME` in PyTorch (forward, backward, AdamW; f32, or under autocast to bf16), measured by
`--peers` in a process of its own for each way to set PyTorch up. Needs torch only.

  python3 benchmarks/peer_step.py eager|tuned|compiled

eager     as installed: the network and torch.optim.AdamW as they come
tuned     the fastest settings: channels_last, fused AdamW, a malloc that keeps its memory, and on AMD processors MKL told that it may
          use its fast kernels
compiled  the same, and torch.compile

Attention is scaled_dot_product_attention in all of them. The first line that it prints is {"ready": "PyTorch VERSION"} or
{"missing": REASON, "install": COMMAND}. Then it answers each line on its standard input, a JSON object, by one line:

  {"do": "prepare", "model": "vit-s", "format": "f32", "threads": 2, "parameters": P, "data": D}
      -> {"settings": TEXT, "peak_bytes": N}: after three steps; N is the most memory that the process had resident. Refused where the
         network here has not P trained numbers, or is not fed D numbers a step
  {"do": "time", "steps": 5}
      -> {"seconds": [...], "peak_bytes": N}: of each step, after one that is not timed
"""
import ctypes
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time

WARM_UP = 3
CLIP = (2, 8, 112, 224)


def keep_memory():
    """Has glibc's malloc map nothing and give nothing back: PyTorch frees and allocates its tensors each step."""
    M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # malloc.h
    libc = ctypes.CDLL(None)
    return bool(libc.mallopt(M_MMAP_MAX, 0) and libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1))


def cpu_vendor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("vendor_id"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def start_again_with_fast_mkl():
    """MKL asks for an Intel processor before it takes its AVX2 and AVX-512 kernels; a library that is loaded first answers for it.
    Returns where there is no C compiler, and in the process that was started again."""
    users = os.environ.pop("DOJO_USERS_PRELOAD", None)
    if users is not None:
        os.environ["LD_PRELOAD"] = users  # ours is loaded; compilers that are started need it not
        return True
    with tempfile.TemporaryDirectory() as folder:
        library = pathlib.Path(folder, "intel.so")
        try:
            subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", library], capture_output=True, check=True,
                           input=b"int mkl_serv_intel_cpu_true(void) { return 1; }\n")
        except (OSError, subprocess.CalledProcessError):
            return False
        memory = os.memfd_create("intel", 0)  # needs no file once the folder is gone
        os.write(memory, library.read_bytes())
    users = os.environ.get("LD_PRELOAD", "")
    os.environ.update(DOJO_USERS_PRELOAD=users, LD_PRELOAD=f"/proc/self/fd/{memory} {users}")
    os.execv(sys.executable, [sys.executable, "-B", *sys.argv])


def peak_bytes():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


class Step:
    """A network, its data and its optimizer. `size`: trained numbers and numbers of data that it must have; `done`: what was set
    before, in words."""

    def __init__(self, model, threads, size, bf16, setting, done):
        import torch
        import torch.nn.functional as F
        import torch_networks

        torch.set_num_threads(threads)
        torch.manual_seed(0)
        tuned = setting != "eager"
        words = []

        def clip_of(*size):
            return torch.randint(0, 256, (*size, 3), dtype=torch.uint8)

        def channels_last(x, layout):
            if not tuned:
                return x
            words[:] = [str(layout).removeprefix("torch.")]
            return x.to(memory_format=layout)

        if model == "resnet18-clip":
            net = channels_last(torch_networks.Resnet18(), torch.channels_last)
            data = (channels_last(torch.rand(16, 3, 128, 256), torch.channels_last),)
            target = torch.rand(16, 512)
        elif model == "r2plus1d":
            net = channels_last(torch_networks.R2plus1d().float(), torch.channels_last_3d)
            data, target = (clip_of(2, 8, 112, 112),), torch.rand(2, 256)
        elif model == "vit-s":
            net = torch_networks.Vit().float()
            data, target = (clip_of(*CLIP),), torch.rand(2, 392, 1536)
        elif model == "mae":
            net = torch_networks.Mae().float()
            clip = clip_of(8, *CLIP[1:])
            visible, masked = torch_networks.tube_mask(net.encoder.grid, 8, 0.9)
            data, target = (clip, visible, masked), None
        else:
            raise ValueError(f"there is no {model} in PyTorch")

        parameters = list(net.parameters())
        count = lambda tensors: sum(x.numel() for x in tensors)
        here = count(parameters), count(data) + (0 if target is None else target.numel())
        if here != size:
            raise ValueError(f"{model} has {here[0]} parameters and {here[1]} numbers of data here, and {size[0]} and {size[1]} in dojo")
        self.optimizer = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.01, **({"fused": True} if tuned else {}))
        cast = torch.autocast("cpu", torch.bfloat16, enabled=bf16)
        if target is None:
            def loss_of(*data):
                with cast:
                    return F.mse_loss(net(*data), net.target(data[0], data[2]))
        else:
            def loss_of(*data):
                with cast:
                    return F.mse_loss(net(*data), target)
        if setting == "compiled":
            loss_of = torch.compile(loss_of)
        self.loss = lambda: loss_of(*data)
        words += ["autocast to bf16"] * bf16 + ["fused AdamW"] * tuned + ["torch.compile"] * (setting == "compiled")
        words += done
        self.settings = ", ".join(words) if words else "as installed"
        for _ in range(WARM_UP):
            self.run()

    def run(self):
        loss = self.loss()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        value = loss.item()
        if not math.isfinite(value):
            raise ArithmeticError("the loss is not finite")

    def seconds(self, steps):
        self.run()
        result = []
        for _ in range(steps):
            start = time.perf_counter()
            self.run()
            result.append(time.perf_counter() - start)
        return result


def main():
    setting = sys.argv[1] if len(sys.argv) == 2 else ""
    if setting not in ("eager", "tuned", "compiled"):
        sys.exit("usage: peer_step.py eager|tuned|compiled")
    done = []  # before PyTorch is loaded
    if setting != "eager":
        if cpu_vendor() == "AuthenticAMD" and start_again_with_fast_mkl():
            done.append("MKL's fast kernels")
        if keep_memory():
            done.append("a malloc that keeps its memory")
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(answer):
        print(json.dumps(answer), file=answers, flush=True)

    def reason(error):
        """Its first line, and the next one where that only announces it."""
        lines = [line.strip() for line in f"{type(error).__name__}: {error}".splitlines() if line.strip()]
        return " ".join(lines[:2]) if lines[0].endswith(":") else lines[0]

    try:
        import torch
    except Exception as error:  # one that is there and does not load is missing too
        return say({"missing": reason(error), "install": "python3 -m pip install torch"})
    say({"ready": f"PyTorch {torch.__version__}"})
    step = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "prepare":
                size = request["parameters"], request["data"]
                step = Step(request["model"], request["threads"], size, request["format"] == "bf16", setting, done)
                say({"settings": step.settings, "peak_bytes": peak_bytes()})
            else:
                say({"seconds": step.seconds(request["steps"]), "peak_bytes": peak_bytes()})
        except Exception as error:
            say({"failed": reason(error)})


if __name__ == "__main__":
    main()
