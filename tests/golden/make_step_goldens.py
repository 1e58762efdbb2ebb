#!/usr/bin/env python3
"""Writes tests/golden/steps/*.json: small training runs in PyTorch, float64: what the loss judges and every gradient of the first
step, and the first ten losses.

    python3 tests/golden/make_step_goldens.py        (needs torch; tests/regenerate.py calls it)

The networks of src/dojo/model are written here and in benchmarks/torch_networks.py once more with PyTorch's own layers. Weights
and batches are pure functions of names and indices (below), so that no weights need to be stored;
tests/golden/step_golden_test.cc makes the same ones. Of tensors their norm and a sum with random signs and weights is kept, which
differs where any element does.
"""

import json
import pathlib
import sys

import torch
import torch.nn.functional as F

FOLDER = pathlib.Path(__file__).resolve().parent / "steps"
sys.path.insert(0, str(FOLDER.parents[2] / "benchmarks"))
import torch_networks  # noqa: E402

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


def first_value(name, shape):
    """Heads are not zero here: they would leave half of the network without a gradient."""
    if len(shape) >= 2:
        return uniform(name, shape, (torch.Size(shape).numel() // shape[0]) ** -0.5)
    value = uniform(name, shape, 0.125) + (1 if name.endswith("weight") else 0)
    return value.float().double()


class Parameters(dict):
    """Made when first asked for."""

    def get(self, name, *shape):
        if name not in self:
            self[name] = first_value(name, shape).requires_grad_()
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
    answer = last + gate * (previous - last) + residual
    error = answer - target
    return (error**2).mean() + 0.02 * error.abs().mean() + 0.03 * sum(auxiliary) / len(auxiliary), answer


def moving_waves(batch, frames, height, width):
    """u8 [B,T,H,W,3]: triangular waves that move from frame to frame; integers only."""
    b, t, y, x, c = torch.meshgrid(*map(torch.arange, (batch, frames, height, width, 3)), indexing="ij")
    return (((x * 9 + y * 5 + t * 7 + b * 60) % 256 - 128).abs() + ((y * 11 - x * 3 + t * 4 + c * 40) % 256 - 128).abs()) * 255 // 256


# ---- the task `ego`, src/dojo/model/ego.h and motion.h


def judged(answer, labels, known, mean=(0.25, 0.0, 0.0), deviation=(0.5, 2, 0.25)):
    target = (labels - torch.tensor(mean).double()) / torch.tensor(deviation).double()
    losses = F.huber_loss(answer, target, reduction="none")
    return (losses * known / known.sum(0).clamp(min=1)).sum() / 3, answer


def ego_loss(p, clip, labels, known, channels=8):
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
    return judged(p.dense("head", F.gelu(p.dense("together", numbers, 64)), 3), labels, known)


# ---- the others: networks of torch_networks.py


def network_with_first_values(network):
    network = network.double()
    with torch.no_grad():
        for name, value in network.named_parameters():
            value.copy_(first_value(name, value.shape))
    return network


def square_loss(answer, target):
    return ((answer - target) ** 2).mean(), answer


def summary(name, tensor):
    tensor = tensor.detach()
    return [tensor.norm().item(), (tensor * uniform("probe." + name, tensor.shape, 1)).sum().item()]


def train(name, parameters, loss_of, lr=LR):
    """`parameters` by name, or an empty dictionary that loss_of() fills when it is first called."""
    loss_of()
    groups = [{"params": [v for v in parameters.values() if v.dim() >= 2], "weight_decay": WEIGHT_DECAY},
              {"params": [v for v in parameters.values() if v.dim() < 2], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.999), eps=1e-8)
    result = {"lr": lr, "parameters": sum(v.numel() for v in parameters.values()), "losses": [], "grad_norms": []}
    for step in range(STEPS):
        optimizer.zero_grad()
        loss, answer = loss_of()
        loss.backward()
        if step == 0:
            result["answer"] = summary("answer", answer)
            result["gradients"] = {n: summary(n, v.grad) for n, v in sorted(parameters.items())}
        result["grad_norms"].append(torch.nn.utils.clip_grad_norm_(parameters.values(), CLIP_NORM).item())
        optimizer.step()
        result["losses"].append(loss.item())
    FOLDER.mkdir(exist_ok=True)
    text = ",\n".join(f" {json.dumps(k)}: {gradients_text(v) if k == 'gradients' else json.dumps(v)}" for k, v in result.items())
    (FOLDER / f"{name}.json").write_text("{\n" + text + "\n}\n")
    print(f"{name}: {result['parameters']} parameters, loss {result['losses'][0]:.6f} -> {result['losses'][-1]:.6f}")


def gradients_text(gradients):
    return "{\n" + ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in gradients.items()) + "\n }"


def train_network(name, network, loss_of, lr=LR):
    network = network_with_first_values(network)
    train(name, dict(network.named_parameters()), lambda: loss_of(network), lr)


def every_fourth_place(grid, clips):
    """Tokens whose place in the frame, counted on by clips, is a multiple of 4, and the others."""
    places = grid[1] * grid[2]
    chosen = lambda clip, seen: [t for t in range(grid[0] * places) if ((t % places + clip) % 4 == 0) == seen]
    return tuple(torch.tensor([chosen(clip, seen) for clip in range(clips)]) for seen in (True, False))


def main():
    clip, p = moving_waves(2, 4, 32, 64), Parameters()
    train("predict", p, lambda: predict_loss(p, clip))
    clip, labels, known = moving_waves(2, 3, 32, 64), uniform("labels", (2, 3), 1), torch.tensor([[1.0, 1, 0], [1, 1, 1]]).double()
    q = Parameters()
    train("ego", q, lambda: ego_loss(q, clip, labels, known))
    images, target = uniform("images", (4, 3, 64, 64), 1), uniform("target", (4, 64), 1)
    train_network("resnet18", torch_networks.Resnet18(8), lambda net: square_loss(net(images), target))
    # Its 40 batch norms in a row, the last ones over few elements, make steep slopes: hence the rate.
    video, goal = moving_waves(2, 4, 96, 96).byte(), uniform("target", (2, 32), 1)
    train_network("r2plus1d", torch_networks.R2plus1d(4), lambda net: square_loss(net(video), goal), 5e-7)
    small = dict(frames=4, height=16, width=24, patch=4, channels=24, layers=2, heads=4)
    short, tubelets = moving_waves(2, 4, 16, 24).byte(), uniform("target", (2, 48, 96), 1)
    train_network("vit", torch_networks.Vit(**small), lambda net: square_loss(net(short), tubelets))
    train_network("ego_vit", torch_networks.EgoVit(**small), lambda net: judged(net(short), labels, known))
    masked = torch_networks.Mae(decoder_channels=12, decoder_layers=1, decoder_heads=2, **small)
    mask = every_fourth_place(masked.encoder.grid, 2)
    train_network("mae", masked, lambda net: square_loss(net(short, *mask), net.target(short, mask[1])))


if __name__ == "__main__":
    main()
