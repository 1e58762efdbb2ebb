"""The networks of `dojo bench step` in PyTorch, as its users write them, with the same parameter names and shapes.

benchmarks/peer_step.py times them; tests/golden/make_step_goldens.py compares the small ones with ours, step by step. Clips are u8
[B,T,H,W,3]; forward() gives what the loss judges. Needs torch only.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F


# ---- ResNet-18 on images, src/dojo/model/resnet.h


class ImageBlock(nn.Module):
    def __init__(self, c_in, c, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(c_in, c, 3, stride, 1, bias=False), nn.BatchNorm2d(c)
        self.conv2, self.bn2 = nn.Conv2d(c, c, 3, 1, 1, bias=False), nn.BatchNorm2d(c)
        same = stride == 1 and c_in == c
        self.downsample = None if same else nn.Sequential(nn.Conv2d(c_in, c, 1, stride, bias=False), nn.BatchNorm2d(c))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))
        return F.relu(y + (self.downsample(x) if self.downsample else x), inplace=True)


class Resnet18(nn.Module):
    def __init__(self, channels=64):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, channels, 7, 2, 3, bias=False), nn.BatchNorm2d(channels)
        c_in = channels
        for stage in range(4):
            c = channels << stage
            self.add_module(f"layer{stage + 1}", nn.Sequential(ImageBlock(c_in, c, 2 if stage else 1), ImageBlock(c, c, 1)))
            c_in = c

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x)), inplace=True), 3, 2, 1)
        return self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((2, 3))


# ---- R(2+1)D-18, src/dojo/model/r2plus1d.h


def conv_2plus1d(c_in, between, c, stride):
    return nn.Sequential(nn.Conv3d(c_in, between, (1, 3, 3), (1, stride, stride), (0, 1, 1), bias=False),
                         nn.BatchNorm3d(between), nn.ReLU(inplace=True),
                         nn.Conv3d(between, c, (3, 1, 1), (stride, 1, 1), (1, 0, 0), bias=False))


class ClipBlock(nn.Module):
    def __init__(self, c_in, c, stride):
        super().__init__()
        between = c_in * c * 27 // (c_in * 9 + 3 * c)
        self.conv1 = nn.Sequential(conv_2plus1d(c_in, between, c, stride), nn.BatchNorm3d(c), nn.ReLU(inplace=True))
        self.conv2 = nn.Sequential(conv_2plus1d(c, between, c, 1), nn.BatchNorm3d(c))
        same = stride == 1 and c_in == c
        self.downsample = None if same else nn.Sequential(nn.Conv3d(c_in, c, 1, stride, bias=False), nn.BatchNorm3d(c))

    def forward(self, x):
        y = self.conv2(self.conv1(x))
        return F.relu(y + (self.downsample(x) if self.downsample else x), inplace=True)


class R2plus1d(nn.Module):
    def __init__(self, channels=32, pooled_stem=True):
        super().__init__()
        between = 45 * channels // 64
        self.stem = nn.Sequential(nn.Conv3d(3, between, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False), nn.BatchNorm3d(between),
                                  nn.ReLU(inplace=True), nn.Conv3d(between, channels, (3, 1, 1), 1, (1, 0, 0), bias=False),
                                  nn.BatchNorm3d(channels), nn.ReLU(inplace=True))
        self.pooled_stem = pooled_stem
        c_in = channels
        for stage in range(4):
            c = channels << stage
            self.add_module(f"layer{stage + 1}", nn.Sequential(ClipBlock(c_in, c, 2 if stage else 1), ClipBlock(c, c, 1)))
            c_in = c
        self.register_buffer("mean", torch.tensor([0.43216, 0.394666, 0.37645], dtype=torch.float64) * 255, persistent=False)
        self.register_buffer("deviation", torch.tensor([0.22803, 0.22145, 0.216989], dtype=torch.float64) * 255, persistent=False)

    def forward(self, clip):
        x = self.stem(((clip - self.mean) / self.deviation).permute(0, 4, 1, 2, 3))
        if self.pooled_stem:
            x = F.max_pool3d(x, (1, 3, 3), (1, 2, 2), (0, 1, 1))
        return self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((2, 3, 4))


# ---- a vision transformer on tubelets, src/dojo/model/vit.h


class Attention(nn.Module):
    def __init__(self, channels, heads):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class TokenBlock(nn.Module):
    def __init__(self, channels, heads):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(channels, 1e-6), Attention(channels, heads)
        self.norm2, self.mlp = nn.LayerNorm(channels, 1e-6), Mlp(channels)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


def blocks(channels, layers, heads):
    return nn.Sequential(*(TokenBlock(channels, heads) for _ in range(layers)))


def positions(grid, channels):
    """[N,channels]: for time, row and column a third each, sines and then cosines."""
    half = channels // 6
    frequencies = 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    parts = []
    for axis, count in enumerate(grid):
        angles = torch.arange(count, dtype=torch.float64)[:, None] * frequencies
        shape = [1, 1, 1, 2 * half]
        shape[axis] = count
        parts.append(torch.cat([angles.sin(), angles.cos()], 1).reshape(shape).expand(*grid, 2 * half))
    return torch.cat(parts, 3).flatten(0, 2)


class PatchEmbed(nn.Module):
    def __init__(self, tubelet, patch, channels):
        super().__init__()
        size = (tubelet, patch, patch)
        self.proj = nn.Conv3d(3, channels, size, size)

    def forward(self, clip):
        return self.proj((clip * (2 / 255) - 1).permute(0, 4, 1, 2, 3)).flatten(2).transpose(1, 2)


class Vit(nn.Module):
    """Tokens of a clip, or of its visible part; with a head for `values` numbers a token."""

    def __init__(self, frames=8, height=112, width=224, tubelet=2, patch=16, channels=384, layers=12, heads=6, head=True):
        super().__init__()
        self.grid = (frames // tubelet, height // patch, width // patch)
        self.patch_embed, self.blocks = PatchEmbed(tubelet, patch, channels), blocks(channels, layers, heads)
        self.norm = nn.LayerNorm(channels, 1e-6)
        self.head = nn.Linear(channels, 3 * tubelet * patch * patch) if head else nn.Identity()
        self.register_buffer("positions", positions(self.grid, channels), persistent=False)

    def forward(self, clip, visible=None):
        x = self.patch_embed(clip.to(self.norm.weight.dtype)) + self.positions
        return self.head(self.norm(self.blocks(x if visible is None else take(x, visible))))


# ---- the task ego with a vision transformer, src/dojo/model/ego.h


class EgoVit(nn.Module):
    """Three signals of a clip, in deviations from the mean."""

    def __init__(self, channels=384, **encoder):
        super().__init__()
        self.encoder = Vit(channels=channels, head=False, **encoder)
        times = self.encoder.grid[0]
        self.pair, self.together, self.head = nn.Linear(channels, 64), nn.Linear(64 * times, 64), nn.Linear(64, 3)

    def forward(self, clip):
        pairs = self.encoder(clip).unflatten(1, (self.encoder.grid[0], -1)).mean(2)
        return self.head(F.gelu(self.together(F.gelu(self.pair(pairs)).flatten(1))))


# ---- a masked autoencoder, src/dojo/model/mae.h


def take(x, which):
    """x [B,N,C] or [N,C], which i64 [B,n] -> [B,n,C]."""
    if x.dim() == 2:
        return x[which]
    return x.gather(1, which[:, :, None].expand(-1, -1, x.shape[2]))


class Decoder(nn.Module):
    def __init__(self, grid, values, channels, layers, heads):
        super().__init__()
        self.blocks, self.norm, self.head = blocks(channels, layers, heads), nn.LayerNorm(channels, 1e-6), nn.Linear(channels, values)
        self.register_buffer("positions", positions(grid, channels), persistent=False)


class Mae(nn.Module):
    def __init__(self, decoder_channels=192, decoder_layers=4, decoder_heads=3, tubelet=2, patch=16, **encoder):
        super().__init__()
        self.tubelet, self.patch = tubelet, patch
        self.encoder = Vit(tubelet=tubelet, patch=patch, head=False, **encoder)
        self.encoder_to_decoder = nn.Linear(self.encoder.norm.weight.numel(), decoder_channels, bias=False)
        self.mask_token = nn.Parameter(0.02 * torch.randn(1, 1, decoder_channels))
        values = 3 * tubelet * patch * patch
        self.decoder = Decoder(self.encoder.grid, values, decoder_channels, decoder_layers, decoder_heads)

    def forward(self, clip, visible, masked):
        seen = self.encoder_to_decoder(self.encoder(clip, visible)) + take(self.decoder.positions, visible)
        hidden = self.mask_token + take(self.decoder.positions, masked)
        x = self.decoder.blocks(torch.cat([seen, hidden], 1))[:, visible.shape[1]:]
        return self.decoder.head(self.decoder.norm(x))

    def target(self, clip, masked):
        """What forward() should give: the hidden tubelets, each channel normalised."""
        t, p = self.tubelet, self.patch
        times, rows, columns = self.encoder.grid
        x = clip.unflatten(3, (columns, p)).unflatten(2, (rows, p)).unflatten(1, (times, t))
        x = x.permute(0, 1, 3, 5, 7, 2, 4, 6).flatten(1, 3).flatten(2)
        x = take(x, masked).to(self.mask_token.dtype).unflatten(2, (3, -1)) / 255
        return ((x - x.mean(3, keepdim=True)) / (x.var(3, keepdim=True).sqrt() + 1e-6)).flatten(2)


def tube_mask(grid, clips, share, generator=None):
    """For each clip the same random places of all frames: visible and masked tokens, i64 [B,n]."""
    places = grid[1] * grid[2]
    visible = max(1, round((1 - share) * places))
    order = torch.rand(clips, places, generator=generator).argsort(1)
    times = places * torch.arange(grid[0])[:, None]
    tokens = lambda which: (which[:, None] + times).flatten(1).sort(1).values
    return tokens(order[:, :visible]), tokens(order[:, visible:])
