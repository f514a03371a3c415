"""The box detector's network: plain convolutions and ReLU, which become bytes without loss."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

STRIDES = (8, 16, 32)
WIDTHS = (16, 32, 48, 96, 144)
NECK = 48
LIMIT = 40.0
"""Most strides from a cell to an edge of its box."""


def conv(inside: int, outside: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outside, eps=1e-3, momentum=0.03),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two convolutions beside a way past them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = conv(width, width)
        self.second = conv(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        return x + self.second(self.first(x))


class Context(nn.Module):
    """Maxima over ever larger surroundings, so that a cell sees objects larger than itself."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.narrow = conv(width, width // 2, 1)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.wide = conv(width * 2, NECK, 1)

    def forward(self, x: Tensor) -> Tensor:
        """`NECK` channels."""
        x = self.narrow(x)
        one = self.pool(x)
        two = self.pool(one)
        return self.wide(torch.cat([x, one, two, self.pool(two)], 1))


class Network(nn.Module):
    """Pictures to one raw map per stride: four distances, then a logit of each class."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        a, b, c, d, e = WIDTHS
        self.stem = nn.Sequential(conv(3, a, 3, 2), conv(a, b, 3, 2), conv(b, b))
        self.third = nn.Sequential(conv(b, c, 3, 2), Residual(c))
        self.fourth = nn.Sequential(conv(c, d, 3, 2), Residual(d))
        self.fifth = nn.Sequential(conv(d, e, 3, 2), Residual(e), Context(e))
        self.side_three, self.side_four = conv(c, NECK, 1), conv(d, NECK, 1)
        self.join_three, self.join_four = conv(NECK, NECK), conv(NECK, NECK)
        self.back_four = conv(NECK, NECK, 3, 2)
        self.back_five = conv(NECK, NECK, 3, 2)
        self.where = nn.ModuleList(conv(NECK, 48) for _ in STRIDES)
        self.what = nn.ModuleList(conv(NECK, 48) for _ in STRIDES)
        self.distances = nn.ModuleList(nn.Conv2d(48, 4, 1) for _ in STRIDES)
        self.logits = nn.ModuleList(nn.Conv2d(48, classes, 1) for _ in STRIDES)
        for stride, box, one in zip(STRIDES, self.distances, self.logits, strict=True):
            nn.init.constant_(box.bias, 1.5)
            nn.init.normal_(one.weight, std=0.01)
            nn.init.constant_(one.bias, math.log(5 / classes / (320 / stride) ** 2))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Maps (n, 4 + classes, h, w) for strides 8, 16, 32."""
        three = self.third(self.stem(x))
        four = self.fourth(three)
        five = self.fifth(four)
        grow = nn.functional.interpolate
        four = self.join_four(self.side_four(four) + grow(five, scale_factor=2.0))
        three = self.join_three(self.side_three(three) + grow(four, scale_factor=2.0))
        four = four + self.back_four(three)
        five = five + self.back_five(four)
        out = []
        for level, seen in enumerate((three, four, five)):
            box = self.distances[level](self.where[level](seen))
            one = self.logits[level](self.what[level](seen))
            out.append(torch.cat([box, one], 1))
        return out


def centres(maps: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Middle of each cell in pixels (N, 2) and its stride (N, 1), as maps flattened in turn."""
    points, sizes = [], []
    for stride, one in zip(STRIDES, maps, strict=True):
        rows, columns = one.shape[-2:]
        y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        points.append((torch.stack([x, y], -1).reshape(-1, 2) + 0.5) * stride)
        sizes.append(torch.full((rows * columns, 1), float(stride)))
    return torch.cat(points), torch.cat(sizes)


def flatten(maps: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Raw distances (n, N, 4) and logits (n, N, classes)."""
    rows = torch.cat([one.flatten(2) for one in maps], 2).transpose(1, 2)
    return rows[..., :4], rows[..., 4:]


def corners(raw: Tensor, points: Tensor, strides: Tensor) -> Tensor:
    """Boxes left, top, right, bottom in pixels (…, N, 4)."""
    far = nn.functional.softplus(raw).clamp(max=LIMIT) * strides
    return torch.cat([points - far[..., :2], points + far[..., 2:]], -1)
