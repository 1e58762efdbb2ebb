#!/usr/bin/env python3
"""Writes tests/golden/steps/*.json: the first ten losses of small training runs in PyTorch, float64.

    python3 tests/golden/make_step_goldens.py        (needs torch; tests/regenerate.py calls it)

The networks of src/dojo/model are written here once more with PyTorch's own layers. Weights and
batches are pure functions of names and indices (below), so that no weights need to be stored;
tests/golden/step_golden_test.cc makes the same ones.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

FOLDER = pathlib.Path(__file__).resolve().parent / "steps"
# A small rate: at 1e-3 the rounding of f32 grows severalfold a step, and f32 is compared with this f64.
STEPS, LR, CLIP_NORM, WEIGHT_DECAY, SEED = 10, 1e-4, 1.0, 0.01, 7
MASK = 0xFFFFFFFF


def philox(counter, key):
    for _ in range(10):
        p0, p1 = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(p1 >> 32) ^ counter[1] ^ key[0], p1 & MASK, (p0 >> 32) ^ counter[3] ^ key[1], p0 & MASK]
        key = [(key[0] + 0x9E3779B9) & MASK, (key[1] + 0xBB67AE85) & MASK]
    return counter


def uniform(name, shape, bound):
    """The first numbers of Random(SEED, stream_id(name)).uniform(-bound, bound) as f32."""
    stream = 0xCBF29CE484222325
    for byte in name.encode():
        stream = ((stream ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    values, count = [], torch.Size(shape).numel()
    for block in range((count + 1) // 2):
        words = philox([block, 0, stream & MASK, stream >> 32], [SEED, 0])
        for high, low in (words[:2], words[2:]):
            values.append(-bound + 2 * bound * ((((high << 32) | low) >> 11) * 2.0**-53))
    return torch.tensor(values[:count], dtype=torch.float64).float().double().reshape(shape)


class Parameters(dict):
    """Made when first asked for. Heads are not zero here: they would leave half of the network without a gradient."""

    def get(self, name, *shape):
        if name not in self:
            if len(shape) >= 2:
                value = uniform(name, shape, (torch.Size(shape).numel() // shape[0]) ** -0.5)
            else:
                value = uniform(name, shape, 0.125) + (1 if name.endswith("weight") else 0)
                value = value.float().double()
            self[name] = value.requires_grad_()
        return self[name]

    def conv(self, name, x, out, kernel=3, stride=1, bias=True):
        weight = self.get(name + ".weight", out, x.shape[1], kernel, kernel)
        return F.conv2d(x, weight, self.get(name + ".bias", out) if bias else None, stride, kernel // 2)

    def dense(self, name, x, out):
        weight = self.get(name + ".weight", out, x.shape[1])
        return F.linear(x, weight, self.get(name + ".bias", out))

    def group_norm(self, name, x):
        c = x.shape[1]
        return F.group_norm(x, 8, self.get(name + ".weight", c), self.get(name + ".bias", c))

    def batch_norm(self, name, x):
        c = x.shape[1]
        return F.batch_norm(x, None, None, self.get(name + ".weight", c), self.get(name + ".bias", c), True)


# ---- the task `predict`, src/dojo/model/predict.h


def warp(x, flow, scale=1):
    n, _, h, w = x.shape
    theta = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]], dtype=x.dtype).expand(n, 2, 3)
    unit = torch.tensor([2 * scale / (w - 1), 2 * scale / (h - 1)], dtype=x.dtype)
    grid = F.affine_grid(theta, (n, 2, h, w), align_corners=True) + flow.permute(0, 2, 3, 1) * unit
    return F.grid_sample(x, grid, "bilinear", "border", True)


def upsample(x):
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def matching(a, b, radius=1):
    h, w = a.shape[-2:]
    padded, side = F.pad(b, (radius,) * 4, mode="replicate"), range(2 * radius + 1)
    costs = [(a - padded[:, :, i:i + h, j:j + w]).abs().mean(1) for i in side for j in side]
    costs = F.avg_pool2d(torch.stack(costs, 1), 3, 1, 1)
    return 4 * (costs - costs.mean(1, keepdim=True))


def correct(p, level, frames, warped, flow, channels):
    parts = warped + [a - b for a, b in zip(warped, warped[1:])]
    parts += [frames[0] - 0.5, frames[0] - frames[1], flow / 4, matching(warped[0], warped[1])]
    h = F.gelu(p.conv(f"level{level}.stem", torch.cat(parts, 1), channels))
    for i in range(3):
        name = f"level{level}.block{i}"
        inner = p.conv(name + ".a", p.group_norm(name + ".norm", h), channels)
        h = h + p.conv(name + ".b", F.gelu(inner), channels)
    return flow + p.conv(f"level{level}.head", h, 2), h


def predict_loss(p, clip, channels=8, levels=(16, 8, 4, 2), rounds=(2, 2, 2, 1)):
    frames = [f.permute(0, 3, 1, 2).double() / 255 for f in clip.unbind(1)]
    target, frames = frames[-1], frames[-2::-1]  # newest first
    flow, auxiliary = None, []
    for level, count in zip(levels, rounds):
        images = [F.avg_pool2d(f, level) for f in frames]
        flow = torch.zeros_like(images[0][:, :2]) if flow is None else 2 * upsample(flow)
        for _ in range(count):
            warped = [warp(image, flow, k + 1) for k, image in enumerate(images)]
            flow, features = correct(p, level, images, warped, flow, channels)
            difference = warp(images[0], flow) - F.avg_pool2d(target, level)
            auxiliary.append((difference**2 + 1e-4).sqrt().mean())
    flow = 2 * upsample(flow)
    heads = F.pixel_shuffle(p.conv("final", features, 16), 2)
    gate, residual = heads[:, :1].tanh(), heads[:, 1:4] / 2
    last, previous = warp(frames[0], flow), warp(frames[1], flow, 2)
    error = last + gate * (previous - last) + residual - target
    return (error**2).mean() + 0.02 * error.abs().mean() + 0.03 * sum(auxiliary) / len(auxiliary)


def moving_waves(batch, frames, height, width):
    """u8 [B,T,H,W,3]: triangular waves that move from frame to frame; integers only."""
    b, t, y, x, c = torch.meshgrid(*map(torch.arange, (batch, frames, height, width, 3)), indexing="ij")
    return (((x * 9 + y * 5 + t * 7 + b * 60) % 256 - 128).abs() + ((y * 11 - x * 3 + t * 4 + c * 40) % 256 - 128).abs()) * 255 // 256


# ---- the task `ego`, src/dojo/model/ego.h and motion.h


def ego_loss(p, clip, labels, known, channels=8, mean=(0.25, 0.0, 0.0), deviation=(0.5, 2, 0.25)):
    batch, count = clip.shape[:2]
    pairs = batch * (count - 1)
    frames = torch.cat([f.permute(0, 3, 1, 2).double() / 255 for f in clip.unbind(1)])
    later, earlier = slice(batch, batch + pairs), slice(0, pairs)

    def level(name, x, out):
        name = "encoder." + name
        return F.gelu(p.group_norm(name + "_norm", p.conv(name, x, out, stride=2)))

    def matches(x, radius):
        return matching(x[later], x[earlier], radius)

    half = level("half", frames - 0.5, channels)
    quarter = level("quarter", half, 2 * channels)
    eighth = level("eighth", quarter, 3 * channels)
    fine = F.gelu(p.conv("encoder.fine", matches(half, 2), 2 * channels, stride=2))
    x = torch.cat([fine, matches(quarter, 3), quarter[later]], 1)
    x = F.gelu(p.conv("encoder.merge", x, 4 * channels, stride=2))
    x = F.gelu(p.conv("encoder.mix", torch.cat([x, matches(eighth, 3)], 1), 4 * channels))
    inner = p.conv("encoder.block.a", p.group_norm("encoder.block.norm", x), 4 * channels)
    x = level("sixteenth", x + p.conv("encoder.block.b", F.gelu(inner), 4 * channels), 6 * channels)
    numbers = F.gelu(p.dense("pair", x.flatten(1), 64))
    numbers = numbers.unflatten(0, (count - 1, batch)).transpose(0, 1).flatten(1)
    answer = p.dense("head", F.gelu(p.dense("together", numbers, 64)), 3)
    target = (labels - torch.tensor(mean).double()) / torch.tensor(deviation).double()
    losses = F.huber_loss(answer, target, reduction="none")
    return (losses * known / known.sum(0).clamp(min=1)).sum() / 3


# ---- ResNet-18, src/dojo/model/resnet.h


def resnet_loss(p, images, target, channels=8):
    x = F.relu(p.batch_norm("bn1", p.conv("conv1", images, channels, 7, 2, False)))
    x = F.max_pool2d(x, 3, 2, 1)
    for stage in range(4):
        out = channels << stage
        for block in range(2):
            name, stride = f"layer{stage + 1}.{block}", 2 if stage > 0 and block == 0 else 1
            h = F.relu(p.batch_norm(name + ".bn1", p.conv(name + ".conv1", x, out, 3, stride, False)))
            y = p.batch_norm(name + ".bn2", p.conv(name + ".conv2", h, out, 3, 1, False))
            if stride != 1 or x.shape[1] != out:
                x = p.batch_norm(name + ".bn_down", p.conv(name + ".conv_down", x, out, 1, stride, False))
            x = F.relu(y + x)
    return ((x.mean((2, 3)) - target) ** 2).mean()


def train(name, loss_of):
    p = Parameters()
    loss_of(p)  # makes the parameters
    groups = [{"params": [v for v in p.values() if v.dim() >= 2], "weight_decay": WEIGHT_DECAY},
              {"params": [v for v in p.values() if v.dim() < 2], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=LR, betas=(0.9, 0.999), eps=1e-8)
    losses, norms = [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(p)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(p.values(), CLIP_NORM).item())
        optimizer.step()
        losses.append(loss.item())
    result = {"lr": LR, "parameters": sum(v.numel() for v in p.values()), "losses": losses, "grad_norms": norms}
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"{name}: {result['parameters']} parameters, loss {losses[0]:.6f} -> {losses[-1]:.6f}")


if __name__ == "__main__":
    clip = moving_waves(2, 4, 32, 64)
    train("predict", lambda p: predict_loss(p, clip))
    clip, labels = moving_waves(2, 3, 32, 64), uniform("labels", (2, 3), 1)
    train("ego", lambda p: ego_loss(p, clip, labels, torch.tensor([[1.0, 1, 0], [1, 1, 1]]).double()))
    pictures, target = uniform("images", (4, 3, 64, 64), 1), uniform("target", (4, 64), 1)
    train("resnet18", lambda p: resnet_loss(p, pictures, target))
