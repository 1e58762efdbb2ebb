#!/usr/bin/env python3
"""Writes tests/golden/ops/*.json: what PyTorch says each op and its gradient give, in float64.

    python3 tests/golden/make_op_goldens.py        (needs torch; tests/regenerate.py calls it)

One file for each op, a list of cases: {"attributes", "inputs": [{"format", "shape", "data",
"gradient"}], "outputs": [{"shape", "data", "output_gradient"}]}. An input without a gradient is not
differentiated, an output without an output gradient is not part of the loss, which is the sum of
output * output_gradient over the others. src/dojo/graph/ops/golden_test.cc reads them all.
"""

import json
import pathlib
import warnings

import torch
import torch.nn.functional as F

warnings.filterwarnings("ignore", "Since version 1.3.0, affine_grid")  # we mean the new behaviour
FOLDER = pathlib.Path(__file__).resolve().parent / "ops"
files = {}


def rand(*shape, low=-2.0, high=2.0):
    return low + (high - low) * torch.rand(shape, dtype=torch.float64)


def away_from_zero(*shape):
    """Values that are not near the kinks of |x|, max(x, 0) and the like."""
    return torch.where(torch.rand(*shape) < 0.5, -1.0, 1.0) * rand(*shape, low=0.1, high=2.0)


class Fixed:
    """An operand that is not differentiated."""

    def __init__(self, tensor):
        self.tensor = tensor


def tensor_json(t):
    word = {torch.float64: "f32", torch.int64: "i32"}[t.dtype]
    return {"format": word, "shape": list(t.shape), "data": t.detach().reshape(-1).tolist()}


def case(op, function, operands, differentiable_outputs=1, **attributes):
    """`function` takes the operands as tensors and returns the output or a tuple of outputs."""
    tensors = []
    for o in operands:
        tensors.append(o.tensor if isinstance(o, Fixed) else None if o is None else o.clone().requires_grad_())
    outputs = function(*tensors)
    if not isinstance(outputs, tuple):
        outputs = (outputs,)
    result = {"attributes": attributes, "inputs": [], "outputs": []}
    wanted = [t for t in tensors if t is not None and t.requires_grad]
    weights = [rand(*y.shape) for y in outputs[:differentiable_outputs]]
    gradients = {}
    if wanted:
        loss = sum((y * w).sum() for y, w in zip(outputs, weights))
        if loss.requires_grad:
            found = torch.autograd.grad(loss, wanted, allow_unused=True)
        else:  # Sign: PyTorch has no path at all
            found = [None] * len(wanted)
        gradients = {id(t): torch.zeros_like(t) if g is None else g for t, g in zip(wanted, found)}
    for t in tensors:
        entry = None if t is None else tensor_json(t)
        if id(t) in gradients:
            entry["gradient"] = gradients[id(t)].reshape(-1).tolist()
        result["inputs"].append(entry)
    for i, y in enumerate(outputs):
        entry = tensor_json(y)
        if wanted and i < len(weights):
            entry["output_gradient"] = weights[i].reshape(-1).tolist()
        result["outputs"].append(entry)
    files.setdefault(op, []).append(result)


def elementwise():
    for op, function in {"Add": torch.add, "Sub": torch.sub, "Mul": torch.mul, "Min": torch.minimum,
                         "Max": torch.maximum}.items():
        case(op, function, [rand(2, 3, 4), rand(2, 3, 4)])
        case(op, function, [rand(2, 3, 4), rand(3, 1)])
        case(op, function, [rand(1), rand(2, 5)])
    case("Max", torch.maximum, [torch.tensor([1.0, 2.0, 3.0]).double(), torch.tensor([1.0, 3.0, 2.0]).double()])
    case("Min", torch.minimum, [torch.tensor([1.0, 2.0, 3.0]).double(), torch.tensor([1.0, 3.0, 2.0]).double()])
    case("Div", torch.div, [rand(2, 3, 4), away_from_zero(2, 3, 4)])
    case("Div", torch.div, [rand(2, 3, 1), away_from_zero(4)])
    for op, function in {"Neg": torch.neg, "Abs": torch.abs, "Sign": torch.sign, "Exp": torch.exp,
                         "Reciprocal": torch.reciprocal, "Sigmoid": torch.sigmoid, "Tanh": torch.tanh,
                         "Relu": torch.relu, "Identity": lambda x: x * 1}.items():
        case(op, function, [away_from_zero(3, 5)])
    for op, function in {"Sigmoid": torch.sigmoid, "Tanh": torch.tanh}.items():
        case(op, function, [torch.tensor([-40.0, -8.0, 0.0, 8.0, 40.0]).double()])
    case("Abs", torch.abs, [torch.tensor([0.0, -1.0]).double()])
    case("Relu", torch.relu, [torch.tensor([0.0, -1.0, 1.0]).double()])
    for op, function in {"Sqrt": torch.sqrt, "Log": torch.log}.items():
        case(op, function, [rand(3, 5, low=0.1, high=4)])
    for approximate in ("none", "tanh"):
        case("Gelu", lambda x: F.gelu(x, approximate=approximate), [rand(4, 6, low=-4, high=4)], approximate=approximate)
    case("Clip", lambda x: x.clamp(-1, 0.5), [rand(4, 6)], min=-1.0, max=0.5)
    case("Clip", lambda x: x.clamp(min=0.25), [torch.tensor([0.25, 0.0, 1.0]).double()], min=0.25)
    case("Cast", lambda x: x * 1, [rand(2, 3)], to="f32")


def reductions():
    for axes, keep in ((None, True), ([1], True), ([0, 2], False), ([-1], False)):
        more = {"keepdims": int(keep)} | ({} if axes is None else {"axes": axes})
        dims = tuple(axes) if axes else (0, 1, 2)
        case("ReduceSum", lambda x: x.sum(dims, keepdim=keep), [rand(2, 3, 4)], **more)
        case("ReduceMean", lambda x: x.mean(dims, keepdim=keep), [rand(2, 3, 4)], **more)
        case("ReduceSumSquare", lambda x: (x * x).sum(dims, keepdim=keep), [rand(2, 3, 4)], **more)
        case("ReduceMax", lambda x: x.amax(dims, keepdim=keep), [rand(2, 3, 4)], **more)
        case("ReduceMax", lambda x: x.amax(dims, keepdim=keep), [torch.randint(0, 3, (2, 3, 4)).double()], **more)


def shapes():
    case("Reshape", lambda x: x.reshape(4, 6), [rand(2, 3, 4)], shape=[4, 6])
    case("Transpose", lambda x: x.permute(2, 0, 1), [rand(2, 3, 4)], perm=[2, 0, 1])
    case("Concat", lambda a, b, c: torch.cat([a, b, c], 1), [rand(2, 1, 3), rand(2, 4, 3), rand(2, 2, 3)], axis=1)
    case("Expand", lambda x: x.expand(5, 2, 3), [rand(2, 1)], shape=[5, 2, 3])
    case("Slice", lambda x: x[1:4, :, 0:5:2], [rand(5, 2, 6)], starts=[1, 0], ends=[4, 5], axes=[0, 2], steps=[1, 2])
    case("Slice", lambda x: x[:, -3:-1], [rand(2, 6)], starts=[-3], ends=[-1], axes=[1])
    case("Pad", lambda x: F.pad(x, (1, 2, 0, 3), value=0.5), [rand(2, 3)], pads=[0, 1, 3, 2], value=0.5)


def convolutions():
    for shape, weight, stride, pad, dilation, groups, bias in (
            ((2, 3, 6, 5), (4, 3, 3, 3), (1, 1), (1, 1), (1, 1), 1, True),
            ((1, 4, 7, 8), (6, 2, 3, 2), (2, 1), (1, 0), (1, 2), 2, True),
            ((2, 3, 5, 5), (3, 1, 3, 3), (1, 1), (1, 1), (1, 1), 3, False),
            ((2, 4, 4, 5), (2, 4, 1, 1), (2, 2), (0, 0), (1, 1), 1, False),
            ((1, 2, 4, 5, 4), (3, 2, 3, 2, 3), (1, 2, 1), (1, 0, 1), (1, 1, 1), 1, True),
            ((2, 2, 9), (2, 2, 3), (2,), (2,), (2,), 1, True)):
        function = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}[len(shape)]
        operands = [rand(*shape), rand(*weight)] + ([rand(weight[0])] if bias else [])
        case("Conv", lambda x, w, b=None: function(x, w, b, stride, pad, dilation, groups), operands,
             strides=list(stride), pads=list(pad) * 2, dilations=list(dilation), group=groups)
    # Different padding before and after: PyTorch pads first.
    case("Conv", lambda x, w: F.conv2d(F.pad(x, (0, 2, 1, 0)), w, stride=2), [rand(1, 2, 5, 6), rand(2, 2, 3, 3)],
         strides=[2, 2], pads=[1, 0, 0, 2])


def pools():
    for shape, kernel, stride, pad in (((2, 2, 6, 7), (3, 3), (2, 2), (1, 1)), ((1, 3, 4, 4), (2, 2), (2, 2), (0, 0)),
                                       ((1, 2, 5, 4), (3, 2), (1, 2), (1, 0)), ((1, 2, 4, 3, 4), (2, 3, 2), (2, 1, 1), (1, 1, 0))):
        more = {"kernel_shape": list(kernel), "strides": list(stride), "pads": list(pad) * 2}
        largest = {4: F.max_pool2d, 5: F.max_pool3d}[len(shape)]
        average = {4: F.avg_pool2d, 5: F.avg_pool3d}[len(shape)]
        case("MaxPool", lambda x: largest(x, kernel, stride, pad), [rand(*shape)], **more)
        # Many equal maxima: the first one gets the gradient.
        case("MaxPool", lambda x: largest(x, kernel, stride, pad), [torch.randint(0, 2, shape).double()], **more)
        for count in (False, True):
            case("AveragePool", lambda x: average(x, kernel, stride, pad, count_include_pad=count), [rand(*shape)],
                 count_include_pad=int(count), **more)
    case("GlobalAveragePool", lambda x: x.mean((2, 3), keepdim=True), [rand(2, 3, 4, 5)])


def norms():
    def batch(momentum, epsilon):
        def function(x, scale, bias, mean, variance):
            dims = [d for d in range(x.dim()) if d != 1]
            batch_mean, batch_variance = x.mean(dims), x.var(dims, unbiased=False)  # ONNX: of the population
            return (F.batch_norm(x, None, None, scale, bias, True, 0, epsilon), mean * momentum + batch_mean * (1 - momentum),
                    variance * momentum + batch_variance * (1 - momentum), batch_mean, batch_variance)
        return function

    for shape, momentum, epsilon in (((3, 2, 4, 3), 0.9, 1e-5), ((4, 3), 0.75, 1e-2), ((2, 2, 2, 3, 2), 0.5, 1e-5)):
        c = shape[1]
        operands = [rand(*shape), rand(c), rand(c), Fixed(rand(c)), Fixed(rand(c, low=0.5))]
        case("BatchNormalization", batch(momentum, epsilon), operands, 5, momentum=momentum, epsilon=epsilon, training_mode=1)
        case("BatchNormalization", lambda x, s, b, m, v: F.batch_norm(x, m, v, s, b, False, 0, epsilon), operands,
             epsilon=epsilon, training_mode=0)
    for shape, groups, epsilon in (((2, 6, 3, 4), 3, 1e-5), ((2, 4, 5), 1, 1e-2), ((1, 4, 3, 3), 4, 1e-5)):
        def group(x, scale, bias):
            sets = x.reshape(shape[0], groups, -1)
            return F.group_norm(x, groups, scale, bias, epsilon), sets.mean(2), sets.var(2, unbiased=False)
        case("GroupNormalization", group, [rand(*shape), rand(shape[1]), rand(shape[1])], 3, num_groups=groups, epsilon=epsilon)


def products():
    for a, b in (((3, 4), (4, 5)), ((2, 3, 4), (2, 4, 2)), ((2, 3, 4), (4, 5)), ((2, 1, 3, 2), (3, 2, 4))):
        case("MatMul", torch.matmul, [rand(*a), rand(*b)])
    for trans_a in (0, 1):
        for trans_b in (0, 1):
            operands = [rand(*((4, 3) if trans_a else (3, 4))), rand(*((5, 4) if trans_b else (4, 5)))]
            side = lambda t, trans: t.T if trans else t
            case("Gemm", lambda a, b: side(a, trans_a) @ side(b, trans_b), operands, transA=trans_a, transB=trans_b)
            case("Gemm", lambda a, b, c: 0.5 * side(a, trans_a) @ side(b, trans_b) - 1.5 * c, operands + [rand(5)],
                 transA=trans_a, transB=trans_b, alpha=0.5, beta=-1.5)


def resampling():
    for padding in ("zeros", "border"):
        for align in (False, True):
            more = {"mode": "linear", "padding_mode": padding, "align_corners": int(align)}
            sample = lambda x, grid: F.grid_sample(x, grid, "bilinear", padding, align)
            case("GridSample", sample, [rand(2, 3, 4, 5), rand(2, 3, 4, 2, low=-1.6, high=1.6)], **more)
            # Exactly on pixels, on the borders and far outside.
            places = torch.tensor([-1e9, -3, -1, -0.5, 0, 0.5, 1, 3, 1e9]).double()
            grid = torch.stack(torch.meshgrid(places, places, indexing="xy"), -1)[None]
            case("GridSample", sample, [rand(1, 1, 5, 5), grid], **more)
            case("GridSample", sample, [rand(1, 2, 1, 1), rand(1, 2, 3, 2)], **more)
            for size in ([2, 3, 4, 5], [1, 1, 1, 3]):
                case("AffineGrid", lambda theta: F.affine_grid(theta, size, align_corners=align), [rand(size[0], 2, 3)],
                     size=size, align_corners=int(align))
    for shape, size in (((2, 2, 3, 4), (6, 8)), ((1, 2, 5, 6), (3, 2)), ((1, 1, 4, 3), (7, 5)), ((1, 2, 1, 3), (4, 1))):
        for align in (False, True):
            case("Resize", lambda x: F.interpolate(x, size, mode="bilinear", align_corners=align), [rand(*shape)], mode="linear",
                 sizes=list(shape[:2] + size), coordinate_transformation_mode="align_corners" if align else "half_pixel")
        case("Resize", lambda x: F.interpolate(x, size, mode="nearest"), [rand(*shape)], mode="nearest", sizes=list(shape[:2] + size),
             coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    case("DepthToSpace", lambda x: F.pixel_shuffle(x, 2), [rand(2, 8, 3, 2)], blocksize=2, mode="CRD")
    case("SpaceToDepth", lambda x: F.pixel_unshuffle(x, 3), [rand(2, 2, 3, 6)], blocksize=3, mode="CRD")
    # ONNX's words for the other order, with its own reshapes.
    case("DepthToSpace", lambda x: x.reshape(2, 2, 2, 3, 3, 2).permute(0, 3, 4, 1, 5, 2).reshape(2, 3, 6, 4),
         [rand(2, 12, 3, 2)], blocksize=2, mode="DCR")
    case("SpaceToDepth", lambda x: x.reshape(2, 3, 3, 2, 2, 2).permute(0, 3, 5, 1, 2, 4).reshape(2, 12, 3, 2),
         [rand(2, 3, 6, 4)], blocksize=2, mode="DCR")


def softmaxes():
    for axis in (-1, 0, 1):
        case("Softmax", lambda x: x.softmax(axis), [rand(2, 3, 4)], axis=axis)
    case("Softmax", lambda x: x.softmax(1), [rand(2, 3, low=-800, high=800)], axis=1)
    for rows, classes in ((4, 5), (1, 2)):
        labels = torch.randint(0, classes, (rows,))
        case("SoftmaxCrossEntropyLoss", F.cross_entropy, [rand(rows, classes), Fixed(labels)], reduction="mean")


def optimizer_steps(op, make_optimizer, states, uses_step, clip, attributes):
    """Three steps of an optimizer, each a case that begins where the one before ended."""
    parameter = rand(3, 4).requires_grad_()
    optimizer = make_optimizer([parameter])
    before = [parameter.detach().clone()] + [torch.zeros_like(parameter) for _ in states]
    scalar = lambda x: Fixed(torch.tensor(x, dtype=torch.float64))
    for step in (1, 2, 3):
        lr, gradient = 0.01 * step, rand(3, 4)
        parameter.grad = gradient.clone()
        operands = [Fixed(t) for t in before] + [Fixed(gradient), scalar(lr)] + ([scalar(step)] if uses_step else [])
        if clip:
            norm = torch.nn.utils.clip_grad_norm_([parameter], clip)
            operands.append(scalar(min(1.0, clip / (norm.item() + 1e-6))))
        optimizer.param_groups[0]["lr"] = lr
        optimizer.step()
        after = [parameter.detach().clone()] + [optimizer.state[parameter][s].clone() for s in states]
        case(op, lambda *_: tuple(after), operands, **attributes)
        before = after


def optimizers():
    for clip in (None, 1.0):
        for decay in (0.0, 0.1):
            optimizer_steps("AdamW", lambda p: torch.optim.AdamW(p, betas=(0.8, 0.99), eps=1e-6, weight_decay=decay),
                            ["exp_avg", "exp_avg_sq"], True, clip,
                            {"beta1": 0.8, "beta2": 0.99, "epsilon": 1e-6, "weight_decay": decay})
            for nesterov in (False, True):
                optimizer_steps("Momentum",
                                lambda p: torch.optim.SGD(p, lr=1, momentum=0.9, weight_decay=decay, nesterov=nesterov),
                                ["momentum_buffer"], False, clip,
                                {"momentum": 0.9, "weight_decay": decay, "nesterov": float(nesterov)})


def cost_volumes():
    def volume(a, b, r):
        height, width = a.shape[-2:]
        padded = F.pad(b, (r, r, r, r), mode="replicate")
        shifts = [(i, j) for i in range(2 * r + 1) for j in range(2 * r + 1)]
        return torch.stack([(a - padded[:, :, i:i + height, j:j + width]).abs().mean(1) for i, j in shifts], 1)

    for radius in (1, 2):
        case("CostVolume", lambda a, b: volume(a, b, radius), [rand(2, 3, 3, 4), rand(2, 3, 3, 4)], radius=radius)


def layer_norms():
    def norm(axis, epsilon):
        def function(x, scale, bias):
            dims = tuple(range(axis, x.dim()))
            mean, variance = x.mean(dims, keepdim=True), x.var(dims, keepdim=True, unbiased=False)
            return F.layer_norm(x, x.shape[axis:], scale, bias, epsilon), mean, (variance + epsilon).rsqrt()
        return function

    for shape, axis, epsilon in (((3, 5), -1, 1e-5), ((2, 3, 4), 2, 1e-2), ((2, 3, 4), 1, 1e-6), ((6,), 0, 1e-5)):
        places = shape[axis:]
        case("LayerNormalization", norm(axis % len(shape), epsilon), [rand(*shape), rand(*places), rand(*places)], 3, axis=axis,
             epsilon=epsilon)


def gathers():
    rows = torch.tensor([[4], [0], [4], [2]])
    case("GatherND", lambda x, i: x[i[:, 0]], [rand(5, 3), Fixed(rows)])
    pairs = torch.tensor([[[0, 1], [2, 3]], [[-1, -4], [0, 1]]])
    case("GatherND", lambda x, i: x[i[..., 0], i[..., 1]], [rand(3, 4, 2), Fixed(pairs)], batch_dims=0)
    batch = torch.tensor([[3, 3, 0], [1, -1, 2]])[..., None]
    case("GatherND", lambda x, i: torch.stack([a[b[:, 0]] for a, b in zip(x, i)]), [rand(2, 4, 3), Fixed(batch)], batch_dims=1)


def main():
    for family in (elementwise, reductions, shapes, convolutions, pools, norms, products, resampling, cost_volumes, softmaxes,
                   optimizers, layer_norms, gathers):
        torch.manual_seed(2026)  # so that a change in one family leaves the files of the others as they are
        family()
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for op, cases in sorted(files.items()):
        text = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
        (FOLDER / f"{op}.json").write_text(f"[{text}]\n")
    print(f"{sum(map(len, files.values()))} cases of {len(files)} ops, PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
