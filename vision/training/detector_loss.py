"""What the box detector should have said: task-aligned assignment, overlap and class losses.

Assignment after TOOD (Feng et al. 2021): of the cells inside an object, the ten whose own answer
fits it best learn it, as strongly as they fit. Box loss: CIoU (Zheng et al. 2020).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from vision.training.detector_data import Array
from vision.training.detector_network import centres, corners, flatten

BEST = 10
BOX_WEIGHT, CLASS_WEIGHT = 5.0, 1.0
RARITY = (2.0, 0.7, 1.5, 2.0, 1.0)
"""What an object of each class counts: vehicles are many, people and fires are what matters."""


def overlap(one: Tensor, other: Tensor, *, complete: bool = False) -> Tensor:
    """Intersection over union of boxes (…, 4); complete: CIoU."""
    low = torch.maximum(one[..., :2], other[..., :2])
    high = torch.minimum(one[..., 2:], other[..., 2:])
    common = (high - low).clamp(min=0).prod(-1)
    sides, others = one[..., 2:] - one[..., :2], other[..., 2:] - other[..., :2]
    union = sides.prod(-1) + others.prod(-1) - common + 1e-7
    share = common / union
    if not complete:
        return share
    around = torch.maximum(one[..., 2:], other[..., 2:]) - torch.minimum(
        one[..., :2], other[..., :2]
    )
    apart = ((one[..., :2] + one[..., 2:] - other[..., :2] - other[..., 2:]) ** 2).sum(-1) / 4
    tilt = torch.atan(others[..., 0] / (others[..., 1] + 1e-7))
    tilt = tilt - torch.atan(sides[..., 0] / (sides[..., 1] + 1e-7))
    shape = (4 / math.pi**2) * tilt**2
    with torch.no_grad():
        trade = shape / (shape - share + 1 + 1e-7)
    return share - apart / ((around**2).sum(-1) + 1e-7) - trade * shape


def padded(boxes: Sequence[Array]) -> Tensor:
    """Boxes of all pictures (n, most, 6); class -1 where there is none."""
    most = max(1, *(len(one) for one in boxes))
    out = torch.full((len(boxes), most, 6), -1.0)
    for row, one in enumerate(boxes):
        if len(one):
            out[row, : len(one)] = torch.from_numpy(one)
    return out


@torch.no_grad()
def assign(
    scores: Tensor, boxes: Tensor, points: Tensor, wanted: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Which cell learns which object.

    Args:
        scores: (n, N, classes) after the sigmoid.
        boxes: (n, N, 4) as the cells say now.
        points: (N, 2) middles of the cells.
        wanted: (n, M, 6) as `padded`, without those to be ignored.

    Returns:
        Whether a cell learns an object (n, N), which (n, N), how strongly (n, N), and the weight
        of the object (n, N).
    """
    there = wanted[..., 0] >= 0
    names = wanted[..., 0].clamp(min=0).long()
    target = wanted[..., 1:5]
    middle = (target[..., :2] + target[..., 2:]) / 2
    # A small object must own a cell: it is treated as at least 1.5 of the finest cells wide.
    half = ((target[..., 2:] - target[..., :2]) / 2).clamp(min=6.0)
    gap = (points[None, None] - middle[:, :, None]).abs()
    inside = ((gap < half[:, :, None]).all(-1)) & there[..., None]
    said = scores.gather(2, names[:, None, :].expand(-1, scores.shape[1], -1)).transpose(1, 2)
    fits = overlap(target[:, :, None], boxes[:, None]).clamp(min=0)
    # Before boxes fit, nearness decides.
    near = torch.exp(-(gap / half[:, :, None]).sum(-1)) * 1e-6
    metric = (said.sqrt() * fits**5 + near) * inside
    best = metric.topk(min(BEST, metric.shape[-1]), dim=-1)
    chosen = torch.zeros_like(metric, dtype=torch.bool)
    chosen.scatter_(2, best.indices, best.values > 0)
    # A cell wanted by several objects learns the one it overlaps most.
    quality = torch.where(chosen, fits + 1e-6 + near, torch.zeros(()))
    learns = chosen.any(1)
    which = quality.argmax(1)
    kept = chosen & (torch.arange(chosen.shape[1])[None, :, None] == which[:, None])
    strongest = (metric * kept).amax(-1, keepdim=True)
    finest = (fits * kept).amax(-1, keepdim=True)
    strength = (metric * kept / (strongest + 1e-12) * finest.clamp(min=0.05)).amax(1)
    weight = wanted[..., 5].clamp(min=0).gather(1, which)
    return learns, which, strength, weight


def losses(maps: list[Tensor], boxes: Sequence[Array]) -> tuple[Tensor, dict[str, float]]:
    """The loss of one batch and its parts for the log."""
    raw, logits = flatten([one.float() for one in maps])
    points, strides = centres(maps)
    answers = corners(raw, points, strides)
    every = padded(boxes)
    wanted = every.clone()
    wanted[..., 0] = torch.where(every[..., 5] > 0, every[..., 0], torch.full((), -1.0))
    learns, which, strength, weight = assign(
        logits.detach().sigmoid(), answers.detach(), points, wanted
    )
    rows = torch.arange(len(every))[:, None]
    truth = wanted[rows, which]
    names = truth[..., 0].clamp(min=0).long()
    weight = weight * torch.tensor(RARITY)[names]
    count = logits.shape[-1]
    target = functional.one_hot(names, count) * (strength * learns)[..., None]
    care = torch.where(learns[..., None], weight[..., None], torch.ones(()))
    care = torch.where(ignored(every, points, count) & ~learns[..., None], 0.0, care)
    care = care.expand(-1, -1, count)
    total = (target * care).sum().clamp(min=4.0)
    plain = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    naming = (plain * care).sum() / total
    force = (strength * weight)[learns]
    fit = 1 - overlap(answers[learns], truth[learns][..., 1:5], complete=True)
    placing = (fit * force).sum() / total
    loss = BOX_WEIGHT * placing + CLASS_WEIGHT * naming
    return loss, {
        "box": placing.item(),
        "class": naming.item(),
        "cells": learns.sum().item(),
    }


def ignored(every: Tensor, points: Tensor, classes: int) -> Tensor:
    """Cells (n, N, classes) in which a class is neither right nor wrong."""
    doubt = (every[..., 0] >= 0) & (every[..., 5] == 0)
    out = torch.zeros(len(every), len(points), classes, dtype=torch.bool)
    for picture, box in doubt.nonzero().tolist():
        label, left, top, right, bottom, _ = every[picture, box].tolist()
        cells = (points[:, 0] > left - 4) & (points[:, 0] < right + 4)
        cells &= (points[:, 1] > top - 4) & (points[:, 1] < bottom + 4)
        out[picture, cells, int(label)] = True
    return out
